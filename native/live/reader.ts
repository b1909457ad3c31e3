import type { Disposable } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import type { Frame } from '../../common/frame.ts';
import {
  framesInFlightMax,
  refreshRateMax,
  refreshRateMin,
  restAfterMs,
  restIntervalMs,
  tickMsMin,
} from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import type { Pulse } from '../../common/protocol.ts';
import { createPlan, type LiveSource } from '../source.ts';
import { diff } from './diff.ts';
import { buildFrame } from './frame.ts';
import { indexOfPage, mergePages, watchedPages } from './plan.ts';
import { createPlans } from './plans.ts';

export interface ReaderOptions {
  /** Between ticks; 1000 / 60 unless given. */
  readonly intervalMs?: number;
  /** The source has gone, or refuses. Nothing is read any more, and nothing of what the failed tick read was told. */
  readonly ended: (error: Error) => void;
  /** At most once a second, while something is watched. */
  readonly pulse?: (pulse: Pulse) => void;
  /** A watched page has become unreadable since the last tick. */
  readonly lost?: () => void;
}

/** The one loop that reads a source for all who watch it. */
export interface Reader extends Disposable {
  subscribe(onFrame: (frame: Frame) => void): Subscription;
  setTempo(intervalMs: number): void;
  /**
   * Held: reads at once, and then only what is asked for (scrolling, `refresh`), because nothing else can change: a
   * debugger has stopped the process. Let go: live again.
   */
  hold(held: boolean): void;
  /** Reads once, at once. */
  refresh(): void;
  /** Asks once more for pages that could not be read: one may have come back, and the regions look as they did. */
  retry(): void;
  /** Whether anybody watches any page. */
  readonly isWatched: boolean;
}

export interface Subscription extends Disposable {
  /** Replaces what is watched. Pages that were not watched before come in the next frame, whatever they hold. */
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
  let intervalMs = options.intervalMs ?? 1000 / refreshRateMax;
  let timer: NodeJS.Timeout | undefined;
  let dueMs = 0;
  let lastMs = -Infinity;
  /** When anything last differed, or something else came to be watched. */
  let changedMs = 0;
  let lastSeq = 0;
  let ended = false;
  let held = false;
  let ticks = 0;
  let pulseMs = 0;

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
    timer = undefined;
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
      if (count > 0 && !proven && !source.isAlive()) throw gone();
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (count > 0) {
      changedMs = begunMs;
      mark();
      plans.told = next;
      plans.next = told;
      // Holes are known to both halves: the other one is not to ask for them again.
      told.plan.states.set(next.plan.states);
    }
    for (const watcher of watchers) publish(watcher, timeMs);
    lastMs = begunMs;
    beat(begunMs, readMs);
    schedule();
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

  function publish(watcher: Watcher, timeMs: number): void {
    if (watcher.inFlight.length >= framesInFlightMax || !watcher.dirty.includes(1)) return;
    const seq = ++lastSeq;
    watcher.inFlight.push(seq);
    const frame = buildFrame(seq, timeMs, watcher, plans.told.plan);
    watcher.dirty.fill(0);
    watcher.onFrame(frame);
  }

  /** Reads pages once, for a watcher that has scrolled while it is paused. */
  function showOnce(watcher: Watcher, pages: Float64Array): void {
    if (ended) return;
    const plan = { ...createPlan(pages), faultIn: new Uint8Array(pages.length).fill(watcher.faultIn ? 1 : 0) };
    try {
      if (!source.fill(plan) && !source.isAlive()) throw gone();
    } catch (error) {
      end(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    const everything = { pages, at: Int32Array.from(pages, (_, i) => i), dirty: new Uint8Array(pages.length).fill(1) };
    watcher.onFrame(buildFrame(++lastSeq, Date.now(), everything, plan));
  }

  function beat(nowMs: number, readMs: number): void {
    ticks++;
    if (nowMs - pulseMs < 1000) return;
    options.pulse?.({
      readMicroseconds: Math.round(readMs * 1e6) / 1e3,
      ticks: Math.round((ticks * 1000) / (nowMs - pulseMs)),
    });
    pulseMs = nowMs;
    ticks = 0;
  }

  /** Keeps to a grid, so that timers that fire late do not add up; ticks that were missed are not made up for. */
  function schedule(): void {
    if (ended || held || timer !== undefined) return;
    const nowMs = performance.now();
    const paceMs = nowMs - changedMs > restAfterMs ? Math.max(intervalMs, restIntervalMs) : intervalMs;
    dueMs += paceMs;
    // A timer may fire early as well as late; only a time that is off by more than that is given up.
    if (dueMs < nowMs - paceMs || dueMs > nowMs + 2 * paceMs) dueMs = nowMs + paceMs;
    // Node's timers round down to whole milliseconds: rounding here keeps the average.
    timer = setTimeout(tick, Math.max(0, Math.round(dueMs - nowMs)));
  }

  /** The pages have changed: read them at once, so that scrolling does not wait for the next tick. */
  function hurry(): void {
    planIsOld = true;
    if (ended) return;
    clearTimeout(timer);
    timer = undefined;
    if (!isWatched()) {
      plan();
      return;
    }
    const nowMs = performance.now();
    if (pulseMs === 0 || nowMs - lastMs > 1000) {
      pulseMs = nowMs;
      ticks = 0;
    }
    changedMs = nowMs;
    dueMs = Math.max(nowMs, lastMs + tickMsMin);
    timer = setTimeout(tick, Math.ceil(dueMs - nowMs));
  }

  function end(error: Error): void {
    ended = true;
    clearTimeout(timer);
    timer = undefined;
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
    clearTimeout(timer);
    tick();
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
      if (held) refresh();
      else hurry();
    },
    refresh,
    setTempo(ms) {
      intervalMs = Math.min(1000 / refreshRateMin, Math.max(1000 / refreshRateMax, Number.isFinite(ms) ? ms : 0));
      if (timer === undefined) return;
      clearTimeout(timer);
      timer = undefined;
      schedule();
    },
    retry() {
      // Only in the half that is read into: what was told stays as it is, so that the diff finds what has become of it.
      const { states } = plans.next.plan;
      for (let i = 0; i < states.length; i++) {
        if (states[i] !== PageState.readable) states[i] = PageState.unread;
      }
    },
    get isWatched() {
      return isWatched();
    },
    dispose() {
      ended = true;
      clearTimeout(timer);
      watchers.clear();
    },
  };
}

function gone(): MemoryError {
  return new MemoryError('Gone', 'The process has gone. Attach again to go on.');
}
