import fc from 'fast-check';
import { expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { addressMax } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { evaluateExpression, parseExpression, type ExpressionScope } from '../../common/expression.ts';
import { PageState } from '../../common/page.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';
import { nearNames, resolve, type ResolveScope } from '../../native/resolve.ts';

const names = new Set(['libc.so.6', 'ld-linux-x86-64.so.2', 'libstdc++.so.6', '[heap]']);
const addresses = new Map([
  ['libc.so.6', 0x7000n],
  ['ld-linux-x86-64.so.2', 0x9000n],
  ['libstdc++.so.6', 0xb000n],
  ['[heap]', 0x5000n],
  ['a b', 0xd000n],
]);
const scope: ExpressionScope = {
  name: (name) => {
    const address = addresses.get(name);
    if (address === undefined) throw new MemoryError('Unmapped', name);
    return address;
  },
  pointer: (address) => Promise.resolve(address * 2n),
};

test.each([
  ['0x10', 0x10n],
  ['4096', 4096n],
  ['0xffffffffffffffff', addressMax],
  ['0x7fff_0000', 0x7fff0000n],
  ['00007fff`12345678', 0x7fff12345678n],
  ['7fff1234abcd', 0x7fff1234abcdn],
  ['[heap]+0x40', 0x5040n],
  ['[heap] + 64 - 1', 0x503fn],
  ['libc.so.6+0x1234', 0x8234n],
  ['ld-linux-x86-64.so.2+1', 0x9001n],
  ['libstdc++.so.6+1', 0xb001n],
  ['"a b"+1', 0xd001n],
  ['*0x10', 0x20n],
  ['**0x10', 0x40n],
  ['*(0x10+8)', 0x30n],
  ['*0x10+8', 0x28n],
  ['(1+(2+3))-4', 2n],
  ['  0x1  ', 1n],
] as const)('"%s" is an address', async (text, address) => {
  expect(await evaluateExpression(parseExpression(text, names), scope)).toBe(address);
});

test.each([
  ['', /Type one/],
  ['0x', /not a hexadecimal number/],
  ['0x10000000000000000', /past 2\^64/],
  ['0xffffffffffffffff+1', /past 2\^64/],
  ['1-2', /below zero/],
  ['1+', /ends where an address should follow/],
  ['(1', /closing bracket is missing/],
  ['1)', /should not follow/],
  ['1 2', /should not follow/],
  ['+1', /should stand where/],
  ['[heap', /not closed/],
  ['"x', /not closed/],
  ['*'.repeat(17) + '1', /more than 16 pointers/],
  ['('.repeat(100) + '1', /too many brackets/],
  ['1'.repeat(5000), /longer than/],
] as const)('"%.20s" is refused with a sentence', async (text, message) => {
  const outcome = await Promise.resolve()
    .then(() => evaluateExpression(parseExpression(text, names), scope))
    .catch((error: unknown) => error);
  expect(outcome).toMatchObject({ code: 'Invalid', message: saying(message) });
});

test('any text at all is an address, or is refused with a MemoryError', async () => {
  const pieces = fc.array(
    fc.constantFrom(
      '0x1',
      '7',
      '+',
      '-',
      '*',
      '(',
      ')',
      '[heap]',
      'libc.so.6',
      '"',
      ' ',
      '_',
      '\\',
      'é',
      '!',
      '[',
      ']',
    ),
    { maxLength: 12 },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        pieces.map((list) => list.join('')),
      ),
      async (text) => {
        try {
          const address = await evaluateExpression(parseExpression(text, names), scope);
          expect(address >= 0n && address <= addressMax).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(MemoryError);
        }
      },
    ),
    { numRuns: 1000 },
  );
});

const region = (start: bigint, name: string): Region => ({
  start,
  end: start + 0x1000n,
  access: 'rw-p',
  offset: 0n,
  device: '',
  inode: 0,
  name,
  kind: 'data',
});
const regions = [
  region(0x1000n, '/usr/bin/prog'),
  region(0x3000n, '/usr/bin/prog'),
  region(0x5000n, '[heap]'),
  region(0x7000n, '/usr/lib/libfoo-2.so'),
  region(0x9000n, '/opt/lib/libbar.so'),
  region(0xa000n, '/usr/lib/libbar.so'),
  region(0xc000n, '/tmp/Mixed'),
];
function resolveScope(pointerBytes: number, fill: (bytes: Uint8Array) => Uint8Array): ResolveScope {
  return { table: tableOfRegions(regions, 1), pointerBytes, read: (_, bytes) => fill(bytes) };
}
const eight = resolveScope(8, (bytes) => {
  bytes.set([0x10, 0x50, 0, 0, 0, 0, 0, 0].slice(0, bytes.length));
  return Uint8Array.of(PageState.readable);
});

test.each([
  ['prog', '0x1000', 'prog'],
  ['prog+0x2008', '0x3008', 'prog+0x2008'],
  ['/usr/bin/prog+8', '0x1008', 'prog+0x8'],
  ['libfoo-2.so+1', '0x7001', 'libfoo-2.so+0x1'],
  ['/opt/lib/libbar.so', '0x9000', '"/opt/lib/libbar.so"'],
  ['MIXED', '0xc000', 'Mixed'],
  ['[Heap]', '0x5000', '[heap]'],
  ['*0x1000', '0x5010', '[heap]+0x10'],
])('resolve(%s) is %s', async (expression, address, label) => {
  expect(await resolve(expression, eight)).toEqual({ address, label });
});

test('resolve() reads pointers of the target’s own size', async () => {
  const four = resolveScope(4, (bytes) => {
    expect(bytes).toHaveLength(4);
    bytes.set([0, 0x50, 0, 0]);
    return Uint8Array.of(PageState.readable);
  });
  expect(await resolve('*0x1000', four)).toMatchObject({ address: '0x5000' });
});

test.each([
  ['libbar.so', 'Invalid', /More than one.*"\/opt\/lib\/libbar.so" or "\/usr\/lib\/libbar.so"/],
  ['libfo-2.so', 'Unmapped', /Did you mean libfoo-2\.so/],
  ['xyzzy', 'Unmapped', /Nothing is called xyzzy here/],
  [
    '0x2000',
    'Unmapped',
    /Nothing is mapped at 0x2000.*prog \(0x1000 to 0x2000\) below, prog \(0x3000 to 0x4000\) above/,
  ],
  ['0xffffffffffffffff', 'Unmapped', /Mixed .* below/],
  ['*0xfffffffffffffffc', 'Invalid', /past 2\^64/],
] as const)('resolve(%s) is %s', async (expression, code, message) => {
  await expect(resolve(expression, eight)).rejects.toMatchObject({ code, message: saying(message) });
});

test('nearNames() gives the likeliest first', () => {
  expect(nearNames(['[heap]', '[stack]', 'libc.so.6', 'libm.so.6'], 'libc')).toEqual(['libc.so.6']);
  expect(nearNames(['[heap]', '[stack]'], '[heep]')).toEqual(['[heap]']);
  expect(nearNames(['[heap]', '[stack]'], 'zzzzzz')).toEqual([]);
});
