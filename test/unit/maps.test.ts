import fc from 'fast-check';
import { expect, test } from 'vitest';
import { regionKinds, tableOfRegions } from '../../common/region.ts';
import { parseMaps, parseMapsTable } from '../../native/linux/maps.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');

test('parseMaps() reads every field of a line', () => {
  expect(
    parseMaps(bytes('7f0c7a028000-7f0c7a1bd000 r-xp 00028000 fe:01 1835131                    /usr/lib/libc.so.6\n')),
  ).toEqual([
    {
      start: 0x7f0c7a028000n,
      end: 0x7f0c7a1bd000n,
      access: 'r-xp',
      offset: 0x28000n,
      device: 'fe:01',
      inode: 1835131,
      name: '/usr/lib/libc.so.6',
      kind: 'text',
    },
  ]);
});

test.each([
  ['[heap]', 'rw-p', 'heap'],
  ['[stack]', 'rw-p', 'stack'],
  ['[stack:123]', 'rw-p', 'stack'],
  ['', 'rw-p', 'anonymous'],
  ['', '---p', 'reserved'],
  ['/bin/x', 'r-xp', 'text'],
  ['/bin/x', 'r--p', 'rodata'],
  ['/bin/x', 'rw-p', 'data'],
  ['/bin/x (deleted)', 'r-xp', 'text'],
  ['/dev/shm/x', 'rw-s', 'shared'],
  ['', 'rw-s', 'shared'],
  ['[vdso]', 'r-xp', 'vdso'],
  ['[vvar]', 'r--p', 'vdso'],
  ['[vvar_vclock]', 'r--p', 'vdso'],
  ['[vsyscall]', '--xp', 'vdso'],
  ['[anon:glibc: malloc]', 'rw-p', 'named'],
  ['/anon_hugepage (deleted)', 'rw-p', 'anonymous'],
  ['/anon_hugepage (deleted)', 'rw-s', 'shared'],
  ['/dev/zero', 'rw-p', 'anonymous'],
] as const)('parseMaps() knows the kind of "%s" %s', (name, access, kind) => {
  const [region] = parseMaps(bytes(`1000-2000 ${access} 00000000 00:00 0 ${name === '' ? '' : `   ${name}`}\n`));
  expect(region).toMatchObject({ name, kind, access });
});

test('parseMaps() knows the stack of a thread by the guard below it', () => {
  const kinds = (text: string): string[] => {
    const parsed = parseMaps(bytes(text));
    const table = parseMapsTable(bytes(text), 1);
    expect([...table.kinds].map((kind) => regionKinds[kind])).toEqual(parsed.map(({ kind }) => kind));
    return parsed.map(({ kind }) => kind);
  };
  const line = (start: number, end: number, access: string): string =>
    `${start.toString(16)}000-${end.toString(16)}000 ${access} 00000000 00:00 0 \n`;
  expect(
    kinds(line(1, 2, '---p') + line(2, 0x802, 'rw-p') + line(0x802, 0x803, '---p') + line(0x803, 0x900, 'rw-p')),
  ).toEqual(['reserved', 'threadStack', 'reserved', 'threadStack']);
  // A gap, another access, a reservation that is far too large for a guard, and too little for a stack.
  expect(kinds(line(1, 2, '---p') + line(3, 0x803, 'rw-p'))).toEqual(['reserved', 'anonymous']);
  expect(kinds(line(1, 2, '---p') + line(2, 0x802, 'rwxp'))).toEqual(['reserved', 'anonymous']);
  expect(kinds(line(1, 0x100, '---p') + line(0x100, 0x802, 'rw-p'))).toEqual(['reserved', 'anonymous']);
  expect(kinds(line(1, 2, '---p') + line(2, 4, 'rw-p'))).toEqual(['reserved', 'anonymous']);
});

test('parseMaps() is exact at the end of the address space', () => {
  const [region] = parseMaps(
    bytes('ffffffffff600000-fffffffffffff000 --xp 00000000 00:00 0                  [vsyscall]\n'),
  );
  expect(region).toMatchObject({ start: 0xffff_ffff_ff60_0000n, end: 0xffff_ffff_ffff_f000n });
});

test('parseMaps() takes a newline out of its escape and bytes that are not UTF-8 as they come', () => {
  const line = Buffer.concat([
    bytes('1000-2000 r--p 00000000 00:00 5 /tmp/a\\012b '),
    Buffer.from([0xff, 0xfe]),
    bytes(' (deleted)\n'),
  ]);
  expect(parseMaps(line)[0]?.name).toBe('/tmp/a\nb \ufffd\ufffd (deleted)');
});

test('parseMaps() leaves out lines that make no sense and keeps the others', () => {
  const found = parseMaps(
    bytes('nonsense\n1000-2000 rw-p 0 00:00 0\n-\n2000-1000 rw-p 0 00:00 0\n\n3000-4000 rw-p 0 00:00 0'),
  );
  expect(found.map(({ start }) => start)).toEqual([0x1000n, 0x3000n]);
});

test('parseMaps() gives each page to one region, where a region grew while the file was read', () => {
  const found = parseMaps(bytes('1000-3000 rw-p 0 00:00 0 \n2000-5000 rw-p 0 00:00 0 \n4000-5000 rw-p 0 00:00 0 \n'));
  expect(found.map(({ start, end }) => [start, end])).toEqual([
    [0x1000n, 0x3000n],
    [0x3000n, 0x5000n],
  ]);
});

/** Names as a hostile file system has them; the kernel escapes newlines, and nothing else. */
const hostileName = fc
  .oneof(
    fc.constant(''),
    fc.constantFrom(
      '[heap]',
      '[stack]',
      '[vdso]',
      '[anon:x y]',
      '/a b (deleted)',
      '/a-b 7f-80 rw-p 0 00:00 0',
      '/\\',
      '/\\01',
      '/é/ü',
    ),
    fc.string({ unit: 'binary', maxLength: 40 }).map((text) => `/${Buffer.from(text).toString()}`),
  )
  // The kernel cannot tell a backslash that was typed from its own escape, and neither can we.
  .map((name) => name.replaceAll('\0', '').replaceAll('\\012', ''));

const hostileRegion = fc.record({
  gap: fc.nat({ max: 2 ** 20 }),
  pages: fc.integer({ min: 1, max: 2 ** 24 }),
  access: fc
    .tuple(fc.constantFrom('r', '-'), fc.constantFrom('w', '-'), fc.constantFrom('x', '-'), fc.constantFrom('p', 's'))
    .map((bits) => bits.join('')),
  offset: fc.nat({ max: 2 ** 30 }),
  inode: fc.nat(),
  name: hostileName,
});

test('parseMaps() and parseMapsTable() give back any regions with hostile names', () => {
  fc.assert(
    fc.property(fc.array(hostileRegion, { maxLength: 30 }), fc.bigInt({ min: 0n, max: 2n ** 51n }), (drawn, first) => {
      let page = first;
      let text = '';
      const expected = drawn.map(({ gap, pages, access, offset, inode, name }) => {
        const start = (page + BigInt(gap)) << 12n;
        const end = start + (BigInt(pages) << 12n);
        page = end >> 12n;
        const fixed = `${start.toString(16).padStart(8, '0')}-${end.toString(16).padStart(8, '0')} ${access} ${(BigInt(offset) << 12n).toString(16).padStart(8, '0')} 08:01 ${inode} `;
        text += `${name === '' ? fixed : fixed.padEnd(73) + name.replaceAll('\n', '\\012')}\n`;
        return { start, end, access, offset: BigInt(offset) << 12n, device: '08:01', inode, name };
      });
      const found = parseMaps(bytes(text));
      expect(found.map(({ kind, ...region }) => (expect(regionKinds).toContain(kind), region))).toEqual(expected);
      expect(parseMapsTable(bytes(text), 3)).toEqual(tableOfRegions(found, 3));
    }),
  );
});

test('parseMaps() takes any bytes at all, and what it finds ascends', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc
          .string({ unit: fc.constantFrom(...'0123456789abcdef- rwxps:\n[]/\\'), maxLength: 300 })
          .map((text) => new Uint8Array(bytes(text))),
      ),
      (noise) => {
        let last = 0n;
        for (const { start, end } of parseMaps(noise)) {
          expect(start).toBeGreaterThanOrEqual(last);
          expect(end).toBeGreaterThan(start);
          last = end;
        }
      },
    ),
  );
});
