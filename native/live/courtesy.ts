import { courtesyIntervalMsMax, courtesyLookMs, courtesyStep, refreshRateMax } from '../../common/limits.ts';
import type { Share } from '../linux/schedstat.ts';

/**
 * Gives way to the program. What is found is passed on, drawn and composed by others, which takes far more of a processor than
 * reading does; where processors are few, the program has to wait for one of its own meanwhile. So the loop looks less often
 * for as long as it does.
 */
export interface Courtesy {
  /** To be called while what is found is passed on, as often as you like. Whether `intervalMs` has changed. */
  look(nowMs: number): boolean;
  /** The least that it should be from one look to the next; 0 where nobody waits. */
  readonly intervalMs: number;
}

/** Of the time that the program could have run: with more of it lost it is given way to, with less the loop dares more again. */
const slowedFrom = 0.015;
const slowedUpTo = 0.005;

/** A program that could run for less of the time than this does not care. */
const busyFrom = 0.5;

/** Looks in a row that have to agree: the scheduler's blinks are none of ours. */
const looksToSlow = 2;
const looksToHurry = 4;

const fullMs = 1000 / refreshRateMax;

export function createCourtesy(share: () => Share | undefined): Courtesy {
  let intervalMs = 0;
  let lookedMs = -Infinity;
  let slowed = 0;
  let unslowed = 0;
  return {
    look(nowMs) {
      const tookMs = nowMs - lookedMs;
      if (tookMs < courtesyLookMs) return false;
      lookedMs = nowMs;
      const had = share();
      // Nobody looked for a while, and what came in between says nothing about now.
      if (tookMs > 4 * courtesyLookMs || had === undefined) return false;
      const could = had.ran + had.waited;
      const lost = could < busyFrom * tookMs ? 0 : had.waited / could;
      slowed = lost > slowedFrom ? slowed + 1 : 0;
      unslowed = lost < slowedUpTo ? unslowed + 1 : 0;
      const before = intervalMs;
      if (slowed >= looksToSlow)
        intervalMs = Math.min(Math.max(intervalMs, fullMs) * courtesyStep, courtesyIntervalMsMax);
      if (unslowed >= looksToHurry && intervalMs > 0) {
        unslowed = 0;
        intervalMs /= courtesyStep;
        if (intervalMs < fullMs * 1.01) intervalMs = 0;
      }
      return intervalMs !== before;
    },
    get intervalMs() {
      return intervalMs;
    },
  };
}
