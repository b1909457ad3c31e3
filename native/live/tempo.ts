import {
  eagerForMs,
  eagerMs,
  refreshRateMax,
  refreshRateMin,
  restAfterMs,
  restIntervalMs,
  tickMsMin,
} from '../../common/limits.ts';

/** When the one loop ticks. At most one tick is planned at a time. */
export interface Tempo {
  /** Milliseconds between two ticks, kept to what makes sense. */
  set(intervalMs: number): void;
  /** The tick that was planned has begun. */
  began(): void;
  /** The least that there is to be between two ticks for now; 0 for no more than `set` says. */
  atLeast(intervalMs: number): void;
  /** Something differed, at `nowMs`: it does not rest for a while. */
  changed(nowMs: number): void;
  /** Plans the next tick, where none is planned. */
  next(): void;
  /** The next tick comes as soon as it may. */
  hurry(): void;
  /** From now on it also ticks in between, for a while. */
  eager(): void;
  /** No tick is planned any more. */
  stop(): void;
  /** Whether `atLeast` makes it slower than `set` has. */
  readonly givesWay: boolean;
  /** Whether the tick that is planned, or has begun, is one in between. */
  readonly isBetween: boolean;
}

export function createTempo(tick: () => void, given: number = 1000 / refreshRateMax): Tempo {
  let intervalMs = given;
  let timer: NodeJS.Timeout | undefined;
  /** When the next tick of the grid is due. */
  let dueMs = 0;
  let lastMs = -Infinity;
  /** When anything last differed, or something else came to be watched. */
  let changedMs = 0;
  let isBetween = false;
  let eagerUntilMs = -Infinity;
  let leastMs = 0;

  function next(): void {
    if (timer !== undefined) return;
    const nowMs = performance.now();
    if (!isBetween) advance(nowMs);
    isBetween = nowMs < eagerUntilMs && nowMs + eagerMs < dueMs;
    // Node's timers round down to whole milliseconds: rounding here keeps the average.
    timer = setTimeout(tick, isBetween ? eagerMs : Math.max(0, Math.round(dueMs - nowMs)));
  }

  /** Keeps to a grid, so that timers that fire late do not add up; ticks that were missed are not made up for. */
  function advance(nowMs: number): void {
    const paceMs = Math.max(intervalMs, leastMs, nowMs - changedMs > restAfterMs ? restIntervalMs : 0);
    dueMs += paceMs;
    // A timer may fire early as well as late; only a time that is off by more than that is given up.
    if (dueMs < nowMs - paceMs || dueMs > nowMs + 2 * paceMs) dueMs = nowMs + paceMs;
  }

  function stop(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  return {
    set(ms) {
      intervalMs = Math.min(1000 / refreshRateMin, Math.max(1000 / refreshRateMax, Number.isFinite(ms) ? ms : 0));
      if (timer === undefined) return;
      stop();
      next();
    },
    atLeast(ms) {
      leastMs = ms;
    },
    began() {
      timer = undefined;
      lastMs = performance.now();
    },
    changed(nowMs) {
      changedMs = nowMs;
    },
    next,
    hurry() {
      stop();
      isBetween = false;
      changedMs = performance.now();
      dueMs = Math.max(changedMs, lastMs + tickMsMin);
      timer = setTimeout(tick, Math.ceil(dueMs - changedMs));
    },
    eager() {
      eagerUntilMs = performance.now() + eagerForMs;
    },
    stop() {
      stop();
      isBetween = false;
    },
    get givesWay() {
      return leastMs > intervalMs;
    },
    get isBetween() {
      return isBetween;
    },
  };
}
