import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../../common/page.ts';
import { tableOfRegions, type RegionKind, type RegionTable } from '../../common/region.ts';
import { compareTables } from '../../common/regionChanges.ts';
import { relocate } from '../../common/relocate.ts';
import { region } from '../region.ts';

type Row = readonly [start: number, end: number, access: string, name: string, kind: RegionKind];

function table(rows: readonly Row[], version = 1): RegionTable {
  return tableOfRegions(
    rows.map(([start, end, access, name, kind]) => region(start, end - start, name, access, kind)),
    version,
  );
}

const app = '/usr/bin/app';
const program = (base: number, heap: number, stackEnd: number, stackPages: number): RegionTable =>
  table([
    [base, base + 2, 'r--p', app, 'rodata'],
    [base + 2, base + 5, 'r-xp', app, 'text'],
    [base + 5, base + 6, 'rw-p', app, 'data'],
    [base + 6, base + 8, 'rw-p', '', 'anonymous'],
    [heap, heap + 33, 'rw-p', '[heap]', 'heap'],
    [heap + 1000, heap + 1002, 'rw-p', '', 'anonymous'],
    [stackEnd - stackPages, stackEnd, 'rw-p', '[stack]', 'stack'],
  ]);

describe('relocate', () => {
  const before = program(0x100, 0x900, 0x8000, 33);
  const after = program(0x4400, 0x7000, 0x20000, 40);
  const at = (page: number, offset = 0): bigint => BigInt(page * pageBytes + offset);

  it.each([
    ['code', at(0x103, 7), at(0x4403, 7)],
    ['data', at(0x105, 0x10), at(0x4405, 0x10)],
    ['what follows the file without a name', at(0x107, 9), at(0x4407, 9)],
    ['the heap', at(0x920, 4095), at(0x7020, 4095)],
    ['the stack, from its end', at(0x7fff, 16), at(0x1ffff, 16)],
  ])('finds %s again', (_, address, expected) => {
    expect(relocate(before, address, after)).toBe(expected);
    expect(relocate(after, expected, before)).toBe(address);
  });

  it('finds nothing for anonymous memory, for what is not mapped, and beyond what is there now', () => {
    expect(relocate(before, at(0x900 + 1000), after)).toBeUndefined();
    expect(relocate(before, at(0x200), after)).toBeUndefined();
    const shorter = table([[0x50, 0x60, 'rw-p', '[heap]', 'heap']]);
    expect(relocate(before, at(0x90f), shorter)).toBe(at(0x5f));
    expect(relocate(before, at(0x910), shorter)).toBeUndefined();
    expect(relocate(before, at(0x103), shorter)).toBeUndefined();
  });

  it('finds nothing where the access is another now', () => {
    const locked = table([[0x100, 0x108, 'r--p', app, 'rodata']]);
    expect(relocate(before, at(0x105), locked)).toBeUndefined();
  });
});

describe('compareTables', () => {
  const told = (before: readonly Row[], after: readonly Row[]): string[] => {
    const found: string[] = [];
    compareTables(table(before), table(after), (change, start, index) => found.push(`${change} ${start} ${index}`));
    return found;
  };

  it('tells a heap that grows up and a stack that grows down', () => {
    expect(
      told(
        [
          [10, 20, 'rw-p', '[heap]', 'heap'],
          [90, 100, 'rw-p', '[stack]', 'stack'],
        ],
        [
          [10, 25, 'rw-p', '[heap]', 'heap'],
          [80, 100, 'rw-p', '[stack]', 'stack'],
        ],
      ),
    ).toEqual(['grown 10 0', 'grown 80 1']);
    expect(told([[10, 20, 'rw-p', '', 'anonymous']], [[10, 12, 'rw-p', '', 'anonymous']])).toEqual(['shrunk 10 0']);
    expect(told([[10, 20, 'rw-p', '', 'anonymous']], [[15, 20, 'rw-p', '', 'anonymous']])).toEqual(['shrunk 15 0']);
  });

  it('tells a change of access or name, and a region that is split', () => {
    expect(told([[10, 20, 'rw-p', '', 'anonymous']], [[10, 20, 'r--p', '', 'anonymous']])).toEqual(['changed 10 0']);
    expect(
      told(
        [[10, 20, 'rw-p', '', 'anonymous']],
        [
          [10, 15, 'rw-p', '', 'anonymous'],
          [15, 20, 'r--p', '', 'anonymous'],
        ],
      ),
    ).toEqual(['shrunk 10 0', 'new 15 1']);
  });

  it('tells what sets of starts tell', () => {
    const tables = fc.uniqueArray(fc.integer({ min: 0, max: 60 })).map((starts) => starts.sort((a, b) => a - b));
    fc.assert(
      fc.property(tables, tables, (before, after) => {
        const rows = (starts: number[]): Row[] => starts.map((start) => [start, start + 1, 'rw-p', '', 'anonymous']);
        const found: string[] = [];
        compareTables(table(rows(before)), table(rows(after)), (change, start) => found.push(`${change} ${start}`));
        const expected = [
          ...before.filter((start) => !after.includes(start)).map((start) => `gone ${start}`),
          ...after.filter((start) => !before.includes(start)).map((start) => `new ${start}`),
        ];
        expect(found.sort()).toEqual(expected.sort());
      }),
    );
  });
});
