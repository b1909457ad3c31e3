// Run under strace by syscalls.test.ts: serves an agent in this very process, and prints when each of its phases began and ended.
import { createChannel, type Port } from '../../common/channel.ts';
import type { AgentContract, AgentHostContract } from '../../common/protocol.ts';
import { serveAgent } from '../../native/agent.ts';
import { deaf } from '../../native/spawn.ts';

const [, , pid, firstPage] = process.argv;

/** Two ends of a wire within one thread. */
function wire(): [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (mine: number): Port => ({
    post: (message) => queueMicrotask(() => listeners[1 - mine]?.(message)),
    listen: (receive) => void (listeners[mine] = receive),
  });
  return [end(0), end(1)];
}

const [agentEnd, hostEnd] = wire();
const agent = serveAgent(agentEnd);
const channel = createChannel<AgentHostContract, AgentContract>(
  hostEnd,
  {},
  {
    ...deaf,
    frame: ({ view, frame }) => channel.say('drawn', { view, seq: frame.seq }),
  },
);
const phases: Record<string, [number, number]> = {};
async function phase(name: string, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  const begun = Date.now() / 1000;
  await new Promise((resolve) => setTimeout(resolve, ms));
  phases[name] = [begun, Date.now() / 1000];
}
const pages = (from: number, count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Number(firstPage) + from + i);

await channel.call('attach', { pid: Number(pid) });
await phase('attached', 1500);
channel.say('watch', { view: 1, pages: pages(0, 40) });
channel.say('watch', { view: 2, pages: pages(20, 40) });
channel.say('watch', { view: 3, pages: pages(200, 40) });
await phase('watched', 2500);
channel.say('pause', { view: 1, paused: true });
channel.say('watch', { view: 2, pages: new Float64Array(0) });
channel.say('watch', { view: 3, pages: new Float64Array(0) });
await phase('hidden', 1500);
agent.dispose();
console.log(JSON.stringify(phases));
process.exit(0);
