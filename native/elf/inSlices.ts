import { MemoryError } from '../../common/error.ts';
import { symbolSliceMs } from '../../common/limits.ts';

/**
 * Runs work that comes in small steps, and lets the thread do something else now and then. Rejects with Cancelled when
 * `isWanted` says no; the work's `finally` has run then.
 */
export async function inSlices<T>(steps: Generator<void, T>, isWanted: () => boolean): Promise<T> {
  try {
    for (let begunMs = performance.now(); ;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (performance.now() - begunMs < symbolSliceMs) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (!isWanted()) throw new MemoryError('Cancelled', 'It has been detached. Attach again to go on.');
      begunMs = performance.now();
    }
  } finally {
    steps.return(undefined as T);
  }
}
