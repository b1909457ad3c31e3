import { pageBytes } from '../common/page.ts';
import type { Residency } from '../common/protocol.ts';
import { baseName, regionKind, regionName, type RegionTable } from '../common/region.ts';
import type { RegionFilter } from './regionFilter.ts';

export type Grouping = 'file' | 'kind' | 'address';

export interface RegionGroup {
  /** The whole name or the kind; the same from one table to the next. */
  readonly key: string;
  readonly label: string;
  /** Rows of the table, ascending. */
  readonly indexes: readonly number[];
  readonly bytes: number;
  /** NaN where unknown. */
  readonly residentBytes: number;
}

export interface GroupedRegions {
  /** In the order of their first regions. */
  readonly groups: readonly RegionGroup[];
  readonly shown: number;
}

/** One pass over a table. `residency` counts only where it belongs to this very table. */
export function groupRegions(
  table: RegionTable,
  grouping: Grouping,
  filter: RegionFilter,
  residency: Pick<Residency, 'version' | 'resident'> | undefined,
): GroupedRegions {
  const resident = residency?.version === table.version ? residency.resident : undefined;
  const groups = new Map<string, { label: string; indexes: number[]; bytes: number; residentBytes: number }>();
  let shown = 0;
  for (let index = 0; index < table.starts.length; index++) {
    if (!filter(table, index)) continue;
    shown++;
    const key = groupKey(table, index, grouping);
    let group = groups.get(key);
    if (group === undefined) {
      group = { label: groupLabel(key, grouping), indexes: [], bytes: 0, residentBytes: 0 };
      groups.set(key, group);
    }
    group.indexes.push(index);
    group.bytes += bytesOf(table, index);
    group.residentBytes += resident?.[index] ?? NaN;
  }
  return { groups: [...groups].map(([key, group]) => ({ key, ...group })), shown };
}

export function bytesOf(table: RegionTable, index: number): number {
  return ((table.ends[index] ?? 0) - (table.starts[index] ?? 0)) * pageBytes;
}

export function groupKey(table: RegionTable, index: number, grouping: Grouping): string {
  switch (grouping) {
    case 'file':
      return regionName(table, index) || 'anonymous';
    case 'kind':
      return regionKind(table, index);
    case 'address':
      return 'all regions';
    default:
      return grouping satisfies never;
  }
}

export function groupLabel(key: string, grouping: Grouping): string {
  // `threadStack` is two words.
  return grouping === 'file' ? baseName(key) : key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
