import type { MessagePort, Transferable, Worker } from 'node:worker_threads';
import type { Port } from '../common/channel.ts';

/** A worker, or the end of a wire inside one, as a channel wants it. */
export function portOf(end: MessagePort | Worker): Port {
  return {
    post: (message, transfer) => end.postMessage(message, transfer as readonly Transferable[] | undefined),
    listen: (receive) => void end.on('message', receive),
  };
}
