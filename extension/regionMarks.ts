import { regionMarkMs, regionMarksMax } from '../common/limits.ts';
import type { PageNumber } from '../common/page.ts';
import type { RegionTable } from '../common/region.ts';
import { compareTables, type RegionChange } from '../common/regionChanges.ts';

export type RegionMark = Exclude<RegionChange, 'gone'>;

/** A region that is no longer there: row `index` of an older table. */
export interface GoneRegion {
  readonly table: RegionTable;
  readonly index: number;
  readonly untilMs: number;
}

/** What differs between the tables of a target, for as long as it is news. */
export interface RegionMarks {
  /** Takes the next table; the first marks nothing. */
  next(table: RegionTable, nowMs: number): void;
  of(start: PageNumber, nowMs: number): RegionMark | undefined;
  gone(nowMs: number): readonly GoneRegion[];
  /** When the last mark ends, or 0. */
  readonly untilMs: number;
}

export function createRegionMarks(): RegionMarks {
  let last: RegionTable | undefined;
  let marks = new Map<PageNumber, { readonly mark: RegionMark; readonly untilMs: number }>();
  let ghosts = new Map<PageNumber, GoneRegion>();
  let untilMs = 0;

  return {
    next(table, nowMs) {
      marks = new Map([...marks].filter(([, mark]) => mark.untilMs > nowMs));
      ghosts = new Map([...ghosts].filter(([, ghost]) => ghost.untilMs > nowMs));
      const before = last;
      last = table;
      if (before === undefined || before.version === 0) return;
      const until = nowMs + regionMarkMs;
      compareTables(before, table, (news, start, index) => {
        if (marks.size + ghosts.size >= regionMarksMax) return;
        untilMs = until;
        if (news === 'gone') ghosts.set(start, { table: before, index, untilMs: until });
        else marks.set(start, { mark: news, untilMs: until });
      });
    },
    of(start, nowMs) {
      const mark = marks.get(start);
      return mark !== undefined && mark.untilMs > nowMs ? mark.mark : undefined;
    },
    gone: (nowMs) => [...ghosts.values()].filter((ghost) => ghost.untilMs > nowMs),
    get untilMs() {
      return untilMs;
    },
  };
}
