/**
 * Does something at once. What is asked for within `restMs` of it is done by whoever asks next after that, or by itself when
 * nobody has asked for `graceMs` more: work that comes along with other work costs less than by itself.
 */
export interface Pace {
  /** Not more often than every `restMs`. */
  soon(): void;
  /** At once, however short ago the last one was. */
  now(): void;
}

export function createPace(restMs: number, graceMs: number, body: () => void): Pace {
  let doneMs = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function now(): void {
    clearTimeout(timer);
    timer = undefined;
    doneMs = performance.now();
    body();
  }

  return {
    now,
    soon() {
      const leftMs = doneMs + restMs - performance.now();
      if (leftMs <= 0) now();
      else timer ??= setTimeout(now, leftMs + graceMs);
    },
  };
}
