import type { Frame } from '../../common/frame.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import type { ReadPlan } from '../source.ts';

/** Pages that somebody watches, where each of them is in a plan, and which of them have changed since they were sent. */
export interface Watched {
  readonly pages: Float64Array;
  readonly at: Int32Array;
  /** 1 for each that has. */
  readonly dirty: Uint8Array;
}

/** The dirty pages of a watcher, in buffers of their own that are exactly as long as what is in them. */
export function buildFrame(seq: number, timeMs: number, watcher: Watched, plan: ReadPlan): Frame {
  const { dirty, at } = watcher;
  let count = 0;
  let readable = 0;
  for (let i = 0; i < dirty.length; i++) {
    if (dirty[i] === 0) continue;
    count++;
    if (plan.states[at[i] as number] === PageState.readable) readable++;
  }
  const pages = new Float64Array(new ArrayBuffer(count * 8));
  const states = new Uint8Array(new ArrayBuffer(count));
  const bytes = new Uint8Array(new ArrayBuffer(readable * pageBytes));
  let row = 0;
  let filled = 0;
  for (let i = 0; i < dirty.length; i++) {
    if (dirty[i] === 0) continue;
    const index = at[i] as number;
    const state = plan.states[index] as number;
    pages[row] = watcher.pages[i] as number;
    states[row++] = state;
    if (state !== PageState.readable) continue;
    bytes.set(plan.bytes.subarray(index * pageBytes, (index + 1) * pageBytes), filled);
    filled += pageBytes;
  }
  return { seq, timeMs, pages, states, bytes };
}
