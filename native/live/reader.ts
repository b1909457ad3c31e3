import type { Disposable } from '../../common/dispose.ts';
import { asError, MemoryError } from '../../common/error.ts';
import type { Frame } from '../../common/frame.ts';
import { framesInFlightMax } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import type { Pulse } from '../../common/protocol.ts';
import { watchedPages } from '../../common/watched.ts';
import { createPlan, type LiveSource } from '../source.ts';
import { diff } from './diff.ts';
import { buildFrame } from './frame.ts';
import { indexOfPage, mergePages } from './plan.ts';
import { createPlans } from './plans.ts';
import type { Courtesy } from './courtesy.ts';
import { createTempo } from './tempo.ts';

export interface ReaderOptions {
  /** Between ticks; 1000 / 60 unless given. */
  readonly intervalMs?: number;
  /** The source has gone, or refuses. Nothing is read any more, and nothing of what the failed tick read was told. */
  readonly ended: (error: Error) => void;
  /** At most once a second, while something is watched. */
  readonly pulse?: (pulse: Pulse) => void;
  /** Makes the loop give way to the program; without it, it never does. */
  readonly courtesy?: Courtesy;
  /** A watched page has become unreadable since the last tick. */
  readonly lost?: () => void;
}

/** The one loop that reads a source for all who watch it. */
export interface Reader extends Disposable {
  subscribe(onFrame: (frame: Frame) => void): Subscription;
  setTempo(intervalMs: number): void;
  /**
   * Held: reads at once, and then only what is asked for (scrolling, `refresh`), because nothing else can change: a
   * debugger has stopped the process. Let go: live again, and eagerly so at first, for most steps are over at once.
   */
  hold(held: boolean): void;
  /** Reads once, at once, and asks again for pages that could not be read. */
  refresh(): void;
  /**
   * The next read asks once more for pages that could not be read: one may have come back, and the regions look as they did.
   * Whether there are any, leaving out those that are not in memory, which every read asks for. Held, no read comes by itself.
   */
  retry(): boolean;
  /** Whether anybody watches any page. */
  readonly isWatched: boolean;
}

export interface Subscription extends Disposable {
  /**
   * Replaces what is watched: whole pages, in any order, no more than 256 different ones; those that come after them are left
   * out. Pages that were not watched before come in the next frame, whatever they hold.
   */
  watch(pages: Float64Array): void;
  /** The frame with this number, and all before it, have been painted. */
  drawn(seq: number): void;
  /** Whether pages that are not in memory are read too, which brings them in. */
  faultIn(on: boolean): void;
  /** Paused: watches nothing, and keeps what it would watch. Pages that come into view meanwhile are read once. */
  pause(paused: boolean): void;
}

/** What the reader keeps of one subscription. */
interface Watcher {
  readonly onFrame: (frame: Frame) => void;
  wanted: Float64Array;
  /** What it wanted last, but for nothing at all: what it has bytes of while it is paused. */
  kept: Float64Array;
  paused: boolean;
  faultIn: boolean;
  /** Pages that are read for it: `wanted`, or none when paused. */
  pages: Float64Array;
  /** Where each of them is in the plan. */
  at: Int32Array;
  /** 1 for each of them that has changed since it was last sent. */
  dirty: Uint8Array;
  /** Numbers of the frames that were sent and not painted. */
  inFlight: number[];
}

export function createReader(source: LiveSource, options: ReaderOptions): Reader {
  const watchers = new Set<Watcher>();
  let plans = createPlans(new Float64Array(0), undefined);
  let planIsOld = false;
  const tempo = createTempo(tick, options.intervalMs);
  /** When the last tick that went well began. */
  let lastMs = -Infinity;
  /** When what was told last was read, by the clock. */
  let toldMs = 0;
  let lastSeq = 0;
  let ended = false;
  let held = false;
  let ticks = 0;
  /** When the tick began from which ticks are counted. */
  let pulseMs: number | undefined;

  function plan(): void {
    planIsOld = false;
    const lists: Float64Array[] = [];
    for (const watcher of watchers) if (watcher.pages.length > 0) lists.push(watcher.pages);
    plans = createPlans(mergePages(lists), plans);
    for (const watcher of watchers) {
      watcher.at = Int32Array.from(watcher.pages, (page) => indexOfPage(plans.pages, page));
      if (watcher.faultIn) for (const at of watcher.at) plans.faultIn[at] = 1;
    }
  }

  function tick(): void {
    tempo.began();
    if (planIsOld) plan();
    if (plans.pages.length === 0) return;
    const { told, next, changed } = plans;
    const begunMs = performance.now();
    const timeMs = Date.now();
    let readMs: number;
    let count: number;
    try {
      const proven = source.fill(next.plan);
      readMs = performance.now() - begunMs;
      count = diff(told.reading, next.reading, changed);
      // Bytes that differ may be another program's: nothing is told before it is known whose they are.
      if (count > 0 && !proven && !source.isAlive()) throw gone(source);
    } catch (error) {
      end(asError(error));
      return;
    }
    if (count > 0) {
      tempo.changed(begunMs);
      mark();
      plans.told = next;
      plans.next = told;
      // Holes are known to both halves: the other one is not to ask for them again.
      told.plan.states.set(next.plan.states);
    }
    toldMs = timeMs;
    for (const watcher of watchers) {
      // What comes between is not to take the place on the way of what the tempo, or a stop, brings.
      if (!tempo.isBetween || watcher.inFlight.length <= 1) publish(watcher);
    }
    lastMs = begunMs;
    const { courtesy } = options;
    if (count > 0 && !held && courtesy?.look(begunMs) === true) tempo.atLeast(courtesy.intervalMs);
    beat(begunMs, readMs);
    if (!held && !ended) tempo.next();
  }

  function isWatched(): boolean {
    for (const watcher of watchers) if (watcher.pages.length > 0) return true;
    return false;
  }

  /** Passes what changed on to the watchers, before the halves swap. */
  function mark(): void {
    const { changed, told, next } = plans;
    let lost = false;
    for (let i = 0; i < changed.length; i++) {
      if (changed[i] === 0 || next.plan.states[i] === PageState.readable) continue;
      lost ||= told.plan.states[i] === PageState.readable;
      // What is left of a page that is gone would make the two halves differ for ever.
      for (const { reading } of [told, next]) reading.bytes.fill(0, i * pageBytes, (i + 1) * pageBytes);
    }
    for (const watcher of watchers) {
      const { at, dirty } = watcher;
      for (let i = 0; i < at.length; i++) if (changed[at[i] as number] === 1) dirty[i] = 1;
    }
    if (lost) options.lost?.();
  }

  function publish(watcher: Watcher): void {
    // Where its pages are is not known before the tick that is to come, and nothing that waits for it is lost.
    if (planIsOld) return;
    if (watcher.inFlight.length >= framesInFlightMax || !watcher.dirty.includes(1)) return;
    const seq = ++lastSeq;
    watcher.inFlight.push(seq);
    const frame = buildFrame(seq, toldMs, watcher, plans.told.plan);
    watcher.dirty.fill(0);
    // To the end of the line: whoever makes others watch something else in its frames would keep them from theirs for ever.
    watchers.delete(watcher);
    watchers.add(watcher);
    watcher.onFrame(frame);
  }

  /** Reads pages once, for a watcher that has scrolled while it is paused. */
  function showOnce(watcher: Watcher, pages: Float64Array): void {
    if (!watchers.has(watcher)) return;
    const plan = { ...createPlan(pages), faultIn: new Uint8Array(pages.length).fill(watcher.faultIn ? 1 : 0) };
    try {
      if (!source.fill(plan) && !source.isAlive()) throw gone(source);
    } catch (error) {
      end(asError(error));
      return;
    }
    const everything = { pages, at: Int32Array.from(pages, (_, i) => i), dirty: new Uint8Array(pages.length).fill(1) };
    watcher.onFrame(buildFrame(++lastSeq, Date.now(), everything, plan));
  }

  function beat(nowMs: number, readMs: number): void {
    if (pulseMs === undefined) {
      pulseMs = nowMs;
      ticks = 0;
      return;
    }
    if (!tempo.isBetween) ticks++;
    if (nowMs - pulseMs < 1000) return;
    options.pulse?.({
      readMicroseconds: Math.round(readMs * 1e6) / 1e3,
      ticks: Math.round((ticks * 1000) / (nowMs - pulseMs)),
      ...(tempo.givesWay && { givesWay: true }),
    });
    pulseMs = nowMs;
    ticks = 0;
  }

  /** The pages have changed: read them at once, so that scrolling does not wait for the next tick. */
  function hurry(): void {
    planIsOld = true;
    if (ended) return;
    if (!isWatched()) {
      tempo.stop();
      plan();
      return;
    }
    if (performance.now() - lastMs > 1000) pulseMs = undefined;
    tempo.hurry();
  }

  function end(error: Error): void {
    ended = true;
    tempo.stop();
    watchers.clear();
    plans = createPlans(new Float64Array(0), undefined);
    options.ended(error);
  }

  function setPages(watcher: Watcher): void {
    const pages = watcher.paused ? new Float64Array(0) : watcher.wanted;
    const dirty = new Uint8Array(pages.length).fill(1);
    watcher.pages.forEach((page, i) => {
      const kept = indexOfPage(pages, page);
      if (kept >= 0) dirty[kept] = watcher.dirty[i] as number;
    });
    if (pages.length === 0) watcher.inFlight = [];
    watcher.pages = pages;
    watcher.dirty = dirty;
    hurry();
  }

  function refresh(): void {
    if (ended || !isWatched()) return;
    retry();
    tempo.stop();
    tick();
  }

  function retry(): boolean {
    // Only in the half that is read into: what was told stays as it is, so that the diff finds what has become of it.
    const { states } = plans.next.plan;
    let any = false;
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      if (state === PageState.readable) continue;
      any ||= state !== PageState.absent && state !== PageState.swapped;
      states[i] = PageState.unread;
    }
    return any;
  }

  return {
    subscribe(onFrame) {
      const watcher: Watcher = {
        onFrame,
        wanted: new Float64Array(0),
        kept: new Float64Array(0),
        paused: false,
        faultIn: false,
        pages: new Float64Array(0),
        at: new Int32Array(0),
        dirty: new Uint8Array(0),
        inFlight: [],
      };
      if (!ended) watchers.add(watcher);
      return {
        watch(pages) {
          const wanted = watchedPages(pages);
          const fresh = wanted.filter((page) => indexOfPage(watcher.kept, page) < 0);
          watcher.wanted = wanted;
          if (wanted.length > 0) watcher.kept = wanted;
          if (!watcher.paused) setPages(watcher);
          else if (fresh.length > 0) showOnce(watcher, fresh);
        },
        drawn(seq) {
          watcher.inFlight = watcher.inFlight.filter((sent) => sent > seq);
          // No tick comes that would tell what had to wait.
          if (held && watchers.has(watcher)) publish(watcher);
        },
        faultIn(on) {
          if (watcher.faultIn === on) return;
          watcher.faultIn = on;
          if (!watcher.paused) hurry();
          else if (on) showOnce(watcher, watcher.wanted);
        },
        pause(paused) {
          if (watcher.paused === paused) return;
          watcher.paused = paused;
          setPages(watcher);
        },
        dispose() {
          watchers.delete(watcher);
          hurry();
        },
      };
    },
    hold(next) {
      held = next;
      if (held) {
        refresh();
        return;
      }
      tempo.eager();
      hurry();
    },
    refresh,
    setTempo: (ms) => tempo.set(ms),
    retry,
    get isWatched() {
      return isWatched();
    },
    dispose() {
      ended = true;
      tempo.stop();
      watchers.clear();
    },
  };
}

function gone(source: LiveSource): Error {
  return source.gone?.() ?? new MemoryError('Gone', 'The process has gone. Attach again to go on.');
}
