import type { MessagePort, Transferable } from 'node:worker_threads';
import type { Port } from '../common/channel.ts';

/** One end of a wire between threads, as a channel wants it. */
export function portOf(end: MessagePort): Port {
  return {
    post: (message, transfer) => end.postMessage(message, transfer as readonly Transferable[] | undefined),
    listen: (receive) => void end.on('message', receive),
  };
}
