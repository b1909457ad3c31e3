/**
 * Keeps the event loop of this thread turning for a moment, so that a message finds it awake: to wake a thread that sleeps takes
 * longer than to read a page. Costs a processor's time for that moment and no more; what else waits in the loop has its turns.
 */
export interface Awake {
  /** From now on for as long as `createAwake` was told, however often it is called meanwhile. */
  keep(): void;
}

export function createAwake(forMs: number): Awake {
  let untilMs = 0;
  let isTurning = false;

  function turn(): void {
    isTurning = performance.now() < untilMs;
    // A loop with something to do at once looks for messages without sleeping.
    if (isTurning) setImmediate(turn);
  }

  return {
    keep() {
      untilMs = performance.now() + forMs;
      if (isTurning) return;
      isTurning = true;
      setImmediate(turn);
    },
  };
}
