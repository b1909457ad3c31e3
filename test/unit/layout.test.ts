import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pagesPerViewMax } from '../../common/limits.ts';
import { tableOfRegions, type RegionTable } from '../../common/region.ts';
import { bytesRow, createLayout, pagesToWatch, regionOfRow, rowAt, rowOf, type Row } from '../../webview/layout.ts';
import { region } from '../region.ts';

function tableOf(...regions: readonly (readonly [start: number, pages: number])[]): RegionTable {
  return tableOfRegions(
    regions.map(([start, pages]) => region(start, pages)),
    1,
  );
}

/** All rows, written out one by one: what the formulas of the layout are checked against. */
function naiveRows(table: RegionTable, bytesPerRow: number): Row[] {
  const rows: Row[] = [];
  for (let region = 0; region < table.starts.length; region++) {
    const start = table.starts[region] as number;
    const end = table.ends[region] as number;
    const before = region === 0 ? start : (table.ends[region - 1] as number);
    if (before !== start) rows.push({ kind: 'gap', region, pages: start - before });
    rows.push({ kind: 'heading', region });
    for (let page = start; page < end; page++) {
      for (let offset = 0; offset < 4096; offset += bytesPerRow) rows.push({ kind: 'bytes', region, page, offset });
    }
  }
  return rows;
}

const regionsArbitrary = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 3 })), { minLength: 1, maxLength: 6 })
  .map((parts) => {
    let at = 16;
    return parts.map(([gap, pages]) => {
      const start = at + gap;
      at = start + pages;
      return [start, pages] as const;
    });
  });

describe('layout', () => {
  test('rowAt() gives the same rows as writing them out one by one', () => {
    fc.assert(
      fc.property(regionsArbitrary, fc.constantFrom(8, 16, 32, 64), (regions, bytesPerRow) => {
        const table = tableOf(...regions);
        const layout = createLayout(table, bytesPerRow);
        const rows = naiveRows(table, bytesPerRow);
        expect(layout.rowCount).toBe(rows.length);
        // Every 37th row, and all around the seams, which is where formulas go wrong.
        rows.forEach((row, i) => {
          if (i % 37 === 0 || row.kind !== 'bytes' || rows[i - 1]?.kind !== 'bytes')
            expect(rowAt(layout, i)).toEqual(row);
        });
        expect(rowAt(layout, rows.length)).toBeUndefined();
        expect(rowAt(layout, -1)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test('rowOf() is the inverse of rowAt() for every byte row', () => {
    const layout = createLayout(tableOf([16, 2], [18, 1], [40, 3]), 32);
    for (let i = 0; i < layout.rowCount; i++) {
      const row = rowAt(layout, i);
      if (row?.kind === 'bytes') expect(rowOf(layout, { page: row.page, offset: row.offset + 31 })).toBe(i);
    }
  });

  test('rowOf() puts an unmapped address on its gap row, and on the nearest row past either end', () => {
    const layout = createLayout(tableOf([16, 1], [40, 1]), 16);
    expect(rowAt(layout, rowOf(layout, { page: 20, offset: 0 }))?.kind).toBe('gap');
    expect(rowOf(layout, { page: 1, offset: 0 })).toBe(0);
    expect(rowOf(layout, { page: 1000, offset: 0 })).toBe(layout.rowCount - 1);
  });

  test('the last page of the address space has rows with exact addresses', () => {
    const last = 2 ** 52 - 1;
    const layout = createLayout(tableOf([16, 1], [last, 1]), 16);
    expect(rowAt(layout, layout.rowCount - 1)).toEqual({ kind: 'bytes', region: 1, page: last, offset: 4080 });
  });

  test('a region of 128 TiB has as many rows as it needs, each at its place', () => {
    const pages = 2 ** 35;
    const layout = createLayout(tableOf([16, pages], [2 ** 51, 1]), 8);
    expect(layout.rowCount).toBe(1 + pages * 512 + 1 + 1 + 512);
    const middle = rowOf(layout, { page: 16 + 2 ** 34, offset: 8 });
    expect(rowAt(layout, middle)).toEqual({ kind: 'bytes', region: 0, page: 16 + 2 ** 34, offset: 8 });
  });

  test('bytesRow() steps over headings and gaps and stops at the ends', () => {
    const layout = createLayout(tableOf([16, 1], [40, 1]), 64);
    expect(bytesRow(layout, 0, 1)).toBe(1);
    expect(bytesRow(layout, 65, 1)).toBe(67);
    expect(bytesRow(layout, 66, -1)).toBe(64);
    expect(bytesRow(layout, 0, -1)).toBeUndefined();
    expect(bytesRow(layout, layout.rowCount, 1)).toBeUndefined();
  });

  test('pagesToWatch() has what can be seen and half a screen on either side, ascending and bounded', () => {
    const layout = createLayout(tableOf([16, 4], [40, 1]), 64);
    // Rows 1 to 256 are the first region's, 64 to a page.
    expect(pagesToWatch(layout, 65, 20)).toEqual([16, 17]);
    expect(pagesToWatch(layout, 95, 20)).toEqual([17]);
    expect(pagesToWatch(layout, 240, 20)).toEqual([19, 40]);
    expect(pagesToWatch(createLayout(tableOf([16, 4000]), 64), 0, 100_000)).toHaveLength(pagesPerViewMax);
    expect(pagesToWatch(createLayout(tableOf([16, 4000]), 64), 64 * 1000, 64 * 300)[0]).toBe(1015);
  });

  test('regionOfRow() gives a gap to the region above it', () => {
    const layout = createLayout(tableOf([16, 1], [40, 1]), 64);
    expect(regionOfRow(layout, 65)).toBe(0);
    expect(regionOfRow(layout, 66)).toBe(1);
  });
});
