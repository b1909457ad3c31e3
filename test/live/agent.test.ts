import { expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { framesInFlightMax } from '../../common/limits.ts';
import { pageBytes, pageOf, PageState } from '../../common/page.ts';
import { findRegion, regionKind, regionName } from '../../common/region.ts';
import { createReadAnswers } from '../../native/answerRead.ts';
import { deaf, openAgent } from '../../native/spawn.ts';
import {
  addressOf,
  attachTo,
  connect,
  connectTo,
  pageIn,
  pagesFrom,
  pause,
  startScratch,
  text,
  until,
} from './support.ts';

test('agent: what it says after attach is the regions and the state, and nothing else while nobody watches', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  await pause(300);
  expect(agent.regions).toHaveLength(1);
  expect(agent.statuses).toMatchObject([{ state: 'running' }]);
  expect(agent.frames).toEqual([]);
  expect(agent.residencies).toEqual([]);
  expect(agent.pulses).toEqual([]);
});

test('agent: the first frame has every watched page, later ones only what changed', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 7, pages: pagesFrom(at, 4) });
  await until('the first frame comes', () => agent.frames.length > 0);
  const first = agent.frames[0];
  expect(first?.view).toBe(7);
  expect([...(first?.frame.pages ?? [])]).toEqual([...pagesFrom(at, 4)]);
  expect(pageIn(first!.frame, pageOf(at) + 2)?.every((byte) => byte === 3)).toBe(true);
  await pause(200);
  expect(agent.frames).toHaveLength(1);
  await target.ask(`fill ${(at + 4096n).toString(16)} 1 0x99`);
  await until('a change comes', () => agent.frames.length > 1);
  expect([...(agent.frames[1]?.frame.pages ?? [])]).toEqual([pageOf(at) + 1]);
  expect(agent.frames[1]?.frame.bytes[0]).toBe(0x99);
  expect(agent.frames[1]?.frame.bytes).toHaveLength(pageBytes);
});

test('agent: ticks average the tempo that was asked for', async () => {
  const target = await startScratch();
  await target.ask(`count ${target.facts['counter']} 50`);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(target, 'counter'), 1) });
  await until('two pulses come', () => agent.pulses.length >= 2);
  // 60 asked for; a loaded machine may miss some, but nothing may make more.
  expect(agent.pulses[1]?.ticks).toBeGreaterThan(45);
  expect(agent.pulses[1]?.ticks).toBeLessThanOrEqual(62);
  agent.channel.say('tempo', { intervalMs: 100 });
  await until('two more pulses come', () => agent.pulses.length >= 4);
  expect(agent.pulses[3]?.ticks).toBeGreaterThanOrEqual(8);
  expect(agent.pulses[3]?.ticks).toBeLessThanOrEqual(11);
});

test('agent: no more frames than are meant to be are under way to a view that paints none, and the last bytes win', async () => {
  const target = await startScratch();
  const counter = addressOf(target, 'counter');
  await target.ask(`count ${text(counter)} 50`);
  const agent = await connectTo(target.pid);
  agent.draws = false;
  agent.channel.say('watch', { view: 1, pages: pagesFrom(counter, 1) });
  agent.channel.say('watch', { view: 2, pages: pagesFrom(counter, 1) });
  await pause(400);
  const mine = (): typeof agent.frames => agent.frames.filter(({ view }) => view === 1);
  expect(mine()).toHaveLength(framesInFlightMax);
  agent.channel.say('drawn', { view: 1, seq: mine().at(-1)!.frame.seq });
  await until('the next frame comes', () => mine().length > framesInFlightMax);
  const value = (i: number): bigint =>
    Buffer.from(pageIn(mine()[i]!.frame, pageOf(counter))!).readBigUInt64LE(Number(counter & 0xfffn));
  expect(value(framesInFlightMax)).toBeGreaterThan(value(framesInFlightMax - 1) + 100n);
});

test('agent: a view gets a newly watched page although it has not changed, and no other view does', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 2) });
  await until('the first frame comes', () => agent.frames.length === 1);
  agent.channel.say('watch', { view: 2, pages: pagesFrom(at, 3) });
  await until('the second view has its frame', () => agent.frames.length === 2);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 4) });
  await until('the first view has the new pages', () => agent.frames.length === 3);
  await pause(100);
  expect(agent.frames.map(({ view, frame }) => [view, frame.pages.length])).toEqual([
    [1, 2],
    [2, 3],
    [1, 2],
  ]);
});

test('agent: a paused view is told nothing, and everything when it goes on', async () => {
  const target = await startScratch();
  const counter = addressOf(target, 'counter');
  await target.ask(`count ${text(counter)} 50`);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(counter, 2) });
  await until('frames come', () => agent.frames.length > 3);
  agent.channel.say('pause', { view: 1, paused: true });
  await pause(100);
  const told = agent.frames.length;
  await pause(200);
  expect(agent.frames).toHaveLength(told);
  agent.channel.say('pause', { view: 1, paused: false });
  await until('frames come again', () => agent.frames.length > told);
  expect(agent.frames[told]?.frame.pages).toHaveLength(2);
});

test('agent: a page that is unmapped while it is watched becomes a state, and its bytes come back with it', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 2) });
  await until('the first frame comes', () => agent.frames.length === 1);
  await target.protect(at + 4096n, 1, '-');
  await until('the page has no access', () => agent.frames.length === 2);
  expect([...agent.frames[1]!.frame.states]).toEqual([PageState.noAccess]);
  expect(agent.frames[1]!.frame.bytes).toHaveLength(0);
  await until('the regions are told at once', () => agent.regions.length > 1);
  await target.protect(at + 4096n, 1, 'rw');
  await until('the page is readable again', () => agent.frames.length === 3);
  expect(pageIn(agent.frames[2]!.frame, pageOf(at) + 1)?.every((byte) => byte === 2)).toBe(true);
});

test('agent: exec under the reader ends it without one byte of the new image', async () => {
  const target = await startScratch({ flags: ['-no-pie'] });
  const at = addressOf(target, 'known');
  const agent = await connectTo(target.pid);
  await agent.channel.call('write', { start: text(at), bytes: Buffer.from('MARK') });
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 1) });
  await target.ask(`count ${target.facts['counter']} 50`);
  await until('frames come', () => agent.frames.length > 5);
  target.send('exec');
  const facts = JSON.parse(await target.nextLine()) as Record<string, string>;
  expect(facts['known']).toBe(target.facts['known']);
  await until('it is said to be gone', () => agent.statuses.at(-1)?.state === 'gone');
  await pause(100);
  expect(agent.statuses.at(-1)?.reason).toMatch(/became another program \(exec\)/);
  for (const { frame } of agent.frames) {
    const page = pageIn(frame, pageOf(at));
    expect(page && Buffer.from(page).toString('latin1', Number(at & 0xfffn), Number(at & 0xfffn) + 4)).toBe('MARK');
  }
  await expect(agent.channel.call('write', { start: text(at), bytes: Buffer.from('FAIL') })).rejects.toMatchObject({
    code: 'Gone',
  });
  await expect(agent.channel.call('read', { start: text(at), length: 4 })).rejects.toMatchObject({ code: 'Gone' });
  expect(Buffer.from(await target.peek(at, 4)).toString()).toBe('live');
});

test('agent: exit under the reader is told with the reason, once', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(target, 'known'), 1) });
  await until('the first frame comes', () => agent.frames.length > 0);
  target.send('exit');
  await until('it is said to be gone', () => agent.statuses.at(-1)?.state === 'gone');
  await pause(100);
  expect(agent.statuses.filter(({ state }) => state === 'gone')).toMatchObject([
    { reason: `scratch (${target.pid}) has exited.` },
  ]);
});

test('agent: a stopped process is told as stopped, and as running when it goes on', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  agent.channel.say('watchRegions', { watched: true });
  await target.ask('stop');
  await until('it is stopped', () => agent.statuses.at(-1)?.state === 'stopped');
  process.kill(target.pid, 'SIGCONT');
  await until('it runs', () => agent.statuses.at(-1)?.state === 'running');
});

test('agent: with the regions watched, a new region and its residency are told', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  agent.channel.say('watchRegions', { watched: true });
  await until('the residency comes', () => agent.residencies.length > 0);
  await target.ask('named 8 live-test');
  const at = await target.map(100, 'rw');
  await target.ask(`fill ${at.toString(16)} ${40 * pageBytes} 1`);
  await until('the region and its residency come', () => {
    const table = agent.regions.at(-1)!;
    const row = findRegion(table, pageOf(at));
    const residency = agent.residencies.at(-1)!;
    return row >= 0 && residency.version === table.version && (residency.resident[row] ?? 0) >= 40 * pageBytes;
  });
  const table = agent.regions.at(-1)!;
  const named = table.nameOf.findIndex((_, i) => regionName(table, i) === '[anon:live-test]');
  // Kernels without CONFIG_ANON_VMA_NAME ignore the name.
  if (named >= 0) expect(regionKind(table, named)).toBe('named');
});

test('agent: a write that the program undoes later is told as overwritten, once', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  await target.ask(`fill ${at.toString(16)} 8 0x11`);
  await target.ask(`keep ${at.toString(16)} 8 0x11 150`);
  const agent = await connectTo(target.pid);
  const { id, held, before } = await agent.channel.call('write', { start: text(at), bytes: Uint8Array.of(1, 2, 3) });
  expect(held).toBe(true);
  expect([...before]).toEqual([0x11, 0x11, 0x11]);
  await until('it is overwritten', () => agent.overwritten.length > 0);
  await pause(1200);
  expect(agent.overwritten).toHaveLength(1);
  expect(agent.overwritten[0]?.id).toBe(id);
  expect(agent.overwritten[0]?.afterMs).toBeGreaterThan(100);
  expect(agent.overwritten[0]?.afterMs).toBeLessThan(500);
});

test('agent: what looks after a write brings no page back that the program has let go', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const agent = await connectTo(target.pid);
  await agent.channel.call('write', { start: text(at), bytes: Uint8Array.of(9) });
  await target.ask(`drop ${at.toString(16)} 1`);
  await pause(300);
  const { states } = await agent.channel.call('read', { start: text(at), length: 1 });
  expect([...states]).toEqual([PageState.absent]);
  expect(agent.overwritten).toEqual([]);
});

test('agent: our own later write does not count as overwritten', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  const agent = await connectTo(target.pid);
  await agent.channel.call('write', { start: text(at), bytes: Uint8Array.of(1, 2, 3) });
  await agent.channel.call('write', { start: text(at + 1n), bytes: Uint8Array.of(9) });
  await pause(1200);
  expect(agent.overwritten).toEqual([]);
});

test('agent: resolve() gives addresses of names, pointers and sums, with labels', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  const ask = async (expression: string): Promise<unknown> => agent.channel.call('resolve', { expression });
  const heap = BigInt(((await ask('[heap]')) as { address: string }).address);
  expect(await ask('[HEAP]+0x40')).toEqual({ address: text(heap + 0x40n), label: '[heap]+0x40' });
  const known = addressOf(target, 'known');
  // The struct’s last field points to the struct.
  expect(await ask(`*(${text(known)} + 32)`)).toMatchObject({ address: text(known) });
  expect(await ask('libc.so.6+0x10')).toMatchObject({ label: 'libc.so.6+0x10' });
  expect(await ask(known.toString())).toMatchObject({ address: text(known) });
});

test.each([
  ['[heep]', 'Unmapped', /Did you mean \[heap\]/],
  ['0x10', 'Unmapped', /Nothing is mapped at 0x10\. The nearest: .* above/],
  ['*0x10', 'Unmapped', /no pointer to follow at 0x10: not mapped/],
  ['0x1ffffffffffffffff', 'Invalid', /past 2\^64/],
  ['hello world', 'Invalid', /should not follow/],
  ['', 'Invalid', /Type one/],
  ['libc.so.6!mallok', 'Unmapped', /has no symbol "mallok"\. Did you mean malloc/],
] as const)('agent: resolve(%s) is %s', async (expression, code, message) => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  await expect(agent.channel.call('resolve', { expression })).rejects.toMatchObject({ code, message: saying(message) });
});

test('agent: successors() finds the program started again, newest first', async () => {
  const first = await startScratch();
  const agent = await connectTo(first.pid);
  const second = await startScratch();
  await pause(30);
  const third = await startScratch();
  const pids = (await agent.channel.call('successors', {})).map(({ pid }) => pid);
  expect(pids).not.toContain(first.pid);
  expect(pids.indexOf(third.pid)).toBeGreaterThanOrEqual(0);
  expect(pids.indexOf(second.pid)).toBeGreaterThan(pids.indexOf(third.pid));
});

test('agent: refuses what makes no sense with a sentence, and goes on', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  await expect(agent.channel.call('read', { start: '0x0', length: 2 ** 40 })).rejects.toMatchObject({ code: 'Limit' });
  await expect(agent.channel.call('read', { start: '0x0', length: -1 })).rejects.toMatchObject({ code: 'Invalid' });
  await expect(agent.channel.call('read', { start: 'here' as '0x', length: 1 })).rejects.toMatchObject({
    code: 'Invalid',
  });
  for (const pages of [undefined, 7, [1, 2]]) agent.channel.say('watch', { view: 1, pages } as never);
  agent.channel.say('watch', {
    view: 1,
    pages: Float64Array.of(NaN, -5, 0.5, 2 ** 60, pageOf(addressOf(target, 'known'))),
  });
  await until('the one page that makes sense comes', () => agent.frames.length > 0);
  expect(agent.frames[0]?.frame.pages).toHaveLength(1);
});

test('agent: answers that are asked for at once each have bytes of their own, and what cannot be read is zero', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  await target.unmap(at + BigInt(3 * pageBytes), 1);
  const agent = await connectTo(target.pid);
  // Lengths that are copied out of a kept buffer, and one that is moved; the fourth page is not there.
  for (const length of [16, pageBytes, 32 * pageBytes]) {
    const read = (page: number) => agent.channel.call('read', { start: text(at + BigInt(page * pageBytes)), length });
    const answers = await Promise.all(Array.from({ length: 60 }, (_, i) => read(i % 4)));
    answers.forEach(({ bytes, states }, i) => {
      expect(states[0]).toBe(i % 4 === 3 ? PageState.unmapped : PageState.readable);
      expect(bytes).toHaveLength(length);
      expect([bytes[0], bytes[15]]).toEqual(i % 4 === 3 ? [0, 0] : [1 + (i % 4), 1 + (i % 4)]);
    });
  }
});

test('what is read for an answer stays as it is until that has been sent', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  const source = await attachTo(target.pid);
  const answerRead = createReadAnswers();
  const first = answerRead(source, { start: at, length: 8 }, {});
  const second = answerRead(source, { start: at + BigInt(pageBytes), length: 8 }, {});
  expect([first.bytes[0], second.bytes[0]]).toEqual([1, 2]);
});

test('openAgent(): when the worker dies, what waits and what follows is rejected', async () => {
  let died: Error | undefined;
  const agent = openAgent(
    new URL('data:text/javascript,setTimeout(() => { throw new Error("broken") }, 50)'),
    deaf,
    (error) => (died = error),
  );
  await expect(agent.channel.call('list', {})).rejects.toThrow('broken');
  await expect(agent.channel.call('list', {})).rejects.toThrow();
  expect(died?.message).toContain('broken');
});

test('openAgent(): an agent that could not attach can try again', async () => {
  const target = await startScratch();
  const agent = connect();
  await expect(agent.channel.call('attach', { pid: 4_000_000 })).rejects.toMatchObject({ code: 'Gone' });
  expect(await agent.channel.call('attach', { pid: target.pid })).toMatchObject({ pid: target.pid });
});

test('agent: a process that a debugger has stopped is read once, then only when asked; and frames keep their order', async () => {
  const target = await startScratch();
  const counter = addressOf(target, 'counter');
  await target.ask(`count ${counter.toString(16)} 2`);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(counter, 1) });
  await until('it is live', () => agent.frames.length > 5);
  // The program runs on here, as one with other threads may: what comes is what was read, and nothing was read unasked.
  agent.channel.say('debugger', { state: 'stopped' });
  await until('the stop is told', () => agent.statuses.at(-1)?.state === 'stopped');
  const atStop = agent.frames.length;
  await pause(300);
  expect(agent.frames.length).toBe(atStop);
  agent.channel.say('refresh', {});
  await until('one frame comes', () => agent.frames.length === atStop + 1);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(target, 'heap'), 1) });
  await until('scrolling reads', () => agent.frames.length === atStop + 2);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(counter, 1) });
  await until('and back', () => agent.frames.length === atStop + 3);
  await agent.channel.call('write', { start: text(counter + 64n), bytes: Uint8Array.of(0) });
  await pause(100);
  const before = agent.frames.length;
  for (let i = 0; i < 50; i++) {
    agent.channel.say('debugger', { state: 'running' });
    agent.channel.say('debugger', { state: 'stopped' });
    await pause(20);
  }
  // Fifty stops, each told; no frame is left out while the view keeps up, and none is queued.
  expect(agent.statuses.filter(({ state }) => state === 'stopped').length).toBeGreaterThanOrEqual(51);
  expect(agent.frames.length - before).toBeGreaterThanOrEqual(50);
  agent.channel.say('debugger', { state: 'none' });
  const last = agent.frames.length;
  await until('it is live again', () => agent.frames.length > last + 5);
});

test('agent: a page that a step has made readable is shown at the stop, and one that comes back at a stop after the next look', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.protect(at + 4096n, 2, '-');
  const agent = await connectTo(target.pid);
  agent.channel.say('debugger', { state: 'stopped' });
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 3) });
  await until('the first frame comes', () => agent.frames.length > 0);
  // The stop's look is over.
  await pause(400);
  expect(agent.frames.map(({ frame }) => [...frame.states])).toEqual([
    [PageState.readable, PageState.noAccess, PageState.noAccess],
  ]);
  await target.protect(at + 4096n, 1, 'rw');
  agent.channel.say('debugger', { state: 'running' });
  agent.channel.say('debugger', { state: 'stopped' });
  await until('the page is readable', () => agent.frames.length > 1);
  expect(pageIn(agent.frames[1]!.frame, pageOf(at) + 1)?.[0]).toBe(2);
  await pause(400);
  expect(agent.frames[1]?.frame.timeMs, 'before the stop is told').toBeLessThanOrEqual(agent.statuses.at(-1)!.sinceMs);
  await target.protect(at + 2n * 4096n, 1, 'rw');
  await pause(100);
  expect(agent.frames, 'nobody has looked').toHaveLength(2);
  agent.channel.say('watchRegions', { watched: true });
  await until('the other page is readable too', () => agent.frames.length > 2);
  expect(pageIn(agent.frames[2]!.frame, pageOf(at) + 2)?.[0]).toBe(3);
});

test('agent: a debugger that stops the process before its regions are told does not keep them back', async () => {
  const target = await startScratch();
  const agent = connect();
  const attached = agent.channel.call('attach', { pid: target.pid });
  agent.channel.say('debugger', { state: 'stopped' });
  await attached;
  await until('regions and status come', () => agent.regions.length > 0 && agent.statuses.length > 0);
  expect(agent.statuses[0]?.state).toBe('stopped');
});
