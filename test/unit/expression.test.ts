import fc from 'fast-check';
import { expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { addressMax } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { evaluateExpression, parseExpression, printSymbol, type ExpressionScope } from '../../common/expression.ts';
import { PageState } from '../../common/page.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';
import { nearNames } from '../../common/nearNames.ts';
import { resolve, type ResolveScope } from '../../native/resolve.ts';
import type { SymbolFinding } from '../../native/symbols.ts';

const names = new Set(['libc.so.6', 'ld-linux-x86-64.so.2', 'libstdc++.so.6', '[heap]']);
const addresses = new Map([
  ['libc.so.6', 0x7000n],
  ['ld-linux-x86-64.so.2', 0x9000n],
  ['libstdc++.so.6', 0xb000n],
  ['[heap]', 0x5000n],
  ['a b', 0xd000n],
]);
const symbols = new Map([
  ['libc.so.6 malloc', 0x7100n],
  [' main', 0x1100n],
  ['libstdc++.so.6 _ZNSt3fooEv', 0xb100n],
  ['a b main.(*T).f', 0xd100n],
  ['[vdso] time', 0xe100n],
  ['0x10 0x10', 0xf100n],
  ['libc.so.6 a.b$c@2', 0x7200n],
]);
const scope: ExpressionScope = {
  name: (name) => {
    const address = addresses.get(name);
    if (address === undefined) throw new MemoryError('Unmapped', name);
    return address;
  },
  symbol: (file, symbol) => {
    const address = symbols.get(`${file ?? ''} ${symbol}`);
    if (address === undefined) throw new MemoryError('Unmapped', symbol);
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
  ['libc.so.6!malloc', 0x7100n],
  ['libc.so.6 ! malloc + 0x10', 0x7110n],
  ['libc.so.6!malloc-1', 0x70ffn],
  ['libc.so.6!"malloc"', 0x7100n],
  ['libc.so.6!a.b$c@2', 0x7200n],
  ['!main', 0x1100n],
  ['!main+8', 0x1108n],
  ['0x10+!main', 0x1110n],
  ['*!main', 0x2200n],
  ['*libc.so.6!malloc+8', 0xe208n],
  ['*(libc.so.6!malloc+8)', 0xe210n],
  ['libstdc++.so.6!_ZNSt3fooEv+1', 0xb101n],
  ['"a b"!"main.(*T).f"', 0xd100n],
  ['[vdso]!time', 0xe100n],
  ['0x10!0x10', 0xf100n],
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
  ['!', /symbol should follow/],
  ['libc.so.6!', /symbol should follow/],
  ['libc.so.6!+1', /symbol should follow/],
  ['libc.so.6!!malloc', /symbol should follow/],
  ['libc.so.6!malloc!free', /should not follow/],
  ['(libc.so.6)!malloc', /should not follow/],
  ['libc.so.6!"malloc', /not closed/],
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
const finding = (...addresses: bigint[]): SymbolFinding => ({ addresses, isStripped: false });
/** Symbols of files by their full names. */
const findings = new Map<string, SymbolFinding>([
  ['/usr/bin/prog main', finding(0x1100n)],
  ['/usr/bin/prog both', finding(0x1200n)],
  ['/opt/lib/libbar.so both', finding(0x9200n)],
  ['/opt/lib/libbar.so few', finding(0x9300n)],
  ['/usr/lib/libbar.so few', finding(0xa300n)],
  ['/tmp/Mixed one', finding(0xc100n)],
  ['/tmp/Mixed twice', finding(0xc100n, 0xc200n)],
  ['/usr/lib/libfoo-2.so', { addresses: [], isStripped: false, reason: 'It is broken.' }],
  ['/tmp/Mixed', { addresses: [], isStripped: true, buildId: '012345' }],
]);
const someSymbols: ResolveScope['symbols'] = {
  find: (file, symbol) => Promise.resolve(findings.get(`${file} ${symbol}`) ?? findings.get(file) ?? finding()),
  like: (file) => Promise.resolve(file === '/usr/bin/prog' ? ['main', 'mainly', 'free'] : []),
  files: () => Promise.resolve([...new Set(regions.map(({ name }) => name))].filter((name) => name.startsWith('/'))),
};
function resolveScope(pointerBytes: number, fill: (bytes: Uint8Array) => Uint8Array): ResolveScope {
  return { table: tableOfRegions(regions, 1), pointerBytes, symbols: someSymbols, read: (_, bytes) => fill(bytes) };
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
  ['prog!main', '0x1100', 'prog+0x100'],
  ['PROG!main+8', '0x1108', 'prog+0x108'],
  ['*prog!main', '0x5010', '[heap]+0x10'],
  ['"/opt/lib/libbar.so"!few', '0x9300', '"/opt/lib/libbar.so"+0x300'],
  ['!both', '0x1200', 'prog+0x200'],
  ['!one', '0xc100', 'Mixed+0x100'],
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
  ['prog!man', 'Unmapped', /^prog has no symbol "man"\. Did you mean main\?$/],
  ['Mixed!man', 'Unmapped', /^Mixed has no symbol "man"\. It is stripped.*\/\.build-id\/01\/2345\.debug\.$/],
  ['Mixed!twice', 'Invalid', /There are 2 of Mixed!twice.*0xc100 or 0xc200/],
  ['libfoo-2.so!x', 'Unsupported', /libfoo-2\.so cannot be had\. It is broken\..*libfoo-2\.so\+0x1234/],
  ['[heap]!x', 'Invalid', /\[heap\] is not a file.*\[heap\]\+0x40/],
  ['libbar.so!few', 'Invalid', /More than one is called libbar\.so/],
  ['nothing!x', 'Unmapped', /Nothing is called nothing/],
  ['!few', 'Invalid', /Write "\/opt\/lib\/libbar\.so"!few or "\/usr\/lib\/libbar\.so"!few\./],
  ['!xyzzy', 'Unmapped', /No file here has a symbol "xyzzy"\. Write it as nm prints it/],
  ['!mainy', 'Unmapped', /Did you mean main, mainly\?/],
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

test('printSymbol() prints what an expression reads back, whatever characters a symbol has', async () => {
  expect(printSymbol('libc.so.6', 'malloc', 0n)).toBe('libc.so.6!malloc');
  expect(printSymbol('"/a b/c"', 'operator new(unsigned long)', 16n)).toBe(
    '"/a b/c"!"operator new(unsigned long)"+0x10',
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ minLength: 1 }), fc.nat(0xffff), async (name, offset) => {
      const found = await evaluateExpression(parseExpression(printSymbol('libc.so.6', name, BigInt(offset)), names), {
        ...scope,
        symbol: (file, symbol) => {
          expect([file, symbol]).toEqual(['libc.so.6', name]);
          return 0x1000n;
        },
      });
      expect(found).toBe(0x1000n + BigInt(offset));
    }),
  );
});

test('nearNames() gives the likeliest first', () => {
  expect(nearNames(['[heap]', '[stack]', 'libc.so.6', 'libm.so.6'], 'libc')).toEqual(['libc.so.6']);
  expect(nearNames(['[heap]', '[stack]'], '[heep]')).toEqual(['[heap]']);
  expect(nearNames(['[heap]', '[stack]'], 'zzzzzz')).toEqual([]);
});
