import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { onTestFinished, expect, test } from 'vitest';
import { watchSchedule } from '../../native/linux/schedstat.ts';
import { addressOf, connectTo, pagesFrom, pause, startScratch, until, type Connected } from './support.ts';

// A program that wants a whole processor, and another that wants the same one.
const processor = '0';

async function startBusy(): Promise<{ pid: number; at: bigint }> {
  const target = await startScratch();
  execFileSync('taskset', ['-apc', processor, String(target.pid)]);
  await target.ask(`count ${target.facts['counter']} 0`);
  return { pid: target.pid, at: addressOf(target, 'counter') };
}

function startRival(): ChildProcess {
  const rival = spawn('taskset', ['-c', processor, process.execPath, '-e', 'for (;;);'], { stdio: 'ignore' });
  onTestFinished(() => void rival.kill('SIGKILL'));
  return rival;
}

test('what the threads of a process have run and waited is told since the call before', async () => {
  const { pid } = await startBusy();
  const share = watchSchedule(pid);
  expect(share()).toEqual({ ran: 0, waited: 0 });
  startRival();
  await pause(300);
  share();
  const begun = performance.now();
  await pause(1000);
  const had = share();
  const tookMs = performance.now() - begun;
  // Between them they have one processor, which others want too.
  expect(had?.ran).toBeGreaterThan(0.1 * tookMs);
  expect(had?.ran).toBeLessThan(0.7 * tookMs);
  expect((had?.ran ?? 0) + (had?.waited ?? 0)).toBeGreaterThan(0.9 * tookMs);
  expect((had?.ran ?? 0) + (had?.waited ?? 0)).toBeLessThan(1.1 * tookMs);
  expect(watchSchedule(2 ** 22 + 1)()).toBeUndefined();
});

test('agent: a program that has to wait for a processor is given way to, and only while it has to', async () => {
  const { pid, at } = await startBusy();
  const agent = await connectTo(pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 1) });
  const rival = startRival();
  const latest = (): Connected['pulses'][number] | undefined => agent.pulses.at(-1);
  await until('it gives way', () => latest()?.givesWay === true && latest()!.ticks <= 11);
  const { length } = agent.frames;
  await pause(1000);
  expect(agent.frames.length - length).toBeLessThanOrEqual(11);
  rival.kill('SIGKILL');
  // Other tests want that processor too, for a while.
  await expect.poll(() => latest()!.ticks, { timeout: 60_000 }).toBeGreaterThan(20);
}, 80_000);
