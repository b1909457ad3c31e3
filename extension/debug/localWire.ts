import type { Port } from '../../common/channel.ts';

/**
 * The two ends of a wire inside one thread. What is posted arrives in order, after whatever runs now; nothing is copied, so
 * both sides keep their hands off what they have posted.
 */
export function createLocalWire(): readonly [Port, Port] {
  const receivers: [((message: unknown) => void)[], ((message: unknown) => void)[]] = [[], []];
  const port = (mine: 0 | 1): Port => ({
    post: (message) => queueMicrotask(() => receivers[mine === 0 ? 1 : 0].forEach((receive) => receive(message))),
    listen: (receive) => void receivers[mine].push(receive),
  });
  return [port(0), port(1)];
}
