import { statSync } from 'node:fs';
import { pageBytes, pageOf, PageState, type PageNumber } from '../common/page.ts';
import { baseName, type Region } from '../common/region.ts';
import { rootOf } from './linux/procfs.ts';
import { PageBits, userPages, visitPages, type PageMap } from './linux/pagemap.ts';
import { refusedIn } from './pages.ts';

/** The pages that a read is about to touch, and what is known of them. */
export interface Touched {
  readonly pages: Float64Array;
  readonly states: Uint8Array;
  /** 1 for pages that are to be read although they are not in memory. */
  readonly faultIn?: Uint8Array | undefined;
}

/**
 * Keeps a read from doing harm: a page that is not in memory becomes `absent` or `swapped` instead of being faulted in,
 * which would cost the target page tables, memory and a disk's time. A guard page, which only looks like one that is swapped
 * out, becomes `special`. Between the look and the read lie microseconds.
 */
export interface Presence {
  mark(touched: Touched): void;
}

export function createPresence(
  map: PageMap | undefined,
  regionAt: (page: PageNumber) => Region | undefined,
  fileEndOf: (region: Region) => PageNumber,
): Presence {
  let touched: Touched | undefined;
  /** The region of the last page that was not there: they come in runs. */
  let last: Region | undefined;

  function missing(page: PageNumber): PageState {
    if (last === undefined || page < pageOf(last.start) || page >= pageOf(last.end)) last = regionAt(page);
    return missingState(last, page, fileEndOf);
  }

  function visit(i: number, bits: number): void {
    const { pages, states, faultIn } = touched as Touched;
    const state = states[i] as PageState;
    const isSkipped = state === PageState.absent || state === PageState.swapped;
    if (!isSkipped && state > PageState.unread) return;
    const page = pages[i] as number;
    // Nothing brings a guard page in, so that it is not tried whoever asks.
    if (bits & PageBits.guard) states[i] = PageState.special;
    else if (bits & PageBits.present || faultIn?.[i] === 1 || page >= userPages) {
      if (isSkipped) states[i] = PageState.unread;
    } else if (bits & PageBits.swapped) states[i] = PageState.swapped;
    else if (state !== PageState.absent) states[i] = missing(page);
  }

  return {
    mark(next) {
      touched = next;
      last = undefined;
      const isKnown = map !== undefined && visitPages(map, next.pages, next.states, visit);
      if (isKnown) return;
      // A kernel that does not tell leaves only trying.
      const { states } = next;
      for (let i = 0; i < states.length; i++)
        if (states[i] === PageState.absent || states[i] === PageState.swapped) states[i] = PageState.unread;
    },
  };
}

/** Why a page that is neither in memory nor swapped out is not. */
export function missingState(
  region: Region | undefined,
  page: PageNumber,
  fileEndOf: (region: Region) => PageNumber,
): PageState {
  if (region === undefined) return PageState.unmapped;
  const state = refusedIn(region);
  if (state === PageState.noAccess || state === PageState.noRead) return state;
  // The kernel maps [vdso] like memory; what else it maps by itself nobody may copy.
  if (region.kind === 'vdso' && region.name !== '[vdso]') return PageState.special;
  return page >= fileEndOf(region) ? PageState.beyondFile : PageState.absent;
}

/** Where the file of a region ends, as the page of the target after its last; Infinity where it has none or cannot be seen. */
export function createFileEnds(pid: number): (region: Region) => PageNumber {
  let known: { readonly key: string; readonly end: PageNumber; readonly untilMs: number } | undefined;
  return (region) => {
    if (region.inode === 0) return Infinity;
    const key = `${region.start}-${region.end}-${region.offset}-${region.device}-${region.inode}`;
    const nowMs = performance.now();
    if (known?.key === key && nowMs < known.untilMs) return known.end;
    const bytes = fileBytes(pid, region);
    const end =
      bytes === undefined
        ? Infinity
        : pageOf(region.start) - pageOf(region.offset) + Math.ceil(Number(bytes) / pageBytes);
    // A file may grow: what is known of it is old after a moment.
    known = { key, end, untilMs: nowMs + 250 };
    return end;
  };
}

function fileBytes(pid: number, region: Region): bigint | undefined {
  const hex = (address: bigint): string => address.toString(16);
  // The first names the very file, and needs a capability; the second may have been replaced since.
  for (const file of [
    `/proc/${pid}/map_files/${hex(region.start)}-${hex(region.end)}`,
    ...(baseName(region.name) === region.name ? [] : [rootOf(pid) + region.name]),
  ]) {
    try {
      const { ino, size, isFile } = stat(file);
      if (isFile && Number(ino) === region.inode) return size;
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

function stat(file: string): { ino: bigint; size: bigint; isFile: boolean } {
  const found = statSync(file, { bigint: true });
  return { ino: found.ino, size: found.size, isFile: found.isFile() };
}
