import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { symbolNameBytesMax } from '../../common/limits.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';
import { debugFileOf } from '../../native/elf/debugFile.ts';
import { readElf, type Elf } from '../../native/elf/elf.ts';
import { readImage, type Image } from '../../native/elf/image.ts';
import { inSlices } from '../../native/elf/inSlices.ts';
import { placementsOf } from '../../native/elf/placement.ts';
import { namesLike, placesOf, symbolAt } from '../../native/elf/symbolTable.ts';
import { createSymbols } from '../../native/symbols.ts';
import { saying } from '../saying.ts';
import { arraySource, data, elfFile, text, type ElfOptions } from './elfFile.ts';

function outcomeOf(bytes: Uint8Array): Image | string {
  const steps = readImage(arraySource(bytes), []);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function imageOf(options: ElfOptions): Image {
  const image = outcomeOf(elfFile(options));
  if (typeof image === 'string') throw new Error(image);
  return image;
}

/** A name that a place has means it alone. */
function readsBack({ symbols }: Image, place: number): void {
  const found = symbolAt(symbols, place);
  if (found !== undefined) expect(placesOf(symbols, found.name)).toEqual([found.place]);
}

/** `name+offset` of the symbol at a place. */
function at({ symbols }: Image, place: number): string | undefined {
  const found = symbolAt(symbols, place);
  return found && `${found.name}+${place - found.place}`;
}

describe.each([
  [64, 0n],
  [64, 0x40_0000n],
  [64, 0xffff_ff00_0000_0000n],
  [32, 0n],
  [32, 0x804_8000n],
] as const)('in an image of %i bits that is linked for %s', (bits, base) => {
  test('symbolAt() gives the innermost symbol that holds a place', () => {
    const image = imageOf({
      bits,
      base,
      symbols: [
        { name: 'outer', value: 0x1100, size: 0x100 },
        { name: 'inner', value: 0x1120, size: 0x10 },
        { name: 'apart', value: 0x1300, size: 8 },
        { name: 'table', value: 0x2010, size: 0x20, type: 1, section: data },
      ],
    });
    expect([0x10ff, 0x1100, 0x111f, 0x1120, 0x112f, 0x1130, 0x11ff, 0x1200].map((place) => at(image, place))).toEqual([
      undefined,
      'outer+0',
      'outer+31',
      'inner+0',
      'inner+15',
      'outer+48',
      'outer+255',
      undefined,
    ]);
    expect([0x1307, 0x1308, 0x202f, 0x2030, 0x3fff].map((place) => at(image, place))).toEqual([
      'apart+7',
      undefined,
      'table+31',
      undefined,
      undefined,
    ]);
  });
});

test('symbolAt() lets a symbol without a size reach to the next one, and not out of its section', () => {
  const image = imageOf({
    symbols: [
      { name: 'first', value: 0x1e00, type: 0 },
      { name: 'second', value: 0x1f00, type: 0, binding: 0 },
      { name: '_end', value: 0x2800, type: 0, section: data },
      { name: 'unsized', value: 0x2900, type: 1, section: data },
    ],
  });
  expect([0x1e00, 0x1eff, 0x1f00, 0x1fff, 0x2000].map((place) => at(image, place))).toEqual([
    'first+0',
    'first+255',
    'second+0',
    'second+255',
    undefined,
  ]);
  // Names that the linker makes are of one address; the zeros after the data are of no section here.
  expect([0x2800, 0x2801, 0x2900, 0x2fff, 0x3000].map((place) => at(image, place))).toEqual([
    '_end+0',
    undefined,
    'unsized+0',
    'unsized+1791',
    undefined,
  ]);
});

test('symbolAt() gives nothing between the end of a symbol with a size and the next one', () => {
  const image = imageOf({
    symbols: [
      { name: 'label', value: 0x1100, type: 0 },
      { name: 'sized', value: 0x1200, size: 8 },
      { name: 'next', value: 0x1300, size: 8 },
    ],
  });
  expect([0x11ff, 0x1207, 0x1208, 0x1300].map((place) => at(image, place))).toEqual([
    'label+255',
    'sized+7',
    undefined,
    'next+0',
  ]);
});

test('symbolAt() prefers a symbol with a size to a label inside it', () => {
  const image = imageOf({
    symbols: [
      { name: 'whole', value: 0x1100, size: 0x40 },
      { name: 'label', value: 0x1110, type: 0 },
    ],
  });
  expect(at(image, 0x1120)).toBe('whole+32');
  expect(at(image, 0x1150)).toBe('label+64');
});

test('symbolAt() gives the best of several names, in whatever order the file has them', () => {
  const names = [
    { name: '__libc_thing', value: 0x1100, size: 16 },
    { name: 'thing', value: 0x1100, size: 16, binding: 2 },
    { name: 'thing_impl', value: 0x1100, size: 16, binding: 2 },
    { name: 'thing_implementation', value: 0x1100, size: 16 },
    { name: 'a', value: 0x1100, size: 16, binding: 0 },
    { name: 'b', value: 0x1100, type: 0 },
    { name: 'c@OLD_1', value: 0x1100, size: 16 },
  ];
  for (const symbols of [names, names.toReversed()])
    expect(at(imageOf({ symbols }), 0x1108)).toBe('thing_implementation+8');
  const without = (...left: string[]): string | undefined =>
    at(imageOf({ symbols: names.filter(({ name }) => !left.includes(name)) }), 0x1100);
  const worse = ['thing_implementation', 'thing', 'thing_impl', '__libc_thing', 'c@OLD_1', 'a', 'b'];
  worse.forEach((name, i) => expect(without(...worse.slice(0, i))).toBe(`${name.replace(/@.*/, '')}+0`));
});

test('what is no place of a program is left out', () => {
  const image = imageOf({
    symbols: [
      { name: 'good', value: 0x1000, size: 1 },
      { name: 'undefined', value: 0x1100, size: 8, section: 0 },
      { name: 'absolute', value: 0x1100, size: 8, section: 0xfff1 },
      { name: 'common', value: 0x1100, size: 8, section: 0xfff2 },
      { name: 'thread', value: 0x1100, size: 8, type: 6 },
      { name: 'section', value: 0x1100, size: 8, type: 3 },
      { name: 'file', value: 0x1100, size: 8, type: 4 },
      { name: 'debugging', value: 0x1100, size: 8, section: 3 },
      { name: 'nowhere', value: 0x1100, size: 8, section: 99 },
      { name: 'outside', value: 0x5000, size: 8 },
      { name: 'below', value: -8, size: 64 },
      { name: '$x', value: 0x1100, type: 0, binding: 0 },
      { name: '.L12', value: 0x1100, type: 0, binding: 0 },
      { name: '', value: 0x1100, size: 8 },
    ],
  });
  expect([...image.symbols.places]).toEqual([0x1000]);
  expect(at(image, 0x1000)).toBe('good+0');
});

test('a symbol past what 16 bits can number of sections counts', () => {
  const image = imageOf({ symbols: [{ name: 'far', value: 0x1100, size: 8, section: 0xffff }] });
  expect(at(image, 0x1104)).toBe('far+4');
});

test('a Thumb function begins before the bit that marks it', () => {
  const symbols = [{ name: 'thumb', value: 0x1101, size: 8 }];
  expect(at(imageOf({ bits: 32, machine: 40, symbols }), 0x1100)).toBe('thumb+0');
  expect(at(imageOf({ bits: 32, symbols }), 0x1100)).toBeUndefined();
});

test('placesOf() finds a name by all of it, without its version, and the current version first', () => {
  const image = imageOf({
    symbols: [
      { name: 'memcpy@@NEW_2', value: 0x1200, size: 8 },
      { name: 'memcpy@OLD_1', value: 0x1100, size: 8 },
      { name: 'memcpy_chk', value: 0x1300, size: 8 },
      { name: 'count', value: 0x1400, size: 8, binding: 0 },
      { name: 'count', value: 0x1500, size: 8, binding: 0 },
      { name: 'shared', value: 0x1600, size: 8, binding: 0 },
      { name: 'shared', value: 0x1700, size: 8, binding: 1 },
      { name: 'seen', value: 0x1900, size: 8, binding: 1 },
      { name: 'seen', value: 0x1a00, size: 8, binding: 0 },
      { name: 'наме', value: 0x1800, size: 8 },
    ],
  });
  const places = (name: string): number[] => placesOf(image.symbols, name);
  expect(places('memcpy')).toEqual([0x1200]);
  expect(places('memcp')).toEqual([]);
  expect(places('count')).toEqual([0x1400, 0x1500]);
  expect(places('shared')).toEqual([0x1700]);
  expect(places('seen')).toEqual([0x1900]);
  expect(places('наме')).toEqual([0x1800]);
  expect(places('')).toEqual([]);
});

test('symbolAt() gives only names that mean the place and no other', () => {
  const image = imageOf({
    symbols: [
      { name: 'memcpy@@NEW_2', value: 0x1200, size: 8 },
      { name: 'memcpy@OLD_1', value: 0x1100, size: 8 },
      { name: 'memmove@OLD_1', value: 0x1100, size: 8 },
      { name: 'only@OLD_1', value: 0x1300, size: 8 },
      { name: 'count', value: 0x1400, size: 8, binding: 0 },
      { name: 'count', value: 0x1500, size: 8 },
      { name: 'helper', value: 0x1600, size: 8, binding: 0 },
      { name: 'helper', value: 0x1700, size: 8, binding: 0 },
      { name: '_helper_of_another_name', value: 0x1700, size: 8, binding: 0 },
      { name: 'soft', value: 0x1800, size: 8, binding: 2 },
      { name: 'soft', value: 0x1900, size: 8 },
      // Both tables of a file may have it.
      { name: 'twice', value: 0x1a00, size: 8 },
      { name: 'twice', value: 0x1a00, size: 8, binding: 0 },
    ],
  });
  for (const [place, name] of [
    [0x1204, 'memcpy+4'],
    [0x1104, 'memmove+4'],
    [0x1304, 'only+4'],
    [0x1404, undefined],
    [0x1504, 'count+4'],
    [0x1604, undefined],
    [0x1704, '_helper_of_another_name+4'],
    [0x1804, undefined],
    [0x1904, 'soft+4'],
    [0x1a04, 'twice+4'],
  ] as const)
    expect(at(image, place), place.toString(16)).toBe(name);
});

test('a name in bytes that are not UTF-8 is not given, for nobody can type it', () => {
  const bytes = elfFile({ symbols: [{ name: 'broken', value: 0x1100, size: 8 }] });
  bytes[Buffer.from(bytes.buffer).indexOf('broken')] = 0xff;
  const image = outcomeOf(bytes);
  if (typeof image === 'string') throw new Error(image);
  expect(image.symbols.places).toHaveLength(1);
  expect(at(image, 0x1100)).toBeUndefined();
});

test('symbolAt() and placesOf() agree on any names', () => {
  const symbol = fc.record({
    name: fc.constantFrom('a', 'b', 'c', 'a@V_1', 'a@@V_2', 'b@V_1', '@', 'a'.repeat(symbolNameBytesMax), '\u00e4'),
    value: fc.integer({ min: 0x1100, max: 0x1108 }),
    size: fc.constantFrom(1, 4),
    type: fc.constantFrom(0, 1, 2),
    binding: fc.constantFrom(0, 1, 2),
  });
  fc.assert(
    fc.property(fc.array(symbol, { maxLength: 8 }), (symbols) => {
      const image = imageOf({ symbols });
      for (let place = 0x1100; place < 0x1110; place++) readsBack(image, place);
      for (const name of 'abc\u00e4') {
        const [place, ...others] = placesOf(image.symbols, name);
        if (place !== undefined && others.length === 0) expect(symbolAt(image.symbols, place)?.place).toBe(place);
      }
    }),
  );
});

test('the table of versions tells an old dynamic symbol from the current one', () => {
  const image = imageOf({
    dynamic: [
      { name: 'memcpy', value: 0x1100, size: 8, version: 0x8002 },
      { name: 'memcpy', value: 0x1200, size: 8, version: 3 },
    ],
  });
  expect(placesOf(image.symbols, 'memcpy')).toEqual([0x1200]);
  expect(image.isStripped).toBe(true);
});

test('names of both tables count; a file with a table of its own is not stripped', () => {
  const image = imageOf({
    symbols: [{ name: 'own', value: 0x1100, size: 8, binding: 0 }],
    dynamic: [{ name: 'exported', value: 0x1200, size: 8 }],
  });
  expect([at(image, 0x1100), at(image, 0x1200), image.isStripped]).toEqual(['own+0', 'exported+0', false]);
});

test('a name longer than an expression can be is neither given nor found', () => {
  const long = 'x'.repeat(symbolNameBytesMax + 1);
  const image = imageOf({ symbols: [{ name: long, value: 0x1100, size: 8 }] });
  expect(at(image, 0x1100)).toBeUndefined();
  expect(placesOf(image.symbols, long)).toEqual([]);
});

test('namesLike() gives names of about that length that begin so', () => {
  const image = imageOf({
    symbols: ['malloc', 'mall', 'mallinfo2', 'free', 'm'].map((name, i) => ({ name, value: 0x1100 + i * 16, size: 8 })),
  });
  expect(namesLike(image.symbols, 'mallok', 9)).toEqual(['malloc', 'mall', 'mallinfo2']);
  expect(namesLike(image.symbols, 'mallok', 2)).toHaveLength(2);
});

test('readElf() reads the build id, which names the debug file', () => {
  const { elf } = imageOf({ buildId: '0123456789abcdef' });
  expect(elf.buildId).toBe('0123456789abcdef');
  expect(debugFileOf(elf.buildId!)).toBe('/usr/lib/debug/.build-id/01/23456789abcdef.debug');
});

/** A file whose last segment takes so much memory. */
function withMemory(memoryBytes: number): Uint8Array {
  const bytes = elfFile({});
  new DataView(bytes.buffer).setBigUint64(64 + 2 * 56 + 40, BigInt(memoryBytes), true);
  return bytes;
}

test.each([
  ['an empty file', new Uint8Array(0), /not an ELF file/],
  ['a text', Buffer.from('#!/bin/sh\n'.repeat(20)), /not an ELF file/],
  ['only a magic number', Buffer.from('\x7fELF', 'latin1'), /not an ELF file/],
  ['big-endian', elfFile({ bigEndian: true }), /big-endian/],
  ['an object file', elfFile({ type: 1 }), /neither a program nor a library/],
  ['a core file', elfFile({ type: 4 }), /neither a program nor a library/],
  ['a terabyte of zeros', withMemory(2 ** 40), /more than 1099511627776 bytes of memory/],
  ['a header alone', elfFile({}).slice(0, 64), /nothing to load/],
])('readElf() refuses %s with a reason', (_, bytes, reason) => {
  expect(readElf(arraySource(bytes))).toEqual(saying(reason));
});

test.each([
  [64, 'section', 58, 2048, 60_000],
  [32, 'section', 46, 2048, 60_000],
  [64, 'section', 58, 65, 10],
  [64, 'program', 54, 65_535, 1000],
  [32, 'program', 42, 65_535, 1000],
  [64, 'program', 54, 57, 3],
] as const)(
  'readElf() of a file of %i bits takes no %s headers of another length than they have (at %i: %i bytes, %i of them)',
  (bits, what, at, entryBytes, count) => {
    const bytes = elfFile({ bits, symbols: [{ name: 'malloc', value: 0x1100 }] });
    const view = new DataView(bytes.buffer);
    view.setUint16(at, entryBytes, true);
    view.setUint16(at + 2, count, true);
    let most = 0;
    // A sparse file, whose holes cost nobody anything.
    const elf = readElf({
      length: 2 ** 40,
      read(offset, into) {
        most = Math.max(most, into.length);
        into.set(bytes.subarray(offset, offset + into.length));
        return true;
      },
    });
    if (what === 'program') expect(elf).toMatch(/nothing to load/);
    else expect(elf).toMatchObject({ sections: [] });
    expect(most).toBeLessThanOrEqual(1024);
  },
);

/** Everything that is done with an image, at a few places. */
function exercise(bytes: Uint8Array): void {
  const image = outcomeOf(bytes);
  if (typeof image === 'string') return;
  for (const place of [0, 0x1100, 0x1fff, 0x2000, 0x3fff, 2 ** 39]) symbolAt(image.symbols, place);
  placesOf(image.symbols, 'malloc');
  namesLike(image.symbols, 'mallok', 10);
  placementsOf(image.elf, [mapping(0x7000_0000n, 0n, 'r--p'), mapping(0x7000_1000n, 0x1000n, 'r-xp')], 4096);
  expect(image.symbols.places.toSorted()).toEqual(image.symbols.places);
  for (const place of image.symbols.places) readsBack(image, place);
}

test('inSlices() lets others have their turn, and stops when nobody wants the result', async () => {
  let ended = 0;
  function* work(steps: number): Generator<void, string> {
    try {
      for (let i = 0; i < steps; i++) {
        for (const endMs = performance.now() + 2; performance.now() < endMs;);
        yield;
      }
      return 'done';
    } finally {
      ended++;
    }
  }
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  expect(await inSlices(work(40), () => true)).toBe('done');
  clearInterval(timer);
  expect(turns).toBeGreaterThanOrEqual(5);
  await expect(inSlices(work(1000), () => false)).rejects.toMatchObject({ code: 'Cancelled' });
  expect(ended).toBe(2);
});

test('files() has the program first and what the kernel maps last', async () => {
  const names = ['/bin/loader', '/bin/loader', '[vdso]', '/bin/program', '[heap]', '/lib/a.so', ''];
  const regions = names.map((name, i) => ({ ...mapping(BigInt(i) << 16n, 0n, 'r--p'), name }));
  const symbols = createSymbols({
    pid: 1,
    facts: { executable: '/bin/program' },
    table: tableOfRegions(regions, 1),
    regions: () => Promise.resolve(regions),
    readIntoSync: () => ({ unreadable: [] }),
  });
  expect(await symbols.files()).toEqual(['/bin/program', '/bin/loader', '/lib/a.so', '[vdso]']);
});

function mapping(start: bigint, offset: bigint, access: string, bytes = 0x1000n): Region {
  return { start, end: start + bytes, access, offset, device: '00:00', inode: 1, name: '/lib/x.so', kind: 'text' };
}

const whole = (bits: 32 | 64): Uint8Array<ArrayBuffer> =>
  elfFile({
    bits,
    buildId: '0123456789abcdef',
    symbols: [
      { name: 'malloc', value: 0x1100, size: 0x40 },
      { name: 'label', value: 0x1200, type: 0 },
      { name: 'table', value: 0x2000, size: 0x100, type: 1, section: data },
    ],
    dynamic: [{ name: 'malloc', value: 0x1100, size: 0x40, section: text }],
  });

test.each([32, 64] as const)('a file of %i bits that is cut off anywhere never throws', (bits) => {
  const bytes = whole(bits);
  for (let length = 0; length < bytes.length; length += length < 0x100 || length >= 0x3000 ? 1 : 64)
    exercise(bytes.subarray(0, length));
});

test.each([32, 64] as const)('a file of %i bits with any bytes changed never throws, and never is unsorted', (bits) => {
  const bytes = whole(bits);
  // What is loaded is not read; everything else is.
  const place = fc.oneof(fc.nat(0xff), fc.integer({ min: 0x3000, max: bytes.length - 1 }));
  const value = fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255));
  fc.assert(
    fc.property(fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 12 }), (changes) => {
      const broken = bytes.slice();
      for (const [where, byte] of changes) broken[where] = byte;
      exercise(broken);
    }),
    { numRuns: 3000 },
  );
});

describe('placementsOf()', () => {
  const { elf } = imageOf({ symbols: [] });
  const copy = (base: bigint): Region[] => [
    mapping(base, 0n, 'r--p'),
    mapping(base + 0x1000n, 0x1000n, 'r-xp'),
    mapping(base + 0x2000n, 0x2000n, 'rw-p'),
  ];
  const bases = (file: Elf, regions: Region[], pageSize = 4096): bigint[] =>
    placementsOf(file, regions, pageSize).map(({ base }) => base);

  test('finds each copy that is loaded', () => {
    expect(bases(elf, [...copy(0x7000_0000n), ...copy(0x7100_0000n)])).toEqual([0x7000_0000n, 0x7100_0000n]);
  });

  test('finds no image where the file is mapped as data', () => {
    expect(bases(elf, [mapping(0x7000_0000n, 0n, 'r--p', 0x4000n)])).toEqual([]);
  });

  test('leaves out what the loader keeps without access', () => {
    expect(bases(elf, [mapping(0x7000_5000n, 0x1000n, '---p')])).toEqual([]);
  });

  test('a fixed program is where it was linked for, and nowhere else', () => {
    const fixed = imageOf({ type: 2, base: 0x40_0000n, symbols: [] }).elf;
    expect(bases(fixed, copy(0x40_0000n))).toEqual([0x40_0000n]);
    expect(bases(fixed, copy(0x7000_0000n))).toEqual([]);
  });

  test('a page that two segments share is placed where the others are', () => {
    // As ld lays it out: the last page of what is read-only is the first of what is writable, and both are mapped.
    const shared: Elf = {
      ...elf,
      segments: [
        { place: 0, memoryBytes: 0x1000, offset: 0, fileBytes: 0x1000, flags: 5 },
        { place: 0x1000, memoryBytes: 0x800, offset: 0x1000, fileBytes: 0x800, flags: 4 },
        { place: 0x2800, memoryBytes: 0x1800, offset: 0x1800, fileBytes: 0x1800, flags: 6 },
      ],
    };
    const regions = [
      mapping(0x7000_0000n, 0n, 'r-xp'),
      mapping(0x7000_1000n, 0x1000n, 'r--p'),
      // The beginning of the writable part, made read-only after relocation.
      mapping(0x7000_2000n, 0x1000n, 'r--p'),
      mapping(0x7000_3000n, 0x2000n, 'rw-p'),
    ];
    expect(placementsOf(shared, regions, 4096)).toEqual([{ base: 0x7000_0000n, regions }]);
  });

  test('pages of 64 KiB begin before the segment that they hold', () => {
    const large: Elf = {
      ...elf,
      segments: [
        { place: 0, memoryBytes: 0x1_2345, offset: 0, fileBytes: 0x1_2345, flags: 5 },
        { place: 0x2_f000, memoryBytes: 0x2000, offset: 0x1_f000, fileBytes: 0x1800, flags: 6 },
      ],
    };
    const regions = [mapping(0x7000_0000n, 0n, 'r-xp', 0x2_0000n), mapping(0x7002_0000n, 0x1_0000n, 'rw-p', 0x2_0000n)];
    expect(bases(large, regions, 65536)).toEqual([0x7000_0000n]);
  });
});
