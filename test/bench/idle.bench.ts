// What a visible view costs the agent while nothing changes, and while everything does, of one core.
import { pageOf } from '../../common/page.ts';
import { deaf, openAgent } from '../../native/spawn.ts';
import { startTarget } from '../target/target.ts';
import type { BenchResult } from './bench.ts';
import { buildAgent } from '../agentFile.ts';

const seconds = 4;

/** Processor time of this process, the agent's thread included, in percent of one core. */
async function load(): Promise<number> {
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e4 / seconds;
}

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask('map 16 rw 1'));
  const agent = openAgent(buildAgent(), {
    ...deaf,
    frame: ({ view, frame }) => agent.channel.say('drawn', { view, seq: frame.seq }),
  });
  await agent.channel.call('attach', { pid: target.pid });
  const watch = async (pages: number): Promise<number> => {
    agent.channel.say('watch', { view: 1, pages: Float64Array.from({ length: pages }, (_, i) => pageOf(at) + i) });
    // The compiler's own work on what has just begun to run is no part of it.
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return load();
  };
  const hidden = await watch(0);
  const still = await watch(2);
  await target.ask(`count ${at.toString(16)} 1000`);
  const moving = await watch(2);
  agent.dispose();
  target.dispose();
  return [
    { name: 'an attached target whose view is hidden', value: hidden, unit: '% core', limit: 0.2 },
    { name: 'a visible view, 60 Hz, nothing changes', value: still, unit: '% core', limit: 1 },
    { name: 'a visible view, 60 Hz, a page changes each tick', value: moving, unit: '% core' },
  ];
}
