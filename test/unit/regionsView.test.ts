import { describe, expect, it } from 'vitest';
import { MemoryError } from '../../common/error.ts';
import { regionMarkMs, regionMarksMax, treeNodesMax } from '../../common/limits.ts';
import { tableOfRegions, type Region, type RegionTable } from '../../common/region.ts';
import { parseRegionFilter } from '../../extension/regionFilter.ts';
import { groupRegions } from '../../extension/regionGroups.ts';
import { createRegionMarks } from '../../extension/regionMarks.ts';
import { stretched, type RegionsNode } from '../../extension/regionNodes.ts';
import type { Target } from '../../extension/target.ts';
import { region } from '../region.ts';

type Row = readonly [start: number, end: number, access: string, name: string, kind: Region['kind']];

function table(rows: readonly Row[], version = 1): RegionTable {
  const regions = rows.map(([start, end, access, name, kind]) => region(start, end - start, name, access, kind));
  return tableOfRegions(regions, version);
}

const libc = '/usr/lib/libc.so.6';
const some = table([
  [1, 3, 'r--p', '/usr/bin/redis', 'rodata'],
  [3, 9, 'r-xp', '/usr/bin/redis', 'text'],
  [16, 48, 'rw-p', '[heap]', 'heap'],
  [64, 65, 'r-xp', libc, 'text'],
  [66, 67, 'rw-p', '', 'anonymous'],
  [68, 69, 'rw-s', '/dev/shm/x', 'shared'],
]);

const shown = (text: string): number[] => {
  const filter = parseRegionFilter(text);
  return [...some.starts].map((_, index) => index).filter((index) => filter(some, index));
};

describe('parseRegionFilter', () => {
  it('matches names, access, kinds and addresses, and all of its words', () => {
    expect(shown('')).toEqual([0, 1, 2, 3, 4, 5]);
    expect(shown('REDIS')).toEqual([0, 1]);
    expect(shown('r-xp')).toEqual([1, 3]);
    expect(shown('rw?')).toEqual([2, 4, 5]);
    expect(shown('rw-s')).toEqual([5]);
    expect(shown('kind:heap')).toEqual([2]);
    expect(shown('0x10abc')).toEqual([2]);
    expect(shown('redis r-x')).toEqual([1]);
  });

  it('refuses a kind that there is not, and names those that there are', () => {
    expect(() => parseRegionFilter('kind:attic')).toThrow(/attic.*heap/);
    expect(() => parseRegionFilter('0xzz')).toThrow(MemoryError);
  });
});

describe('groupRegions', () => {
  it('adds up sizes and residency, in the order of first regions', () => {
    const residency = { version: 1, resident: Float64Array.of(4096, 8192, 0, 4096, 4096, 0) };
    const { groups, shown: count } = groupRegions(some, 'file', parseRegionFilter(''), residency);
    expect(count).toBe(6);
    expect(groups.map(({ label, bytes, residentBytes }) => [label, bytes, residentBytes])).toEqual([
      ['redis', 8 * 4096, 12_288],
      ['[heap]', 32 * 4096, 0],
      ['libc.so.6', 4096, 4096],
      ['anonymous', 4096, 4096],
      ['x', 4096, 0],
    ]);
  });

  it('says nothing of residency that belongs to another table', () => {
    const { groups } = groupRegions(some, 'kind', parseRegionFilter(''), { version: 0, resident: new Float64Array(6) });
    expect(groups.every(({ residentBytes }) => Number.isNaN(residentBytes))).toBe(true);
  });
});

describe('createRegionMarks', () => {
  it('marks new, changed and gone regions for a while, and nothing at first', () => {
    const marks = createRegionMarks();
    const before = table(
      [
        [1, 2, 'rw-p', '', 'anonymous'],
        [5, 6, 'rw-p', '[heap]', 'heap'],
        [9, 10, 'r--p', libc, 'rodata'],
      ],
      1,
    );
    const after = table(
      [
        [5, 7, 'rw-p', '[heap]', 'heap'],
        [8, 9, 'rw-p', '', 'anonymous'],
        [9, 10, 'r--p', libc, 'rodata'],
      ],
      2,
    );
    marks.next(before, 0);
    expect(marks.of(1, 0)).toBeUndefined();
    marks.next(after, 1000);
    expect([marks.of(5, 1000), marks.of(8, 1000), marks.of(9, 1000)]).toEqual(['grown', 'new', undefined]);
    expect(marks.gone(1000).map(({ index }) => index)).toEqual([0]);
    const later = 1000 + regionMarkMs;
    expect(marks.of(8, later)).toBeUndefined();
    expect(marks.gone(later)).toEqual([]);
    expect(marks.untilMs).toBe(later);
  });

  it('marks no more than the bound', () => {
    const marks = createRegionMarks();
    marks.next(table([[0, 1, 'rw-p', '', 'anonymous']], 1), 0);
    const many = Array.from({ length: 3 * regionMarksMax }, (_, i): Row => [2 * i, 2 * i + 1, 'rw-p', '', 'anonymous']);
    marks.next(table(many, 2), 0);
    const marked = many.filter(([start]) => marks.of(start, 0) !== undefined).length;
    expect(marked).toBe(regionMarksMax);
  });
});

describe('stretched', () => {
  it('makes no node of a long list until its stretch is looked at', () => {
    let made = 0;
    const items = Array.from({ length: 65_000 }, (_, i) => i);
    const node = (): RegionsNode => {
      made++;
      return { type: 'target', target };
    };
    const target = {} as Target;
    const stretches = stretched(target, 'x', items, node, (first, last) => `${first}–${last}`);
    expect(stretches).toHaveLength(130);
    expect(made).toBe(0);
    const last = stretches.at(-1);
    expect(last?.type === 'stretch' && last.children()).toHaveLength(500);
    expect(made).toBe(treeNodesMax);
  });
});
