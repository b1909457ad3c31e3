import { MemoryError } from '../common/error.ts';
import { isCancelled } from './log.ts';
import type { View } from './view.ts';

/** Runs what a view was asked for; the view says what came of it, or why it could not be done. */
export async function inView(view: View, run: () => Promise<string | undefined | void>): Promise<void> {
  try {
    const outcome = await run();
    if (typeof outcome === 'string') view.notice('info', outcome);
  } catch (error) {
    if (isCancelled(error)) return;
    if (!(error instanceof MemoryError)) throw error;
    view.notice('error', error.message);
  }
}
