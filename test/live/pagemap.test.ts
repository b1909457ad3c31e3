import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import type { Address } from '../../common/address.ts';
import { pageBytes, pageOf, PageState, printPageState } from '../../common/page.ts';
import { findRegion } from '../../common/region.ts';
import { remedyOf } from '../../native/cli/holes.ts';
import { createPageMap, type PageMap } from '../../native/linux/pagemap.ts';
import { createPresence } from '../../native/presence.ts';
import type { Process } from '../../native/process.ts';
import { readResidency } from '../../native/residency.ts';
import { createPlan } from '../../native/source.ts';
import { streamRange } from '../../native/stream.ts';
import { attachTo, pagesFrom, startScratch, type Scratch } from './support.ts';

const { absent, beyondFile, readable, special, unread } = PageState;

/** Sixteen pages, of which the fifth to the eighth are guard pages. Skips where this kernel has none, or does not tell them. */
async function mapGuarded(target: Scratch, skip: TestContext['skip']): Promise<Address> {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 16)) skip('before Linux 6.16 guard pages look like what is swapped out');
  const at = await target.map(16, 'rw', 1);
  const errno = await target.ask(`guard ${(at + 4n * 4096n).toString(16)} 4`);
  if (errno !== '0') skip(`this kernel has no guard pages: madvise says errno ${errno}`);
  return at;
}

function openPageMap(target: Scratch, canScan: boolean): PageMap {
  const descriptor = openSync(`/proc/${target.pid}/pagemap`, 'r');
  onTestFinished(() => closeSync(descriptor));
  return createPageMap(descriptor, canScan);
}

/** Four pages that are `others`, four guard pages and eight more. */
function around(others: PageState): PageState[] {
  return Array.from({ length: 16 }, (_, i) => (i >= 4 && i < 8 ? special : others));
}

test('a guard page says that the kernel lets nobody copy it, and nothing is offered that would', async ({ skip }) => {
  const target = await startScratch();
  const at = await mapGuarded(target, skip);
  const source = await attachTo(target.pid);
  const range = { start: at, length: 16 * pageBytes };
  const hole = { start: at + 4n * 4096n, length: 4 * pageBytes };
  for (const faultIn of [false, true]) {
    const bytes = new Uint8Array(range.length).fill(0xee);
    const { read, states, unreadable } = await source.readInto(range, bytes, { faultIn });
    expect([...states]).toEqual(around(readable));
    expect(unreadable).toEqual([hole]);
    expect(read).toBe(12 * pageBytes);
    expect(bytes.subarray(4 * pageBytes, 8 * pageBytes).every((byte) => byte === 0xee)).toBe(true);
  }
  expect(printPageState(special)).toBe('the kernel lets nobody copy it');
  expect(remedyOf([{ range: hole, state: special }])).toBe('');
});

test('a plan leaves guard pages alone, those too that it would bring in, and finds what they have become when asked again', async ({
  skip,
}) => {
  const target = await startScratch();
  const at = await mapGuarded(target, skip);
  const source = await attachTo(target.pid);
  const plan = { ...createPlan(pagesFrom(at, 16)), faultIn: new Uint8Array(16).fill(1) };
  for (let i = 0; i < 3; i++) {
    await source.read(plan);
    expect([...plan.states]).toEqual(around(readable));
  }
  // Pages that were read already become guard pages, and others are none any more.
  await target.ask(`guard ${at.toString(16)} 1`);
  await target.ask(`unguard ${(at + 4n * 4096n).toString(16)} 1`);
  plan.states[4] = unread;
  plan.faultIn.fill(0);
  await source.read(plan);
  expect([...plan.states.subarray(0, 9)]).toEqual([
    special,
    readable,
    readable,
    readable,
    absent,
    special,
    special,
    special,
    readable,
  ]);
});

test('a guard page of a mapped file is one too, and not beyond its end', async ({ skip }) => {
  const target = await startScratch();
  await mapGuarded(target, skip);
  const path = join(tmpdir(), `live-memory-guard-${process.pid}`);
  onTestFinished(() => rmSync(path, { force: true }));
  const at = BigInt(await target.ask(`file ${path} 3 ${2 * pageBytes}`));
  expect(await target.ask(`guard ${at.toString(16)} 1`)).toBe('0');
  const source = await attachTo(target.pid);
  for (const faultIn of [false, true]) {
    const { states } = await source.readInto({ start: at, length: 3 * pageBytes }, new Uint8Array(3 * pageBytes), {
      faultIn,
    });
    expect([faultIn, states[0], states[2]]).toEqual([faultIn, special, beyondFile]);
  }
});

test.for([
  { way: 'PAGEMAP_SCAN', canScan: true },
  { way: 'reading pagemap', canScan: false },
])('$way tells guard pages from pages that are swapped out', async ({ canScan }, { skip }) => {
  const target = await startScratch();
  const at = await mapGuarded(target, skip);
  const source = await attachTo(target.pid);
  const map = openPageMap(target, canScan);
  const presence = createPresence(
    map,
    () => undefined,
    () => Infinity,
  );
  for (const faultIn of [undefined, new Uint8Array(16).fill(1)]) {
    const states = new Uint8Array(16).fill(unread);
    presence.mark({ pages: pagesFrom(at, 16), states, faultIn });
    expect([...states]).toEqual(around(unread));
  }
  expect(await piecesOf(source, map, at)).toEqual([
    [4, readable],
    [4, special],
    [8, readable],
  ]);
  if (canScan) expect(map.presentTo(pageOf(at), pageOf(at) + 16)).toBe(pageOf(at) + 4);

  // Counted nowhere: neither in memory nor swapped out.
  const figures = await readResidency(map, source.table, () => Promise.resolve());
  const row = findRegion(source.table, pageOf(at));
  const usage = (await source.smaps())[row];
  expect([figures.resident[row], figures.swapped[row]]).toEqual([usage?.rss, usage?.swap]);
  const swappedKib = /^VmSwap:\s+(\d+) kB/m.exec(readFileSync(`/proc/${target.pid}/status`, 'latin1'))?.[1];
  expect(figures.swapped.reduce((sum, part) => sum + part, 0)).toBe(Number(swappedKib) * 1024);
});

/** How many pages each piece of a stream over the sixteen has, and their state. */
async function piecesOf(source: Process, map: PageMap, at: Address): Promise<[number, PageState][]> {
  const stream = streamRange(
    {
      look: () => (source.look(), source.table),
      assertAlive: () => undefined,
      pageMap: map,
      missing: () => absent,
      read: (part, bytes) => source.readIntoSync(part, bytes).states,
    },
    { start: at, length: 16 * pageBytes },
    {},
  );
  const pieces: [number, PageState][] = [];
  for await (const { range, state } of stream) pieces.push([range.length / pageBytes, state]);
  return pieces;
}
