/** A change glows for this long, in as many steps; own writes are marked longer, because one looks for them. */
export const glowMs = 1000;
export const glowSteps = 4;
export const writtenMs = 4000;

/**
 * What a byte looks like besides its text. 0: nothing. 1…4: a change, the newest first. 5: an own write. 6: changed since the
 * last stop.
 */
export type Mark = 0 | 1 | 2 | 3 | 4 | 5 | 6;
export const writtenMark: Mark = 5;
export const sinceStopMark: Mark = 6;

/** The mark of a byte; a change by the program after an own write is a change again. */
export function markOf(changedAt: number, writtenAt: number, now: number): Mark {
  if (changedAt > 0 && changedAt >= writtenAt) {
    const age = now - changedAt;
    if (age < glowMs) return (1 + Math.min(glowSteps - 1, Math.floor((age * glowSteps) / glowMs))) as Mark;
  }
  return writtenAt > changedAt && now - writtenAt < writtenMs ? writtenMark : 0;
}

/** Whether anything that happened at `hotAt` can still be seen. */
export function isHot(hotAt: number, now: number): boolean {
  return hotAt > 0 && now - hotAt < writtenMs;
}
