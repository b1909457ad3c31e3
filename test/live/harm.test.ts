import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pageBytes, pageOf, PageState } from '../../common/page.ts';
import { createPlan } from '../../native/source.ts';
import { findRegion } from '../../common/region.ts';
import { attachTo, connectTo, isRoot, pagesFrom, pause, startScratch, text, until } from './support.ts';

const { absent, readable } = PageState;

/** What a process has in memory, in page tables and swapped out, in KiB, as the kernel counts it exactly. */
function footprint(pid: number): Record<'VmRSS' | 'VmPTE' | 'VmSwap', number> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const of = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  // VmRSS of status may lag behind by some pages for each thread; smaps_rollup walks the page tables.
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return { VmRSS: Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]), VmPTE: of('VmPTE'), VmSwap: of('VmSwap') };
}

const gibibyte = 1024 ** 3;
const reservedBytes = 64 * gibibyte;

test('64 GiB that are reserved and not touched are looked at, dumped and walked without a page coming into memory', async () => {
  const target = await startScratch();
  const at = await target.map(reservedBytes / pageBytes, 'rw');
  const touched = at + 33n * BigInt(gibibyte) + 5n * 4096n;
  await target.ask(`fill ${touched.toString(16)} ${3 * pageBytes} 0x5a`);
  const before = footprint(target.pid);
  const source = await attachTo(target.pid);

  // Looked at: by plan, by range, by many ranges, and by a view that watches.
  const plan = createPlan(pagesFrom(at, 1024, 16_384));
  for (let i = 0; i < 3; i++) await source.read(plan);
  expect(plan.states.every((state) => state === absent)).toBe(true);
  const bytes = new Uint8Array(4 * 1024 * 1024).fill(0xee);
  const outcome = await source.readInto({ start: touched - BigInt(bytes.length / 2), length: bytes.length }, bytes);
  expect(outcome.read).toBe(3 * pageBytes);
  expect(bytes.filter((byte) => byte === 0x5a)).toHaveLength(3 * pageBytes);
  const many = await source.readMany([
    { range: { start: at, length: 8 }, bytes: new Uint8Array(8) },
    { range: { start: touched, length: 8 }, bytes: new Uint8Array(8) },
  ]);
  expect(many.map(({ read }) => read)).toEqual([0, 8]);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(at, 256) });
  agent.channel.say('watchRegions', { watched: true });
  await until('a frame comes', () => agent.frames.length > 0);
  await pause(300);
  expect(agent.frames[0]?.frame.states.every((state) => state === absent)).toBe(true);
  await until('the residency comes', () => agent.residencies.length > 0);

  // Walked: the stream goes over what is not there in steps, not in pages.
  let pieces = 0;
  let read = 0;
  for await (const piece of source.stream({ start: at, length: reservedBytes })) {
    pieces++;
    if (piece.state === readable) read += piece.bytes.length;
    else expect(piece.state).toBe(absent);
  }
  expect(read).toBe(3 * pageBytes);
  expect(pieces).toBeLessThan(16);

  // Dumped: the file has a hole for all that is not there, and the save says so.
  const file = join(tmpdir(), `live-memory-${process.pid}-dump`);
  onTestFinished(() => rmSync(file, { force: true }));
  const saved = await agent.channel.call('save', { id: 1, range: { start: text(at), length: reservedBytes }, file });
  expect(saved.savedBytes).toBe(3 * pageBytes);
  expect(saved.unreadable.map(({ reason }) => reason)).toEqual([
    'not in memory: the program has not touched it yet',
    'not in memory: the program has not touched it yet',
  ]);
  expect(statSync(file).size).toBe(reservedBytes);
  expect(statSync(file).blocks * 512).toBeLessThan(1024 * 1024);

  expect(footprint(target.pid)).toEqual(before);
});

test('pages that are swapped out stay there, whoever looks at them, until somebody asks in so many words', async ({
  skip,
}) => {
  await needSwap(skip);
  const target = await startScratch();
  const pages = 64;
  const at = await target.map(pages, 'rw', 1);
  await target.ask(`pageout ${at.toString(16)} ${pages}`);
  const before = footprint(target.pid);
  if (before.VmSwap < (pages * pageBytes) / 1024) return skip('the kernel did not swap the pages out');
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, pages));
  await source.read(plan);
  expect(plan.states.every((state) => state === PageState.swapped)).toBe(true);
  const states: PageState[] = [];
  for await (const { state } of source.stream({ start: at, length: pages * pageBytes })) states.push(state);
  expect(states).toEqual([PageState.swapped]);
  const { swapped, resident } = await source.residency();
  const row = findRegion(source.table, pageOf(at));
  expect([swapped[row], resident[row]]).toEqual([pages * pageBytes, 0]);
  expect(footprint(target.pid)).toEqual(before);

  await source.read(plan, { faultIn: true });
  expect(plan.states.every((state) => state === readable)).toBe(true);
  for (let i = 0; i < pages; i++) expect(plan.bytes[i * pageBytes]).toBe(i + 1);
  expect(footprint(target.pid).VmRSS).toBeGreaterThan(before.VmRSS);
});

/** Swap for the length of a test, where the system has none and we may add some. */
async function needSwap(skip: (why: string) => void): Promise<void> {
  if (/^SwapTotal:\s+[1-9]/m.test(readFileSync('/proc/meminfo', 'latin1'))) return;
  if (!isRoot) return skip('the system has no swap, and only root can add some');
  const file = join(tmpdir(), `live-memory-${process.pid}-swap`);
  onTestFinished(() => {
    spawnSync('swapoff', [file]);
    rmSync(file, { force: true });
  });
  for (const [command, ...words] of [
    ['fallocate', '-l', '32M', file],
    ['chmod', '600', file],
    ['mkswap', file],
    ['swapon', file],
  ] as const) {
    const { status, stderr } = spawnSync(command, words, { encoding: 'utf8' });
    if (status !== 0) return skip(`no swap can be added here: ${command}: ${stderr.trim()}`);
  }
}

test('pages that are not in memory are read when asked for in so many words, and that is seen in the page tables', async () => {
  const target = await startScratch();
  const at = await target.map(4096, 'rw');
  const source = await attachTo(target.pid);
  const before = footprint(target.pid);
  const plan = createPlan(pagesFrom(at, 4096));
  await source.read(plan);
  expect(footprint(target.pid)).toEqual(before);
  await source.read(plan, { faultIn: true });
  expect(plan.states.every((state) => state === readable)).toBe(true);
  expect(plan.bytes.every((byte) => byte === 0)).toBe(true);
  expect(footprint(target.pid).VmPTE).toBeGreaterThan(before.VmPTE);
});

test('a plan brings in the pages that it names, and no other', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw');
  const source = await attachTo(target.pid);
  const plan = { ...createPlan(pagesFrom(at, 3)), faultIn: Uint8Array.of(0, 1, 0) };
  await source.read(plan);
  expect([...plan.states]).toEqual([absent, readable, absent]);
});

test('a page that comes into memory is seen in the next tick, and one that leaves it is no longer', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw');
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2));
  await source.read(plan);
  expect([...plan.states]).toEqual([absent, absent]);
  await target.ask(`fill ${at.toString(16)} ${pageBytes} 9`);
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, absent]);
  expect(plan.bytes[100]).toBe(9);
  expect(await target.ask(`drop ${at.toString(16)} 1`)).toBe('ok');
  await source.read(plan);
  expect([...plan.states]).toEqual([absent, absent]);
});

test('a page that was read and is given up since is not brought back by the next read, and one that is unmapped is told', async () => {
  const target = await startScratch();
  const at = await target.map(8, 'rw', 7);
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 4, 2));
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, readable, readable, readable]);
  await target.ask(`drop ${(at + 2n * 4096n).toString(16)} 1`);
  const before = footprint(target.pid);
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, absent, readable, readable]);
  expect(footprint(target.pid)).toEqual(before);
  await source.read(plan, { faultIn: true });
  expect([...plan.states]).toEqual([readable, readable, readable, readable]);
  await target.unmap(at + 4n * 4096n, 1);
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, readable, PageState.unmapped, readable]);
});

test('a page of a file that nobody has touched is absent, and its region tells how far the file goes', async () => {
  const target = await startScratch();
  const file = join(tmpdir(), `live-memory-${process.pid}-file`);
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 3 5000`));
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 3));
  await source.read(plan);
  expect([...plan.states]).toEqual([absent, absent, PageState.beyondFile]);
  expect(await source.regionAt(at + 1n)).toMatchObject({ start: at, name: file, kind: 'shared' });
  expect(await source.regionAt(at - 1n)).not.toMatchObject({ name: file });
  expect(pageOf(at)).toBe(plan.pages[0]);
});
