import { MessageChannel, Worker } from 'node:worker_threads';
import { createChannel, type Channel, type Hears } from '../common/channel.ts';
import type { Disposable } from '../common/dispose.ts';
import { asError } from '../common/error.ts';
import type { AgentContract, AgentHostContract } from '../common/protocol.ts';
import { portOf } from './port.ts';

// The extension host imports this file and must not load koffi, so nothing here imports the library.

/** How long a thread has to end by itself. */
const endMsMax = 1000;

export interface Agent extends Disposable {
  readonly channel: Channel<AgentContract>;
}

/** For those who only ask: hears everything and keeps nothing. */
export const deaf: Hears<AgentHostContract['says']> = {
  frame: () => undefined,
  regions: () => undefined,
  residency: () => undefined,
  status: () => undefined,
  pulse: () => undefined,
  overwritten: () => undefined,
  saveProgress: () => undefined,
};

/**
 * Starts an agent in a worker thread of its own, out of `native/worker.ts` or what was bundled of it. When the worker dies,
 * every call that waits and every later one is rejected; `died` hears of it, unless it was disposed.
 */
export function openAgent(
  workerFile: string | URL,
  hears: Hears<AgentHostContract['says']>,
  died: (error: Error) => void = () => undefined,
): Agent {
  // Not the worker's own, which passes each message on as a second event: a tenth of what a short call takes.
  const { port1: port, port2: itsPort } = new MessageChannel();
  const worker = new Worker(workerFile, { name: 'live-memory agent', workerData: itsPort, transferList: [itsPort] });
  const channel = createChannel<AgentHostContract, AgentContract>(portOf(port), {}, hears);
  let ended = false;
  let overdue: NodeJS.Timeout | undefined;

  function end(error: Error): void {
    channel.close(error);
    if (ended) return;
    ended = true;
    died(error);
  }
  worker.on('error', (error) => end(asError(error)));
  worker.on('exit', (code) => {
    clearTimeout(overdue);
    port.close();
    end(new Error(`The agent has ended (${code}). Attach again to go on.`));
  });

  return {
    channel,
    dispose() {
      ended = true;
      channel.close(new Error('Detached.'));
      // At which the thread takes back what it has begun, a file that it saves to, and ends by itself.
      port.close();
      // Not waited for: one that sleeps in the kernel ends when the kernel lets it.
      overdue = setTimeout(() => void worker.terminate(), endMsMax);
      overdue.unref();
      worker.unref();
    },
  };
}
