import type { Edges } from './geometry.ts';

/** Boxes of one look, three numbers each (left, top, width), drawn together: changing a canvas's colour costs more than a box. */
export type Boxes = number[];

/** Collects a box for each run of bytes with the same value but 0, a group at a time, so that the gaps between groups stay free. */
export function collectRuns(
  values: Uint8Array,
  count: number,
  edges: Edges,
  y: number,
  into: readonly Boxes[],
  group = 8,
): void {
  for (let from = 0; from < count;) {
    const value = values[from] as number;
    // In a little-endian hexadecimal unit the first byte stands last.
    let left = edges.left[from] as number;
    let right = edges.right[from] as number;
    let to = from + 1;
    for (; to < count && to % group !== 0 && values[to] === value; to++) {
      left = Math.min(left, edges.left[to] as number);
      right = Math.max(right, edges.right[to] as number);
    }
    if (value !== 0) into[value]?.push(left, y, right - left);
    from = to;
  }
}
