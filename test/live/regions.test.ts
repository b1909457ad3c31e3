import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { tableOfRegions } from '../../common/region.ts';
import { pageBytes, pageOf } from '../../common/page.ts';
import { findRegion } from '../../common/region.ts';
import { createPageMap } from '../../native/linux/pagemap.ts';
import { createRegionLook } from '../../native/look.ts';
import type { Process } from '../../native/process.ts';
import { readResidency } from '../../native/residency.ts';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { addressOf, attachTo, connectTo, pagesFrom, startScratch, until } from './support.ts';

const now = (): Promise<void> => Promise.resolve();

test('regions() has what the program mapped, with access and kind', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  const reserved = await target.map(5, '-');
  const source = await attachTo(target.pid);
  const regions = await source.regions();
  const holding = (address: bigint) => regions.find(({ start, end }) => start <= address && address < end);
  expect(holding(at)).toMatchObject({ access: 'rw-p', kind: 'anonymous', name: '' });
  expect(holding(reserved)).toMatchObject({ access: '---p', kind: 'reserved' });
  expect(holding(addressOf(target, 'heap'))).toMatchObject({ name: '[heap]', kind: 'heap' });
  expect(holding(addressOf(target, 'main'))).toMatchObject({
    access: 'r-xp',
    kind: 'text',
    name: saying(/scratch$/),
  });
  expect(holding(addressOf(target, 'constant'))).toMatchObject({ access: 'r--p', kind: 'rodata' });
  expect(holding(addressOf(target, 'known'))).toMatchObject({ access: 'rw-p', kind: 'data' });
});

test('look() gives the table that the regions give, and tells whether they changed', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  expect(source.look()).toBe(false);
  const { version } = source.table;
  expect(source.table).toEqual(tableOfRegions(await source.regions(), version));
  await target.map(2, 'r', 1);
  expect(source.look()).toBe(true);
  expect(source.table.version).toBe(version + 1);
  expect(source.table).toEqual(tableOfRegions(await source.regions(), version + 1));
});

test.each([
  ['PAGEMAP_SCAN', true],
  ['reading pagemap', false],
])('residency by %s counts the pages that were touched', async (_, canScan) => {
  const target = await startScratch();
  const touched = await target.map(64, 'rw', 1);
  const some = await target.map(3000, 'rw');
  for (const first of [0, 700, 2990])
    await target.ask(`fill ${(some + BigInt(first * pageBytes)).toString(16)} ${10 * pageBytes} 1`);
  const none = await target.map(100_000, 'rw');
  // Pages read but never written are the kernel's shared page of zeros, which belongs to nobody.
  await target.ask(`peek ${none.toString(16)} 8`);
  const source = await attachTo(target.pid);
  const { table } = source;
  const pagemap = openSync(`/proc/${target.pid}/pagemap`, 'r');
  const { resident: bytes } = await readResidency(createPageMap(pagemap, canScan), table, now);
  closeSync(pagemap);
  const of = (address: bigint): number => bytes[findRegion(table, pageOf(address))] as number;
  const row = (address: bigint): number => findRegion(table, pageOf(address));
  // Neighbouring mappings of the same access become one region, so sum over what is distinct.
  const rows = new Set([row(touched), row(some), row(none)]);
  const sum = [...rows].reduce((total, i) => total + (bytes[i] as number), 0);
  const extra = canScan ? 0 : pageBytes;
  expect(of(touched)).toBeGreaterThanOrEqual(64 * pageBytes);
  // Transparent huge pages may make more resident than was touched; the scratch maps too little for them.
  expect(sum).toBeGreaterThanOrEqual((64 + 30) * pageBytes);
  expect(sum).toBeLessThanOrEqual((64 + 30) * pageBytes + extra + 16 * pageBytes);
});

test('residency in all is what the kernel says is resident', async () => {
  const target = await startScratch();
  await target.map(500, 'rw', 1);
  const source = await attachTo(target.pid);
  const { resident: bytes } = await source.residency(source.table, now);
  const smaps = readFileSync(`/proc/${target.pid}/smaps_rollup`, 'latin1');
  const resident = Number(/^Rss:\s+(\d+) kB/m.exec(smaps)?.[1]) * 1024;
  // [vdso] and [vvar] are counted by one and not by the other.
  expect(Math.abs(bytes.reduce((sum, part) => sum + part, 0) - resident)).toBeLessThanOrEqual(8 * pageBytes);
});

test('residency of a process that has exited is Gone, not unknown', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  target.dispose();
  await target.exited;
  await expect(source.residency()).rejects.toMatchObject({ code: 'Gone' });
});

test('residency ends with the process that it was asked of, and never counts the next one', async () => {
  const [first, second] = [await startScratch(), await startScratch()];
  // Too much for one piece of work.
  await first.ask('regions 65000');
  const source = await attachTo(first.pid);
  let next: Process | undefined;
  const figures = source.residency(source.table, async () => {
    if (next !== undefined) return;
    source.dispose();
    // Its descriptors have the numbers of those that were closed.
    next = await attachTo(second.pid);
  });
  await expect(figures).rejects.toMatchObject({ code: 'Gone' });
  expect(next?.isAlive()).toBe(true);
});

test('a target with 65,000 regions is attached, told and watched within a second', async () => {
  const target = await startScratch();
  const [start, count] = (await target.ask('regions 65000')).split(' ');
  expect(Number(count)).toBe(65_000);
  const begunMs = performance.now();
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(BigInt(start as string), 64) });
  await until('regions and a frame are there', () => agent.regions.length > 0 && agent.frames.length > 0);
  const tookMs = performance.now() - begunMs;
  expect(agent.regions[0]?.starts.length).toBeGreaterThan(65_000);
  expect(agent.frames[0]?.frame.pages).toHaveLength(64);
  expect(tookMs).toBeLessThan(1000);
});

test('a target with 65,000 regions is looked at without missing more than a few ticks', async () => {
  const target = await startScratch();
  await target.ask('regions 65000');
  await target.ask(`count ${target.facts['counter']} 50`);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: pagesFrom(addressOf(target, 'counter'), 1) });
  await until('three pulses come', () => agent.pulses.length >= 3);
  expect(agent.pulses[2]?.ticks).toBeGreaterThan(40);
});

test('the stack of a thread is known as one', async () => {
  const target = await startScratch();
  await target.ask(`count ${target.facts['counter']} 1000`);
  const source = await attachTo(target.pid);
  const thread = readdirSync(`/proc/${target.pid}/task`).find((tid) => tid !== String(target.pid)) as string;
  // A thread that sleeps in a call says where its stack is: "number arguments… sp pc".
  let words: string[] = [];
  await until('the thread sleeps', () => {
    words = readFileSync(`/proc/${target.pid}/task/${thread}/syscall`, 'latin1').trim().split(' ');
    return words.length > 2;
  });
  const pointer = BigInt(words.at(-2) as string);
  expect(await source.regionAt(pointer)).toMatchObject({ kind: 'threadStack', access: 'rw-p' });
  const kinds = (await source.regions()).filter(({ kind }) => kind === 'threadStack');
  expect(kinds).toHaveLength(1);
});

test('regionAt() knows the stack of a thread that has begun since the last look', async () => {
  const target = await startScratch();
  const maps = openSync(`/proc/${target.pid}/maps`, 'r');
  onTestFinished(() => closeSync(maps));
  const [before, now] = [createRegionLook(maps), createRegionLook(maps)];
  before.look();
  await target.ask(`count ${target.facts['counter']} 1000`);
  now.look();
  const stack = now.all().find(({ kind }) => kind === 'threadStack')!;
  expect(before.at(pageOf(stack.start))).toEqual(stack);
});

test.each([
  ['PROCMAP_QUERY', true],
  ['the whole file', false],
])('regionAt() by %s gives what the maps file has, for every region and every gap', async (_, canQuery) => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const maps = openSync(`/proc/${target.pid}/maps`, 'r');
  onTestFinished(() => closeSync(maps));
  const look = createRegionLook(maps, canQuery);
  look.look();
  const regions = await source.regions();
  expect(regions.length).toBeGreaterThan(15);
  regions.forEach((region, i) => {
    expect(look.at(pageOf(region.start))).toEqual(region);
    expect(look.at(pageOf(region.end - 1n))).toEqual(region);
    if (regions[i + 1]?.start !== region.end) expect(look.at(pageOf(region.end))).toBeUndefined();
  });
});

test('residency tells the zero page, huge pages and ordinary ones apart', async ({ skip }) => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const huge = await target.ask('huge thp 2 7');
  const at = await target.map(64, 'rw');
  await target.peek(at, 8);
  await target.ask(`fill ${(at + 4096n).toString(16)} 8192 1`);
  source.look();
  const { zero, resident, swapped, huge: hugeBytes } = await source.residency();
  const row = findRegion(source.table, pageOf(at));
  // The kernel's own count leaves the zero page out.
  const smaps = await source.smaps();
  const rss = smaps[row]?.rss ?? NaN;
  expect([8192, 3 * 4096]).toContain(rss);
  expect([zero[row], resident[row], swapped[row], hugeBytes[row]]).toEqual([3 * 4096 - rss, rss, 0, 0]);
  if (rss !== 8192) return skip('this kernel gives a page that is only read one of its own, not the zero page');
  if (huge === 'failed') return skip('this kernel has no transparent huge pages');
  const hugeRow = findRegion(source.table, pageOf(BigInt(huge)));
  const counted = smaps[hugeRow]?.anonHugePages ?? NaN;
  if (counted === 0) return skip('the system gave no huge page');
  expect(hugeBytes[hugeRow]).toBe(counted);
  expect(resident[hugeRow]).toBe(smaps[hugeRow]?.rss);
});

test('smaps() gives what only the kernel counts, a row for each region', async () => {
  const target = await startScratch();
  const at = await target.map(10, 'rw', 1);
  const source = await attachTo(target.pid);
  const rows = await source.smaps();
  expect(rows.map(({ start }) => start)).toEqual((await source.regions()).map(({ start }) => start));
  const row = rows[findRegion(source.table, pageOf(at))];
  expect(row).toMatchObject({ swap: 0, locked: 0 });
  expect(row?.rss).toBeGreaterThanOrEqual(10 * pageBytes);
  expect(row?.privateDirty).toBe(row?.rss);
  expect(row?.pss).toBe(row?.rss);
  expect(row?.flags).toEqual(expect.arrayContaining(['rd', 'wr']));
});

test('smaps() of a process that has gone is Gone', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  expect((await source.smaps()).length).toBeGreaterThan(5);
  target.send('exec');
  await target.nextLine();
  await expect(source.smaps()).rejects.toMatchObject({ code: 'Gone' });
});
