import { Buffer } from 'node:buffer';
import type { Disposable } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import type { Frame } from '../../common/frame.ts';
import { adapterReadBytesMax, adapterRequestsMax, framesInFlightMax } from '../../common/limits.ts';
import { addressOfPage, pageBytes, PageState, type PageNumber } from '../../common/page.ts';
import { watchedPages } from '../../common/watched.ts';
import type { AdapterMemory } from './adapterMemory.ts';
import { buildFrame, runsOf, type Known } from './adapterFrames.ts';

/**
 * Reads for all views of a debug session: every watched page once a stop, and what comes into view while it is stopped. While
 * the program runs, views keep what was read at the last stop, and new pages stay unread.
 */
export interface AdapterReader extends Disposable {
  watch(view: number, pages: Float64Array): void;
  drawn(view: number, seq: number): void;
  pause(view: number, paused: boolean): void;
  /** What is known is of an earlier stop: reads all that is watched anew. Resolves when it is read, or the program goes on. */
  renew(): Promise<void>;
  /** Other regions are there: what could not be read is asked for again. */
  retry(): void;
  readonly isWatched: boolean;
}

interface Watcher {
  wanted: readonly PageNumber[];
  paused: boolean;
  /** Pages that came into view while it was paused: read once. */
  once: Set<PageNumber>;
  /** Pages that it has been told of, or will be with what is dirty. */
  told: Set<PageNumber>;
  dirty: Set<PageNumber>;
  /** Numbers of the frames that were sent and not painted. */
  inFlight: number[];
}

export interface AdapterReaderOptions {
  onFrame(view: number, frame: Frame): void;
  /** What goes wrong other than by the program going on. */
  failed(error: unknown): void;
  /** What is known of a page without asking for it. */
  stateOf(page: PageNumber): PageState | undefined;
}

export function createAdapterReader(
  memory: AdapterMemory,
  { onFrame, failed, stateOf }: AdapterReaderOptions,
): AdapterReader {
  const watchers = new Map<number, Watcher>();
  const known = new Map<PageNumber, Known>();
  /** Pages that the debugger refuses: asked for again when they come into view anew, not at every step. */
  const refused = new Set<PageNumber>();
  let epoch = 0;
  let lastSeq = 0;
  let disposed = false;
  let pumping: Promise<void> | undefined;

  const readsFor = (watcher: Watcher, page: PageNumber): boolean =>
    watcher.paused ? watcher.once.has(page) : watcher.wanted.includes(page);
  const isWanted = (page: PageNumber): boolean => [...watchers.values()].some((watcher) => readsFor(watcher, page));

  function stale(): PageNumber[] {
    const pages = new Set<PageNumber>();
    for (const { paused, once, wanted } of watchers.values())
      for (const page of paused ? once : wanted) if (known.get(page)?.epoch !== epoch) pages.add(page);
    return [...pages];
  }

  function pump(): Promise<void> {
    pumping ??= read();
    return pumping;
  }

  async function read(): Promise<void> {
    // Not before `pumping` is set: what comes in one turn is read together.
    await Promise.resolve();
    try {
      while (!disposed && memory.stop !== undefined) {
        const runs = runsOf(stale(), adapterReadBytesMax / pageBytes);
        if (runs.length === 0) return;
        const at = epoch;
        const work = async (): Promise<void> => {
          for (let run = runs.shift(); run !== undefined; run = runs.shift()) {
            if (disposed || at !== epoch) return;
            await readRun(run.filter(isWanted), at);
          }
        };
        await Promise.all(Array.from({ length: adapterRequestsMax }, work));
      }
    } catch (error) {
      // The program has gone on, or the debugger is stuck: what is shown stays, and the next stop reads it.
      if (!(error instanceof MemoryError)) failed(error);
    } finally {
      pumping = undefined;
    }
  }

  async function readRun(pages: readonly PageNumber[], at: number): Promise<void> {
    const stateWithout = (page: PageNumber): PageState | undefined =>
      stateOf(page) ?? (refused.has(page) ? PageState.withheld : undefined);
    const asked = pages.filter((page) => stateWithout(page) === undefined);
    for (const page of pages) {
      const state = stateWithout(page);
      if (state !== undefined) learn(page, state, new Uint8Array(0), at);
    }
    if (asked.length < pages.length) for (const [view, watcher] of watchers) publish(view, watcher);
    for (const run of runsOf(asked, asked.length)) {
      const first = run[0] as PageNumber;
      const { bytes, states } = await memory.read({ start: addressOfPage(first), length: run.length * pageBytes });
      if (disposed || at !== epoch) return;
      run.forEach((page, i) =>
        learn(page, states[i] as PageState, bytes.slice(i * pageBytes, (i + 1) * pageBytes), at),
      );
      for (const [view, watcher] of watchers) publish(view, watcher);
    }
  }

  function learn(page: PageNumber, state: PageState, bytes: Uint8Array, at: number): void {
    const before = known.get(page);
    const same = before?.state === state && (state !== PageState.readable || Buffer.compare(before.bytes, bytes) === 0);
    if (state === PageState.withheld) refused.add(page);
    known.set(page, { state, bytes: same ? before.bytes : bytes, epoch: at });
    for (const watcher of watchers.values()) {
      if (!readsFor(watcher, page) || (same && watcher.told.has(page))) continue;
      watcher.told.add(page);
      watcher.dirty.add(page);
    }
  }

  function publish(view: number, watcher: Watcher): void {
    if (watcher.dirty.size === 0 || (!watcher.paused && watcher.inFlight.length >= framesInFlightMax)) return;
    const frame = buildFrame(++lastSeq, watchedPages(watcher.dirty), known);
    // What a paused view is shown once is not counted: it asks for no more.
    if (!watcher.paused) watcher.inFlight.push(frame.seq);
    for (const page of watcher.dirty) watcher.once.delete(page);
    watcher.dirty.clear();
    onFrame(view, frame);
  }

  /** What somebody else's view knows of pages is shown at once; the rest is read, if the program is stopped. */
  function show(view: number, watcher: Watcher): void {
    for (const page of watcher.wanted) {
      if (watcher.told.has(page) || !known.has(page) || !readsFor(watcher, page)) continue;
      watcher.told.add(page);
      watcher.dirty.add(page);
    }
    publish(view, watcher);
    void pump();
  }

  function forget(): void {
    for (const page of known.keys()) {
      const isKept = [...watchers.values()].some(({ wanted }) => wanted.includes(page));
      if (isKept) continue;
      known.delete(page);
      refused.delete(page);
    }
  }

  return {
    watch(view, pages) {
      const wanted = [...watchedPages(pages)];
      const old = watchers.get(view);
      if (wanted.length === 0 && old?.paused !== true) watchers.delete(view);
      else {
        const watcher = old ?? { wanted, paused: false, ...nothing() };
        const isKept = new Set(watcher.wanted);
        if (watcher.paused) watcher.once = new Set(wanted.filter((page) => !isKept.has(page)));
        watcher.wanted = wanted;
        const still = new Set(wanted);
        for (const set of [watcher.told, watcher.dirty]) for (const page of set) if (!still.has(page)) set.delete(page);
        watchers.set(view, watcher);
        show(view, watcher);
      }
      forget();
    },
    drawn(view, seq) {
      const watcher = watchers.get(view);
      if (watcher === undefined) return;
      watcher.inFlight = watcher.inFlight.filter((sent) => sent > seq);
      publish(view, watcher);
    },
    pause(view, paused) {
      const watcher = watchers.get(view) ?? { wanted: [], paused, ...nothing() };
      Object.assign(watcher, { paused, ...nothing() });
      watchers.set(view, watcher);
      if (!paused) show(view, watcher);
    },
    async renew() {
      epoch++;
      // What is under way was begun for the stop before.
      await pumping;
      await pump();
    },
    retry() {
      for (const page of refused) known.delete(page);
      refused.clear();
      void pump();
    },
    get isWatched() {
      return [...watchers.values()].some(({ wanted, paused }) => wanted.length > 0 && !paused);
    },
    dispose() {
      disposed = true;
      watchers.clear();
      known.clear();
    },
  };
}

function nothing(): Pick<Watcher, 'once' | 'told' | 'dirty' | 'inFlight'> {
  return { once: new Set(), told: new Set(), dirty: new Set(), inFlight: [] };
}
