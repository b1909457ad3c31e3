import type { Frame } from '../common/frame.ts';
import { addressOfPage, pageBytes, PageState } from '../common/page.ts';
import type { Grid } from './grid.ts';
import { selectedRange } from './selection.ts';

/** Counts how often the selected bytes change: frames of the last second in which one of them differed. */
export interface Rate {
  /** Looks at a frame before it is shown. */
  count(grid: Grid, frame: Frame): void;
  perSecond(): number;
}

export function createRate(): Rate {
  let times: number[] = [];
  return {
    count(grid, frame) {
      if (grid.selection === undefined) return;
      const { start, length } = selectedRange(grid.selection);
      let from = 0;
      for (let i = 0; i < frame.pages.length; i++) {
        if (frame.states[i] !== PageState.readable) continue;
        const page = frame.pages[i] as number;
        const bytes = frame.bytes.subarray(from, (from += pageBytes));
        const stored = grid.store.get(page);
        if (stored?.state !== PageState.readable) continue;
        const base = addressOfPage(page);
        const first = Number(start > base ? start - base : 0n);
        const end = Math.min(pageBytes, Number(start - base) + length);
        for (let k = first; k < end; k++) {
          if (stored.bytes[k] !== bytes[k]) {
            times.push(performance.now());
            return;
          }
        }
      }
    },
    perSecond() {
      const since = performance.now() - 1000;
      times = times.filter((time) => time >= since);
      return times.length;
    },
  };
}
