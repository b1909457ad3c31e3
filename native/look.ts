import { readSync } from 'node:fs';
import { regionLookMsMin } from '../common/limits.ts';
import { pageOf, type PageNumber } from '../common/page.ts';
import { emptyRegionTable, type Region, type RegionTable } from '../common/region.ts';
import { codeOf } from './linux/errno.ts';
import { isGuard, isStackIfGuarded, parseMaps, parseMapsTable } from './linux/maps.ts';
import { userPages } from './linux/pagemap.ts';
import { createRegionQuery } from './linux/procmap.ts';

/** The regions of one address space, through its /proc/<pid>/maps descriptor. */
export interface RegionLook {
  /** As the last look found them. */
  readonly table: RegionTable;
  /** Reads all of them; whether they differ from the last look's. `undefined` where the address space is gone. */
  look(): boolean | undefined;
  /** All, as a library's user wants them, as of the last look. */
  all(): Region[];
  /**
   * The region that holds a page, as it is now: a question or two to the kernel (PROCMAP_QUERY), or where it has none, the last
   * look, renewed four times a second at most. `undefined` where nothing is mapped.
   */
  at(page: PageNumber): Region | undefined;
}

export function createRegionLook(maps: number, canQuery = true): RegionLook {
  const query = createRegionQuery(maps);
  let hasQuery = canQuery;
  let table: RegionTable = emptyRegionTable;
  let bytes = Buffer.alloc(0);
  let spare = Buffer.from(new ArrayBuffer(64 * 1024));
  let listed: { readonly version: number; readonly regions: Region[] } | undefined;
  let lookedMs = -Infinity;

  /** Fills `spare` with the file; its length, 0 once the address space is gone. */
  function readMaps(): number {
    let length = 0;
    try {
      for (;;) {
        if (spare.length - length < 4096) {
          const larger = Buffer.from(new ArrayBuffer(spare.length * 2));
          larger.set(spare.subarray(0, length));
          spare = larger;
        }
        const count = readSync(maps, spare, length, spare.length - length, length);
        if (count === 0) return length;
        length += count;
      }
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return 0;
      throw error;
    }
  }

  function look(): boolean | undefined {
    const length = readMaps();
    if (length === 0) return undefined;
    const found = spare.subarray(0, length);
    const changed = !found.equals(bytes);
    if (changed) {
      spare = bytes.length > 0 ? Buffer.from(bytes.buffer) : Buffer.from(new ArrayBuffer(64 * 1024));
      bytes = found;
      table = parseMapsTable(found, table.version + 1);
    }
    lookedMs = performance.now();
    return changed;
  }

  function all(): Region[] {
    if (listed?.version !== table.version) listed = { version: table.version, regions: parseMaps(bytes) };
    return listed.regions;
  }

  function listedAt(page: PageNumber): Region | undefined {
    if (performance.now() - lookedMs >= regionLookMsMin) look();
    const regions = all();
    let low = 0;
    let high = regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (pageOf((regions[middle] as Region).end) <= page) low = middle + 1;
      else high = middle;
    }
    const region = regions[low];
    return region !== undefined && pageOf(region.start) <= page ? region : undefined;
  }

  /** Whether it is a thread's stack only what lies below it tells. */
  function withKind(region: Region): Region {
    if (!isStackIfGuarded(region)) return region;
    const below = query(pageOf(region.start) - 1);
    const isStack = typeof below === 'object' && below.end === region.start && isGuard(below);
    return isStack ? { ...region, kind: 'threadStack' } : region;
  }

  return {
    get table() {
      return table;
    },
    look,
    all,
    at(page) {
      // [vsyscall] is in the file and in no table of the kernel's.
      if (!hasQuery || page >= userPages) return listedAt(page);
      const found = query(page);
      if (typeof found !== 'number') return found && withKind(found);
      hasQuery = false;
      return listedAt(page);
    },
  };
}
