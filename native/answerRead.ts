import { lending, moving } from '../common/channel.ts';
import type { ReadResult } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import type { Process } from './process.ts';
import type { ReadOptions } from './source.ts';

/** What is copied out of a buffer that stays; more is moved. To make a small one, ask where it is and give it away is dearer. */
const keptBytesMax = 64 * 1024;

/** Reads for answers to messages. Throws as `readIntoSync` does. */
export function createReadAnswers(): (target: Process, range: Range, options: ReadOptions) => ReadResult {
  let kept: Uint8Array<ArrayBuffer> | undefined;
  return (target, range, options) => {
    // As long as the answer: a part of a buffer would take all of it along.
    const free = kept?.length === range.length ? kept.fill(0) : undefined;
    kept = undefined;
    const bytes = free ?? new Uint8Array(new ArrayBuffer(range.length));
    const states = target.readIntoSync(range, bytes, options).states;
    if (range.length > keptBytesMax) return moving({ bytes, states }, [bytes.buffer, states.buffer]);
    return lending({ bytes, states }, () => (kept = bytes));
  };
}
