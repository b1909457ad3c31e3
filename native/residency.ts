import { PageBits, userPages, type PageMap } from './linux/pagemap.ts';
import { pageBytes, type PageNumber } from '../common/page.ts';
import { residencyPagesMax } from '../common/limits.ts';
import type { Figures } from '../common/protocol.ts';
import type { RegionTable } from '../common/region.ts';

export interface CountedFigures extends Figures {
  /** How long the work took, the pauses in it left out. */
  readonly costMs: number;
}

/** Pages a step covers at first; then as many as take about a millisecond, so that a tick never waits long for it. */
const firstStepPages = 2 ** 16;
const stepMs = 1;

/** Guard pages take no memory, here or on the swap device: without their bit they are passed over. */
const anyBits = PageBits.present | PageBits.swapped;
const wantedBits = anyBits | PageBits.zero | PageBits.huge;

export function unknownFigures(regions: number): Figures {
  const unknown = (): Float64Array => new Float64Array(regions).fill(NaN);
  return { resident: unknown(), swapped: unknown(), zero: unknown(), huge: unknown() };
}

/**
 * Looks which pages of all regions exist, touching none. `pause` is awaited between pieces of work of about a
 * millisecond, and ends it by rejecting.
 */
export async function readResidency(
  map: PageMap,
  table: RegionTable,
  pause: () => Promise<void>,
): Promise<CountedFigures> {
  const figures = {
    resident: new Float64Array(table.starts.length),
    swapped: new Float64Array(table.starts.length),
    zero: new Float64Array(table.starts.length),
    huge: new Float64Array(table.starts.length),
  };
  let costMs = 0;
  for (const work = count(map, table, figures); ; await pause()) {
    const begun = performance.now();
    const { done } = work.next();
    costMs += performance.now() - begun;
    if (done === true) return { ...figures, costMs };
  }
}

function* count(map: PageMap, table: RegionTable, figures: Figures): Generator<void, void> {
  const { starts, ends } = table;
  let stride = firstStepPages;
  let busyMs = 0;
  let region = 0;
  let page = starts[0] ?? userPages;
  let end = 0;
  for (let i = 0; i < ends.length && (ends[i] as number) <= userPages; i++) end = ends[i] as number;
  while (page < end) {
    // Without PAGEMAP_SCAN every page costs eight bytes of reading: a huge reservation is left unknown instead.
    if (!map.hasScan && (ends[region] as number) - (starts[region] as number) > residencyPagesMax) {
      figures.resident[region] = figures.swapped[region] = NaN;
      page = starts[++region] ?? end;
      continue;
    }
    const to = Math.min(end, map.hasScan ? page + stride : (ends[region] as number));
    const begun = performance.now();
    const found = map.step(page, to, anyBits, wantedBits);
    const tookMs = performance.now() - begun;
    if (found < 0) {
      for (const column of [figures.resident, figures.swapped, figures.zero, figures.huge]) column.fill(NaN, region);
      return;
    }
    for (let run = 0; run < found; run++) {
      region = addRun(table, figures, region, map.starts[run] as number, map.ends[run] as number, map.bits[run] ?? 0);
    }
    // What lies between two regions costs nothing to walk over and a step for each stride: go on at the next region.
    while (region < ends.length && (ends[region] as number) <= map.walkedTo) region++;
    page = Math.max(map.walkedTo, starts[region] ?? end);
    if (tookMs < stepMs / 2) stride *= 2;
    else if (tookMs > stepMs * 2) stride = Math.max(512, stride / 2);
    busyMs += tookMs;
    if (busyMs < stepMs) continue;
    busyMs = 0;
    yield;
  }
  if (!map.hasScan) for (const column of [figures.zero, figures.huge]) column.fill(NaN);
}

/** Adds a run of pages to the regions that it lies in, from `region` on; gives the region that it ended in. */
function addRun(
  table: RegionTable,
  figures: Figures,
  region: number,
  from: PageNumber,
  to: PageNumber,
  bits: number,
): number {
  const { starts, ends } = table;
  let first = region;
  while (first < ends.length && (ends[first] as number) <= from) first++;
  for (let i = first; i < ends.length && (starts[i] as number) < to; i++) {
    const bytes = (Math.min(to, ends[i] as number) - Math.max(from, starts[i] as number)) * pageBytes;
    const add = (column: Float64Array): void => void (column[i] = (column[i] as number) + bytes);
    if (bits & PageBits.zero) add(figures.zero);
    else if (bits & PageBits.present) add(figures.resident);
    else add(figures.swapped);
    if (bits & PageBits.huge) add(figures.huge);
  }
  return first;
}
