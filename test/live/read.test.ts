import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync, rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { pageBytes, pageOf, PageState, printPageState, pageStateFrom } from '../../common/page.ts';
import { findRegion, regionName } from '../../common/region.ts';
import { createBuffer } from '../../native/buffer.ts';
import { localAddress } from '../../native/linux/libc.ts';
import { createPlan } from '../../native/source.ts';
import { addressOf, attachTo, pagesFrom, startScratch } from './support.ts';

const { absent, readable, unmapped, noAccess, special, beyondFile } = PageState;

/** Eight pages of 1, 2, … 8, some without access or gone, and what a read should say of them. */
test.each([
  ['the first', [0]],
  ['one in the middle', [3]],
  ['the last', [7]],
  ['the first, two in the middle and the last', [0, 3, 4, 7]],
  ['all', [0, 1, 2, 3, 4, 5, 6, 7]],
])('read() marks only the page without access: %s', async (_, holes) => {
  const target = await startScratch();
  const at = await target.map(8, 'rw', 1);
  for (const hole of holes) await target.protect(at + BigInt(hole * pageBytes), 1, '-');
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 8));
  plan.bytes.fill(0xee);
  await source.read(plan);
  for (let i = 0; i < 8; i++) {
    const page = plan.bytes.subarray(i * pageBytes, (i + 1) * pageBytes);
    expect(plan.states[i]).toBe(holes.includes(i) ? noAccess : readable);
    // What could not be read is left as it was; in particular it is not zero.
    expect(page.every((byte) => byte === (holes.includes(i) ? 0xee : i + 1))).toBe(true);
  }
});

test('readInto() reads from and to odd addresses around a hole', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  await target.unmap(at + 4096n, 1);
  const source = await attachTo(target.pid);
  const bytes = new Uint8Array(3 * pageBytes).fill(0xee);
  const outcome = await source.readInto({ start: at + 100n, length: bytes.length }, bytes);
  expect([...outcome.states]).toEqual([readable, unmapped, readable, readable]);
  expect(outcome.unreadable).toEqual([{ start: at + 4096n, length: pageBytes }]);
  expect(outcome.read).toBe(2 * pageBytes);
  const expected = new Uint8Array(bytes.length);
  expected.fill(1, 0, 3996).fill(0xee, 3996, 8092).fill(3, 8092, 12188).fill(4, 12188);
  expect(Buffer.compare(bytes, expected)).toBe(0);
});

test('what a read came to stays what it was, whatever becomes of the range that was given', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  const source = await attachTo(target.pid);
  const range = { start: at, length: 3 * pageBytes };
  const outcome = await source.readInto(range, new Uint8Array(range.length));
  range.start += 1n;
  range.length = 1;
  expect([...outcome.states]).toEqual([readable, readable, readable]);
  expect(Object.getPrototypeOf(Object.getPrototypeOf(outcome))).toBe(Object.prototype);
});

test('readInto() into a buffer that is taken away while it is read into says so', async () => {
  const target = await startScratch();
  const at = await target.map(3 * 4096, 'rw', 1);
  const source = await attachTo(target.pid);
  const bytes = new Uint8Array(3 * 4096 * pageBytes);
  const reading = source.readInto({ start: at, length: bytes.length }, bytes);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  await expect(reading).rejects.toMatchObject({ code: 'Invalid', message: saying(/detached or resized/) });
});

test('createBuffer() begins a page, and nothing but its bytes and their witness is written to', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  await target.unmap(at + 3n * 4096n, 1);
  const source = await attachTo(target.pid);
  for (const length of [0, 1, 15, 16, 4096, 9001, 3 * pageBytes + 5]) {
    const bytes = createBuffer(length);
    expect(bytes.length).toBe(length);
    if (length > 0) expect(localAddress(bytes) % pageBytes).toBe(0);
    const all = new Uint8Array(bytes.buffer).fill(0xee);
    for (const read of ['awaited', 'at once'] as const) {
      bytes.fill(0xee);
      const range = { start: at, length };
      const outcome = read === 'awaited' ? await source.readInto(range, bytes) : source.readIntoSync(range, bytes);
      const landed = Math.min(length, 3 * pageBytes);
      expect(outcome.read).toBe(landed);
      expect(bytes.findIndex((byte, i) => byte !== (i < landed ? 1 + Math.floor(i / pageBytes) : 0xee))).toBe(-1);
    }
    expect(all.subarray(0, bytes.byteOffset - 16).every((byte) => byte === 0xee)).toBe(true);
    expect(all.subarray(bytes.byteOffset + length).every((byte) => byte === 0xee)).toBe(true);
    // A part of it is any buffer: what stands before is the caller's own.
    if (length < 4096) continue;
    bytes.fill(0xdd);
    await source.readInto({ start: at, length: 100 }, bytes.subarray(200, 300));
    expect(bytes.findIndex((byte, i) => byte !== (i >= 200 && i < 300 ? 1 : 0xdd))).toBe(-1);
  }
});

test.each(['readInto', 'readIntoSync'] as const)('%s() of more than a piece finds the holes in it', async (name) => {
  const target = await startScratch();
  const pages = 2 * 4096 + 10;
  const at = await target.map(pages, 'rw', 1);
  const holes = [5, 4096, 2 * 4096 + 9];
  for (const hole of holes) await target.unmap(at + BigInt(hole * pageBytes), 1);
  const source = await attachTo(target.pid);
  const range = { start: at + 7n, length: pages * pageBytes - 7 };
  const bytes = new Uint8Array(range.length).fill(0xee);
  const outcome = await source[name](range, bytes);
  expect(outcome.unreadable.map(({ start }) => Number(start - at) / pageBytes)).toEqual(holes);
  expect(outcome.read).toBe(range.length - 3 * pageBytes);
  expect([...outcome.states.keys()].filter((i) => outcome.states[i] !== readable)).toEqual(holes);
  for (let page = 0; page < pages; page++)
    expect(bytes[page * pageBytes]).toBe(holes.includes(page) ? 0xee : (page + 1) % 256);
});

test('readInto() of what is no range, or after dispose(), rejects and leaves the buffer alone', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const source = await attachTo(target.pid);
  const bytes = new Uint8Array(8).fill(0xee);
  // The first two would be the page's own address, were they cut to 64 bits.
  for (const start of [at + 2n ** 64n, at - 2n ** 64n, 2n ** 64n - 4n])
    await expect(source.readInto({ start, length: 8 }, bytes)).rejects.toMatchObject({ code: 'Invalid' });
  for (const length of [4, 9, -8, 7.5, NaN])
    await expect(source.readInto({ start: at, length }, bytes)).rejects.toMatchObject({ code: 'Invalid' });
  expect(() => source.readIntoSync({ start: at, length: 9 }, bytes)).toThrow(
    expect.objectContaining({ code: 'Invalid' }),
  );
  const taken = new Uint8Array(new ArrayBuffer(8));
  structuredClone(taken.buffer, { transfer: [taken.buffer] });
  expect(await source.readInto({ start: at + 1n, length: 0 }, taken)).toMatchObject({ read: 0, unreadable: [] });
  await expect(source.regionAt(at - 2n ** 64n)).rejects.toMatchObject({ code: 'Invalid' });
  source.dispose();
  await expect(source.readInto({ start: at, length: 8 }, bytes)).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.readInto({ start: at, length: 0 }, taken)).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.write({ start: at, length: 0 }, taken)).rejects.toMatchObject({ code: 'Gone' });
  expect(() => source.isStopped()).toThrow(expect.objectContaining({ code: 'Gone' }));
  expect(() => source.readIntoSync({ start: at, length: 8 }, bytes)).toThrow(expect.objectContaining({ code: 'Gone' }));
  expect([...bytes]).toEqual(new Array(8).fill(0xee));
});

test('read() fetches more scattered pages than one call takes', async () => {
  const target = await startScratch();
  const at = await target.map(4200, 'rw', 0);
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2100, 2));
  await source.read(plan);
  expect(plan.states.every((state) => state === readable)).toBe(true);
  for (let i = 0; i < 2100; i++) expect(plan.bytes[i * pageBytes + 17]).toBe((i * 2) % 256);
});

test('read() takes pages in any order, and twice', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  const source = await attachTo(target.pid);
  const plan = createPlan([2, 0, 2, 1].map((i) => pageOf(at) + i));
  await source.read(plan);
  expect([0, 1, 2, 3].map((i) => plan.bytes[i * pageBytes])).toEqual([3, 1, 3, 2]);
});

test('read() of a plan whose pages were changed in place reads those', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2));
  await source.read(plan);
  plan.pages[0] = pageOf(at) + 3;
  await source.read(plan);
  expect([plan.bytes[0], plan.bytes[pageBytes]]).toEqual([4, 2]);
});

test.each([-1, 2 ** 52, 0.5, NaN])(
  'read() of page %d, which is none, is Invalid and leaves the bytes alone',
  async (none) => {
    const target = await startScratch();
    const at = await target.map(1, 'rw', 1);
    const source = await attachTo(target.pid);
    const plan = createPlan([none, pageOf(at)]);
    plan.bytes.fill(0xee);
    await expect(source.read(plan)).rejects.toMatchObject({ code: 'Invalid', message: saying(/is not a page/) });
    const later = createPlan([pageOf(at)]);
    await source.read(later);
    later.pages[0] = none;
    later.bytes.fill(0xee);
    await expect(source.read(later)).rejects.toMatchObject({ code: 'Invalid' });
    expect([...new Set([...plan.bytes, ...later.bytes])]).toEqual([0xee]);
  },
);

test('read() gives the last pages of the address space a state, exactly', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const vsyscall = pageOf(0xffff_ffff_ff60_0000n);
  const last = 2 ** 52 - 1;
  const plan = createPlan([vsyscall, vsyscall + 1, last]);
  await source.read(plan);
  const isThere = findRegion(source.table, vsyscall) >= 0;
  expect([...plan.states]).toEqual([isThere ? special : unmapped, unmapped, unmapped]);
});

test('read() says of [vvar] that nobody may copy it, and reads [vdso] and [stack]', async ({ skip }) => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const names = source.table.names;
  const start = (name: string): number => {
    for (let i = 0; i < source.table.starts.length; i++)
      if (regionName(source.table, i) === name) return source.table.starts[i] as number;
    return -1;
  };
  if (!names.includes('[vvar]')) return skip('this kernel maps no [vvar]');
  const stackEnd = source.table.ends[source.table.nameOf.indexOf(names.indexOf('[stack]'))] as number;
  const plan = createPlan([start('[vvar]'), start('[vdso]'), stackEnd - 1]);
  await source.read(plan);
  expect([...plan.states]).toEqual([special, readable, readable]);
});

test('read() says of pages beyond the end of a mapped file what they are', async () => {
  const target = await startScratch();
  const file = join(tmpdir(), `live-memory-${process.pid}-eof`);
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 3 100`));
  await target.peek(at, 8);
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 3));
  await source.read(plan);
  expect([...plan.states].map((state) => printPageState(pageStateFrom(state)))).toEqual([
    'readable',
    'beyond the end of the mapped file',
    'beyond the end of the mapped file',
  ]);
  expect([...plan.states].slice(1)).toEqual([beyondFile, beyondFile]);
});

test('a file that is mapped again from another place on ends where it does now, at once', async () => {
  const target = await startScratch();
  const file = join(tmpdir(), `live-memory-${process.pid}-again`);
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 4 16384`));
  const source = await attachTo(target.pid);
  const states = async (first: number): Promise<number[]> => {
    await target.ask(`file ${file} 4 16384 ${at.toString(16)} ${first}`);
    return [...(await source.readInto({ start: at, length: 4 * pageBytes }, new Uint8Array(4 * pageBytes))).states];
  };
  expect(await states(2)).toEqual([absent, absent, beyondFile, beyondFile]);
  expect(await states(0)).toEqual([absent, absent, absent, absent]);
});

test('read() asks for a hole again only when told to', async () => {
  const target = await startScratch();
  const at = await target.map(2, '-');
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2));
  await source.read(plan);
  await target.protect(at, 2, 'rw');
  expect(await target.ask(`fill ${at.toString(16)} ${2 * pageBytes} 7`)).toBe('ok');
  await source.read(plan);
  expect([...plan.states]).toEqual([noAccess, noAccess]);
  plan.states.fill(PageState.unread);
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, readable]);
});

test('read() of a page that has been unmapped since says unmapped', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 7);
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2));
  await source.read(plan);
  await target.unmap(at + 4096n, 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await source.read(plan);
  expect([...plan.states]).toEqual([readable, unmapped]);
});

test('read() rejects with Gone after exec, although the number lives on', async () => {
  const target = await startScratch({ flags: ['-no-pie'] });
  const source = await attachTo(target.pid);
  const plan = createPlan([pageOf(addressOf(target, 'known'))]);
  await source.read(plan);
  target.send('exec');
  const facts = JSON.parse(await target.nextLine()) as Record<string, string>;
  expect(facts['known']).toBe(target.facts['known']);
  expect(source.isAlive()).toBe(false);
  const gone = { code: 'Gone', message: saying(/became another program \(exec\)/) };
  await expect(source.read(plan)).rejects.toMatchObject(gone);
  for (const bytes of [new Uint8Array(16), createBuffer(16)])
    await expect(source.readInto({ start: addressOf(target, 'known'), length: 16 }, bytes)).rejects.toMatchObject(gone);
  await expect(source.regions()).rejects.toMatchObject({ code: 'Gone' });
});

test('readInto() rejects with Gone after exec, although everything is where it was, and another buffer has just been read into', async () => {
  const target = await startScratch({ under: ['setarch', '-R'] });
  const exec = async (): Promise<void> => {
    target.send('exec');
    await target.nextLine();
  };
  // The first was started by its path, as no other is, and the path is on the stack.
  await exec();
  const places = readFileSync(`/proc/${target.pid}/auxv`);
  const source = await attachTo(target.pid);
  const range = { start: addressOf(target, 'known'), length: 16 };
  const buffers = [createBuffer(16), new Uint8Array(16)];
  for (const bytes of [...buffers, ...buffers]) expect((await source.readInto(range, bytes)).unreadable).toEqual([]);
  await exec();
  expect(readFileSync(`/proc/${target.pid}/auxv`).equals(places)).toBe(true);
  for (const bytes of buffers) await expect(source.readInto(range, bytes)).rejects.toMatchObject({ code: 'Gone' });
});

test('read() rejects with Gone after exit', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  target.send('exit');
  await target.exited;
  const plan = createPlan([pageOf(addressOf(target, 'known'))]);
  await expect(source.read(plan)).rejects.toMatchObject({ code: 'Gone', message: saying(/has exited/) });
});

test('read() of pages that a thread unmaps and maps all the time gives their bytes or their absence, nothing else', async () => {
  const target = await startScratch();
  const at = await target.map(32, 'rw', 0);
  await target.ask(`fill ${at.toString(16)} ${32 * pageBytes} 0x5a`);
  const source = await attachTo(target.pid);
  expect(await target.ask(`flap ${at.toString(16)} 32 200`)).toBe('ok');
  const seen = new Set<number>();
  let wrong = 0;
  for (const endMs = Date.now() + 1000; Date.now() < endMs;) {
    const plan = createPlan(pagesFrom(at, 32));
    plan.bytes.fill(0xee);
    await source.read(plan);
    for (let i = 0; i < 32; i++) {
      seen.add(plan.states[i] as number);
      const page = plan.bytes.subarray(i * pageBytes, (i + 1) * pageBytes);
      // 0: mapped again and not filled yet.
      const fits =
        plan.states[i] === readable ? (byte: number) => byte === 0x5a || byte === 0 : (byte: number) => byte === 0xee;
      if (!page.every(fits)) wrong++;
    }
  }
  expect(wrong).toBe(0);
  expect(seen.has(readable)).toBe(true);
  expect(seen.size).toBeGreaterThan(1);
});
