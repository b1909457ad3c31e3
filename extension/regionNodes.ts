import { printAddress } from '../common/address.ts';
import { treeNodesMax } from '../common/limits.ts';
import { addressOfPage, type PageNumber } from '../common/page.ts';
import type { Range } from '../common/range.ts';
import { regionKind, regionName, type RegionKind, type RegionTable } from '../common/region.ts';
import type { RegionMark } from './regionMarks.ts';
import { bytesOf, type RegionGroup } from './regionGroups.ts';
import type { Target } from './target.ts';

export interface TargetNode {
  readonly type: 'target';
  readonly target: Target;
}

export interface GroupNode {
  readonly type: 'group';
  readonly target: Target;
  readonly table: RegionTable;
  readonly group: RegionGroup;
}

/** A stretch of nodes that are too many for one list. */
export interface StretchNode {
  readonly type: 'stretch';
  readonly target: Target;
  readonly id: string;
  readonly label: string;
  readonly count: number;
  children(): readonly RegionsNode[];
}

/** One region, as it was in the table that was shown; a command on it has no other table to look at. */
export interface RegionNode {
  readonly type: 'region';
  readonly target: Target;
  readonly start: PageNumber;
  readonly end: PageNumber;
  readonly access: number;
  readonly kind: RegionKind;
  readonly name: string;
  readonly bytes: number;
  /** NaN where unknown. */
  readonly residentBytes: number;
  readonly mark: RegionMark | 'gone' | undefined;
}

export type RegionsNode = TargetNode | GroupNode | StretchNode | RegionNode;

export function regionNode(
  target: Target,
  table: RegionTable,
  index: number,
  residentBytes: number,
  mark: RegionNode['mark'],
): RegionNode {
  return {
    type: 'region',
    target,
    start: table.starts[index] ?? 0,
    end: table.ends[index] ?? 0,
    access: table.access[index] ?? 0,
    kind: regionKind(table, index),
    name: regionName(table, index),
    bytes: bytesOf(table, index),
    residentBytes,
    mark,
  };
}

export function rangeOfNode(node: RegionNode): Range {
  return { start: addressOfPage(node.start), length: node.bytes };
}

/** `0x55d0c0a1f000–0x55d0c0a40000`: the second is the address after the last byte, as /proc/<pid>/maps has it. */
export function printPages(start: PageNumber, end: PageNumber): string {
  return `${printAddress(addressOfPage(start))}–${printAddress(addressOfPage(end))}`;
}

/**
 * Nodes for a list of items, made when they are looked at: the nodes themselves, or stretches of `treeNodesMax` of them,
 * so that nothing is made for the 65,000 regions that nobody has unfolded.
 */
export function stretched<T>(
  target: Target,
  id: string,
  items: readonly T[],
  node: (item: T) => RegionsNode,
  label: (first: T, last: T) => string,
): readonly RegionsNode[] {
  if (items.length <= treeNodesMax) return items.map(node);
  const stretches: StretchNode[] = [];
  for (let from = 0; from < items.length; from += treeNodesMax) {
    const part = items.slice(from, from + treeNodesMax);
    stretches.push({
      type: 'stretch',
      target,
      id: `${id}/${from}`,
      label: label(part[0] as T, part.at(-1) as T),
      count: part.length,
      children: () => part.map(node),
    });
  }
  return stretches;
}
