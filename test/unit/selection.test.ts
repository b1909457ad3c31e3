import { describe, expect, test } from 'vitest';
import { tableOfRegions } from '../../common/region.ts';
import { createLayout } from '../../webview/layout.ts';
import { moveCaret, selectedRange, type Motion } from '../../webview/selection.ts';
import { region } from '../region.ts';

const page = 4096n;
const regions = [region(16, 2), region(40, 2)];
const layout = createLayout(tableOfRegions(regions, 1), 16);
const first = 16n * page;
const lastOfFirst = 18n * page - 1n;
const second = 40n * page;

describe('selection', () => {
  test.each<[Motion, bigint, bigint]>([
    ['right', first, first + 1n],
    ['right', lastOfFirst, second],
    ['left', second, lastOfFirst],
    ['left', first, first],
    ['down', lastOfFirst, second + 15n],
    ['up', second + 3n, lastOfFirst - 12n],
    ['up', first + 3n, first + 3n],
    ['pageDown', first, first + 160n],
    ['pageUp', second, first + 8032n],
    ['rowStart', first + 37n, first + 32n],
    ['rowEnd', first + 37n, first + 47n],
    ['regionStart', second + 99n, second],
    ['regionEnd', second + 99n, 42n * page - 1n],
    ['first', second, first],
    ['last', first, 42n * page - 1n],
  ])('moveCaret() %s from %i goes to %i', (motion, from, to) => {
    const moved = moveCaret(layout, from, motion, 10);
    if (motion === 'pageUp') expect([moved % 16n, moved < second]).toEqual([from % 16n, true]);
    else expect(moved).toBe(to);
  });

  test('selectedRange() is the same from either side and holds both ends', () => {
    expect(selectedRange({ anchor: 20n, caret: 10n, column: 'bytes' })).toEqual({ start: 10n, length: 11 });
    expect(selectedRange({ anchor: 10n, caret: 20n, column: 'bytes' })).toEqual({ start: 10n, length: 11 });
  });
});
