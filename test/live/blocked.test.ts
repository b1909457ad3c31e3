import { spawn } from 'node:child_process';
import { onTestFinished, expect, test, type TestContext } from 'vitest';
import { pageOf, PageState } from '../../common/page.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { addressOf, connectTo, pagesFrom, pause, startScratch, text, until, workerFile } from './support.ts';

async function startBlocked(skip: TestContext['skip']): Promise<RunningTarget> {
  const target = await startTarget('blocked');
  onTestFinished(() => target.dispose());
  // vm.unprivileged_userfaultfd lets only root have one that stops the kernel's own reads.
  if (target.facts['error'] !== undefined) skip(`no page can be made that blocks: ${target.facts['error']}`);
  return target;
}

test('a page that nobody fills is not in memory, so that no read waits for it', async ({ skip }) => {
  const target = await startBlocked(skip);
  const agent = await connectTo(target.pid);
  const page = addressOf(target, 'page');
  const { states } = await agent.channel.call('read', { start: text(page), length: 8 });
  expect([...states]).toEqual([PageState.absent]);
});

test('a read that sleeps in the kernel stops neither this thread nor other targets, goes on when the page comes', async ({
  skip,
}) => {
  const target = await startBlocked(skip);
  const other = await startScratch();
  await other.ask(`count ${other.facts['counter']} 5`);
  const stuck = await connectTo(target.pid);
  const healthy = await connectTo(other.pid);
  healthy.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(other, 'counter'), 1) });
  const counter = pageOf(addressOf(target, 'counter'));
  stuck.channel.say('watch', { view: 1, pages: Float64Array.of(counter) });
  await until('both are live', () => stuck.frames.length > 3 && healthy.frames.length > 3);

  const reading = stuck.channel.call('read', { start: text(addressOf(target, 'page')), length: 8, faultIn: true });
  let answered = false;
  void reading.then(() => (answered = true));
  await pause(200);
  const before = { stuck: stuck.frames.length, healthy: healthy.frames.length };
  let turns = 0;
  const timer = setInterval(() => turns++, 10);
  await pause(1000);
  clearInterval(timer);
  expect(answered).toBe(false);
  expect(turns).toBeGreaterThan(50);
  expect(stuck.frames.length).toBe(before.stuck);
  expect(healthy.frames.length - before.healthy).toBeGreaterThan(20);

  expect(await target.ask('serve')).toBe('ok');
  expect((await reading).bytes[0]).toBe(0x77);
  await until('its frames go on', () => stuck.frames.length > before.stuck);
});

test('a view that asks for a page that nobody fills blocks its own target only, and can be abandoned', async ({
  skip,
}) => {
  const target = await startBlocked(skip);
  const stuck = await connectTo(target.pid);
  stuck.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(target, 'page'), 1) });
  await until('a frame comes', () => stuck.frames.length > 0);
  expect([...(stuck.frames[0]?.frame.states ?? [])]).toEqual([PageState.absent]);
  stuck.channel.say('faultIn', { view: 1, faultIn: true });
  await pause(200);
  const asked = stuck.channel.call('resolve', { expression: '0x0' });
  const begunMs = performance.now();
  stuck.dispose();
  await expect(asked).rejects.toThrow('Detached.');
  expect(performance.now() - begunMs).toBeLessThan(100);
  // The same process can be opened anew at once, by a thread of its own.
  const again = await connectTo(target.pid);
  const { states } = await again.channel.call('read', { start: text(addressOf(target, 'counter')), length: 8 });
  expect([...states]).toEqual([PageState.readable]);
  expect(await target.ask('serve')).toBe('ok');
});

test('a process that has a thread asleep in the kernel can still be ended', async ({ skip }) => {
  const target = await startBlocked(skip);
  const script = `import('${new URL('../../native/spawn.ts', import.meta.url).href}').then(async ({ deaf, openAgent }) => {
    const agent = openAgent('${workerFile}', deaf);
    await agent.channel.call('attach', { pid: ${target.pid} });
    void agent.channel.call('read', { start: '${target.facts['page']}', length: 8, faultIn: true });
    setTimeout(() => console.log('waiting'), 300);
  })`;
  const child = spawn(process.execPath, ['--no-warnings', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<string | null>((resolve) => child.once('exit', (_, signal) => resolve(signal)));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGINT');
  expect(await ended).toBe('SIGINT');
});
