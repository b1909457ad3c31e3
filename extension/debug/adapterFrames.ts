import type { Frame } from '../../common/frame.ts';
import { pageBytes, PageState, type PageNumber } from '../../common/page.ts';

/** What was read of a page, and in which round. Bytes of a page that is not readable mean nothing. */
export interface Known {
  readonly state: PageState;
  readonly bytes: Uint8Array;
  readonly epoch: number;
}

/** Pages as runs of neighbours, ascending, at most `most` in each. */
export function runsOf(pages: Iterable<PageNumber>, most: number): PageNumber[][] {
  const runs: PageNumber[][] = [];
  for (const page of [...pages].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.length < most && last.at(-1) === page - 1) last.push(page);
    else runs.push([page]);
  }
  return runs;
}

/** Pages in buffers of their own that are exactly as long as what is in them; one that nothing is known of is `unread`. */
export function buildFrame(seq: number, pages: Float64Array, known: ReadonlyMap<PageNumber, Known>): Frame {
  const states = new Uint8Array(new ArrayBuffer(pages.length));
  const readable: Uint8Array[] = [];
  pages.forEach((page, i) => {
    const one = known.get(page);
    states[i] = one?.state ?? PageState.unread;
    if (one?.state === PageState.readable) readable.push(one.bytes);
  });
  const bytes = new Uint8Array(new ArrayBuffer(readable.length * pageBytes));
  readable.forEach((page, i) => bytes.set(page, i * pageBytes));
  return { seq, timeMs: Date.now(), pages: pages.slice(), states, bytes };
}
