import type { Address } from '../../common/address.ts';
import { pageBytes } from '../../common/page.ts';
import type { Region, RegionTable } from '../../common/region.ts';
import { SegmentFlag, type Elf, type Segment } from './elf.ts';

/** A copy of an image that a process has loaded, where its base is. */
export interface Placement {
  readonly base: Address;
  /** The file's regions that belong to it. */
  readonly regions: readonly Region[];
}

/**
 * Finds out of the regions that map a file where its image is loaded: nowhere, once, or several times (dlmopen, a copy under
 * another name). A file that is mapped as mere data, which programs do to read their own symbols, is not loaded there.
 *
 * One page of the file can belong to the end of one segment and to the beginning of the next, and then it is mapped twice. Such
 * a region alone can be of two placements; the one that most of the others speak for too is right.
 */
export function placementsOf(elf: Elf, regions: readonly Region[], pageSize: number): Placement[] {
  const possible = regions.map((region) => possibleBases(elf, region, pageSize));
  const votes = new Map<Address, number>();
  for (const base of possible.flat()) votes.set(base, (votes.get(base) ?? 0) + 1);
  const placed = new Map<Address, Region[]>();
  regions.forEach((region, i) => {
    const [first, ...others] = possible[i] ?? [];
    if (first === undefined) return;
    const base = others.reduce(
      (best, other) => ((votes.get(other) ?? 0) > (votes.get(best) ?? 0) ? other : best),
      first,
    );
    const its = placed.get(base);
    if (its === undefined) placed.set(base, [region]);
    else its.push(region);
  });
  return [...placed].map(([base, its]) => ({ base, regions: its })).sort((a, b) => (a.base < b.base ? -1 : 1));
}

/** Where the image begins if a region is of one of its segments, without doubles. */
function possibleBases(elf: Elf, region: Region, pageSize: number): Address[] {
  // What loaders leave between segments is mapped without any access, from some place of the file.
  if (region.access.startsWith('---')) return [];
  const from = Number(region.offset);
  const to = from + Number(region.end - region.start);
  const bases = new Set<Address>();
  for (const segment of elf.segments) {
    if (segment.fileBytes === 0 || from < firstPage(segment, pageSize) || to > lastPage(elf, segment, pageSize))
      continue;
    const base = region.start - region.offset + BigInt(segment.offset) - BigInt(segment.place);
    if (!elf.isFixed || base === elf.base) bases.add(base);
  }
  return [...bases];
}

function firstPage(segment: Segment, pageSize: number): number {
  return Math.floor(segment.offset / pageSize) * pageSize;
}

/** The end of a segment's last page; the kernel makes one region of neighbours in the file and in memory with the same access. */
function lastPage(elf: Elf, segment: Segment, pageSize: number): number {
  let end = 0;
  for (let next: Segment | undefined = segment; next !== undefined;) {
    end = Math.ceil((next.offset + next.fileBytes) / pageSize) * pageSize;
    const reached = end;
    next = elf.segments.find(
      (other) =>
        other.place - other.offset === segment.place - segment.offset &&
        firstPage(other, pageSize) <= reached &&
        Math.ceil((other.offset + other.fileBytes) / pageSize) * pageSize > reached,
    );
  }
  return end;
}

/** Where code of the image begins, which must be there if it is loaded; the first segment where it has no code. */
export function codePlace(elf: Elf): number {
  const code = elf.segments.find(({ flags, fileBytes }) => flags & SegmentFlag.execute && fileBytes > 0);
  return (code ?? elf.segments[0])?.place ?? 0;
}

/** Whether a place is loaded: within a segment, be it out of the file or as zeros. */
export function isLoaded(elf: Elf, place: number): boolean {
  return elf.segments.some((segment) => place >= segment.place && place < segment.place + segment.memoryBytes);
}

/** The kernel's page size: all regions are aligned to it, and some to nothing more. 4, 16 and 64 KiB are in use. */
export function pageSizeOf({ starts, ends }: RegionTable): number {
  let pages = 16;
  for (const column of [starts, ends]) for (const page of column) while (page % pages !== 0) pages /= 2;
  return pages * pageBytes;
}
