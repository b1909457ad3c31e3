import type { Frame } from '../common/frame.ts';
import { pageBytes, PageState, pageStateFrom, type PageNumber } from '../common/page.ts';
import { findPlanted, withoutPlanted, type Original } from './planted.ts';

/** What the view knows of one page. */
export interface StoredPage {
  state: PageState;
  readonly bytes: Uint8Array;
  /** The same bytes, for values of several. */
  readonly view: DataView;
  /** The program's own bytes: `bytes` itself, unless the debugger has planted breakpoints among them. What changes is found in these. */
  own: Uint8Array;
  /** What the file has there, where it has been asked for. */
  original: Original | undefined;
  /** 1 for each byte of a planted breakpoint; `undefined` where there is none. */
  planted: Uint8Array | undefined;
  /** When each byte was last seen to differ, by performance.now; 0 for never. */
  readonly changedAt: Float64Array;
  /** What the program had there when the process last went on after a stop; `undefined` where nobody saw that. */
  atStop: Uint8Array | undefined;
  /** When each byte was last written by us. */
  readonly writtenAt: Float64Array;
  /** The latest of all `changedAt` and `writtenAt`: a page that is cold needs no look at its bytes. */
  hotAt: number;
  /** Rises whenever anything of the page differs from before. */
  version: number;
}

/** The pages that a view watches. Pages that are not watched are dropped: bytes that may be old are not shown as new. */
export interface PageStore {
  get(page: PageNumber): StoredPage | undefined;
  /** Takes in a frame that arrived at `now`; calls `changed` for each page with bytes that differ from what was shown. */
  apply(frame: Frame, now: number): void;
  /** Our own write landed: its bytes are not a change by the program. */
  written(page: PageNumber, offset: number, bytes: Uint8Array, now: number): void;
  /** What the mapped file has there. */
  setOriginal(page: PageNumber, original: Original): void;
  /** The process goes on after a stop: from now on what differs from this has changed since. */
  leaveStop(): void;
  /** Nobody stops it any more. */
  forgetStops(): void;
  /** Forgets all pages but these. */
  keep(pages: ReadonlySet<PageNumber>): void;
  clear(): void;
  readonly isEmpty: boolean;
}

export function createPageStore(): PageStore {
  const pages = new Map<PageNumber, StoredPage>();
  let version = 0;

  function ensure(page: PageNumber): StoredPage {
    let stored = pages.get(page);
    if (stored === undefined) {
      const bytes = new Uint8Array(pageBytes);
      stored = {
        state: PageState.unread,
        bytes,
        view: new DataView(bytes.buffer),
        own: bytes,
        original: undefined,
        planted: undefined,
        changedAt: new Float64Array(pageBytes),
        atStop: undefined,
        writtenAt: new Float64Array(pageBytes),
        hotAt: 0,
        version: ++version,
      };
      pages.set(page, stored);
    }
    return stored;
  }

  return {
    get: (page) => pages.get(page),
    apply(frame, now) {
      let from = 0;
      for (let i = 0; i < frame.pages.length; i++) {
        const stored = ensure(frame.pages[i] as number);
        const state = pageStateFrom(frame.states[i]);
        if (state === PageState.readable) {
          const bytes = frame.bytes.subarray(from, from + pageBytes);
          from += pageBytes;
          const own = ownBytes(stored, bytes);
          // A page that could not be read before has nothing to compare with: it appears, it does not change.
          if (stored.state === PageState.readable && markChanged(stored, own, now)) stored.hotAt = now;
          take(stored, bytes, own);
        }
        stored.state = state;
        stored.version = ++version;
      }
    },
    written(page, offset, bytes, now) {
      const stored = pages.get(page);
      if (stored?.state !== PageState.readable) return;
      stored.bytes.set(bytes, offset);
      take(stored, stored.bytes, ownBytes(stored, stored.bytes));
      stored.atStop?.set(bytes, offset);
      stored.writtenAt.fill(now, offset, offset + bytes.length);
      stored.changedAt.fill(0, offset, offset + bytes.length);
      stored.hotAt = now;
      stored.version = ++version;
    },
    setOriginal(page, original) {
      const stored = pages.get(page);
      if (stored?.state !== PageState.readable) return;
      stored.original = original;
      take(stored, stored.bytes, ownBytes(stored, stored.bytes));
      if (stored.atStop !== undefined) stored.atStop = withoutPlanted(stored.atStop, original);
      // What was taken for a change before this was known.
      for (let i = 0; i < pageBytes; i++) if (stored.own[i] === original.bytes[i]) stored.changedAt[i] = 0;
      stored.version = ++version;
    },
    leaveStop() {
      for (const stored of pages.values()) {
        if (stored.state !== PageState.readable) continue;
        stored.atStop ??= new Uint8Array(pageBytes);
        stored.atStop.set(stored.own);
      }
    },
    forgetStops() {
      for (const stored of pages.values()) stored.atStop = undefined;
    },
    keep(wanted) {
      for (const page of pages.keys()) if (!wanted.has(page)) pages.delete(page);
    },
    clear: () => pages.clear(),
    get isEmpty() {
      return pages.size === 0;
    },
  };
}

function ownBytes({ original }: StoredPage, bytes: Uint8Array): Uint8Array {
  return original === undefined ? bytes : withoutPlanted(bytes, original);
}

function take(stored: StoredPage, bytes: Uint8Array, own: Uint8Array): void {
  if (bytes !== stored.bytes) stored.bytes.set(bytes);
  stored.own = own === bytes ? stored.bytes : own;
  stored.planted =
    stored.own === stored.bytes || stored.original === undefined ? undefined : findPlanted(bytes, stored.original);
}

function markChanged(stored: StoredPage, bytes: Uint8Array, now: number): boolean {
  const { own: old, changedAt } = stored;
  let changed = false;
  for (let i = 0; i < pageBytes; i++) {
    if (old[i] !== bytes[i]) {
      changedAt[i] = now;
      changed = true;
    }
  }
  return changed;
}
