import type { PageNumber } from './page.ts';
import { regionName, type RegionTable } from './region.ts';

/**
 * What has become of a region between two looks.
 *
 * - `new`, `gone`: nothing began there before, or nothing does any more
 * - `grown`, `shrunk`: one end has moved, the other and the name are the same (a heap grows up, a stack down)
 * - `changed`: access or name differ
 */
export type RegionChange = 'new' | 'gone' | 'grown' | 'shrunk' | 'changed';

/**
 * Tells what differs between two tables of a target, ascending, with the start of the region: in `after`, but for `gone`,
 * which tells of `before`. `index` is its row in that table.
 */
export function compareTables(
  before: RegionTable,
  after: RegionTable,
  tell: (change: RegionChange, start: PageNumber, index: number) => void,
): void {
  let i = 0;
  let j = 0;
  while (i < before.starts.length || j < after.starts.length) {
    const old = before.starts[i] ?? Infinity;
    const now = after.starts[j] ?? Infinity;
    const oldEnd = before.ends[i] ?? -1;
    const nowEnd = after.ends[j] ?? -2;
    if (old !== now && oldEnd === nowEnd && isSame(before, i, after, j)) {
      tell(now < old ? 'grown' : 'shrunk', now, j);
      i++;
      j++;
    } else if (old < now) tell('gone', old, i++);
    else if (now < old) tell('new', now, j++);
    else {
      if (!isSame(before, i, after, j)) tell('changed', now, j);
      else if (oldEnd !== nowEnd) tell(oldEnd < nowEnd ? 'grown' : 'shrunk', now, j);
      i++;
      j++;
    }
  }
}

function isSame(before: RegionTable, i: number, after: RegionTable, j: number): boolean {
  return before.access[i] === after.access[j] && regionName(before, i) === regionName(after, j);
}
