import { expect, test } from 'vitest';
import { holding, saying } from '../saying.ts';
import { callBytesMax, writeBytesMax } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import type { Piece } from '../../native/stream.ts';
import { attachTo, pause, startScratch } from './support.ts';

const { readable, noAccess, unmapped, absent } = PageState;
const page = 4096n;

test('readMany() reads more ranges than one call takes, each into its own buffer', async () => {
  const target = await startScratch();
  const at = await target.map(41, 'rw', 0);
  const source = await attachTo(target.pid);
  const parts = Array.from({ length: 3000 }, (_, i) => {
    const start = at + BigInt(((i * 7919) % 40) * 4096 + ((i * 31) % 4000));
    return { range: { start, length: 1 + (i % 150) }, bytes: new Uint8Array(1 + (i % 150)) };
  });
  const outcomes = await source.readMany(parts);
  parts.forEach(({ range, bytes }, i) => {
    expect(outcomes[i]?.read).toBe(range.length);
    bytes.forEach((byte, k) => expect(byte).toBe(Number((range.start + BigInt(k) - at) / page) & 0xff));
  });
});

test('readMany() reads more bytes than one call moves', async () => {
  const target = await startScratch();
  const length = 1024 * pageBytes;
  const at = await target.map(1024, 'rw', 0);
  const source = await attachTo(target.pid);
  // The same memory into the same buffer again and again: 2 GiB without as much of either.
  const part = { range: { start: at, length }, bytes: new Uint8Array(length).fill(0xee) };
  const parts = Array.from({ length: Math.ceil(callBytesMax / length) + 2 }, () => part);
  const outcomes = await source.readMany(parts);
  expect(outcomes).toHaveLength(parts.length);
  for (const { read, unreadable } of outcomes) expect({ read, unreadable }).toEqual({ read: length, unreadable: [] });
  expect(part.bytes.every((byte, i) => byte === ((i >>> 12) & 0xff))).toBe(true);
});

test('readMany() goes on after every hole, in the range and in the next', async () => {
  const target = await startScratch();
  const at = await target.map(6, 'rw', 1);
  await target.protect(at + page, 1, '-');
  await target.unmap(at + 4n * page, 1);
  const source = await attachTo(target.pid);
  const whole = { range: { start: at + 10n, length: 6 * 4096 - 10 }, bytes: new Uint8Array(6 * 4096 - 10).fill(0xee) };
  const hole = { range: { start: at + page + 5n, length: 20 }, bytes: new Uint8Array(20).fill(0xee) };
  const none = { range: { start: at, length: 0 }, bytes: new Uint8Array(0) };
  const last = { range: { start: at + 5n * page, length: 3 }, bytes: new Uint8Array(3) };
  const outcomes = await source.readMany([whole, hole, none, last]);
  expect(outcomes).toEqual([
    {
      read: 4 * 4096 - 10,
      states: Uint8Array.of(readable, noAccess, readable, readable, unmapped, readable),
      unreadable: [
        { start: at + page, length: pageBytes },
        { start: at + 4n * page, length: pageBytes },
      ],
    },
    { read: 0, states: Uint8Array.of(noAccess), unreadable: [hole.range] },
    { read: 0, states: new Uint8Array(0), unreadable: [] },
    { read: 3, states: Uint8Array.of(readable), unreadable: [] },
  ]);
  expect(hole.bytes.every((byte) => byte === 0xee)).toBe(true);
  expect([...last.bytes]).toEqual([6, 6, 6]);
  const expected = new Uint8Array(whole.bytes.length).fill(0xee);
  for (const i of [0, 2, 3, 5]) expected.fill(i + 1, Math.max(0, i * 4096 - 10), (i + 1) * 4096 - 10);
  expect(Buffer.compare(whole.bytes, expected)).toBe(0);
});

test('writeMany() writes many ranges, more than one call takes, and says of each what was there', async () => {
  const target = await startScratch();
  const at = await target.map(16, 'rw', 3);
  const source = await attachTo(target.pid);
  const parts = Array.from({ length: 2500 }, (_, i) => ({
    range: { start: at + BigInt(i * 26), length: 13 },
    bytes: new Uint8Array(13).fill(i & 0xff),
  }));
  const written = await source.writeMany(parts);
  expect(written.every(({ landed, held, error }) => landed === 13 && held && error === undefined)).toBe(true);
  expect(written[2400]?.before[0]).toBe(3 + Math.floor((2400 * 26) / 4096));
  const seen = await target.peek(at, 16 * 4096);
  for (let i = 0; i < 2500; i++) {
    expect(seen[i * 26]).toBe(i & 0xff);
    expect(seen[i * 26 + 12]).toBe(i & 0xff);
    expect(seen[i * 26 + 13]).toBe(3 + Math.floor((i * 26 + 13) / 4096));
  }
});

test('writeMany() leaves out what cannot be written and what has moved on, and lands the rest', async () => {
  const target = await startScratch();
  const at = await target.map(5, 'rw', 1);
  await target.protect(at + page, 1, 'r');
  await target.unmap(at + 3n * page, 1);
  const source = await attachTo(target.pid);
  const bytes = Uint8Array.of(0xaa, 0xbb);
  const written = await source.writeMany([
    { range: { start: at, length: 2 }, bytes },
    { range: { start: at + page, length: 2 }, bytes },
    { range: { start: at + 2n * page, length: 2 }, bytes, expect: Uint8Array.of(9, 9) },
    { range: { start: at + 3n * page, length: 2 }, bytes },
    { range: { start: at + 2n * page + 8n, length: 2 }, bytes, expect: Uint8Array.of(3, 3) },
    { range: { start: at + 4n * page, length: 2 }, bytes },
  ]);
  expect(written.map(({ landed }) => landed)).toEqual([2, 0, 0, 0, 2, 2]);
  expect(written.map(({ held }) => held)).toEqual([true, false, false, false, true, true]);
  expect(written.map(({ error }) => (error as { code?: string } | undefined)?.code)).toEqual([
    undefined,
    'Protected',
    'Conflict',
    'Unmapped',
    undefined,
    undefined,
  ]);
  expect(await target.peek(at + 2n * page, 2)).toEqual(Buffer.of(3, 3));
  expect(await target.peek(at + 4n * page, 2)).toEqual(Buffer.from(bytes));
});

test('writeMany() refuses parts that make no sense together, and nothing lands', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  const source = await attachTo(target.pid);
  const part = (offset: bigint, length: number): { range: { start: bigint; length: number }; bytes: Uint8Array } => ({
    range: { start: at + offset, length },
    bytes: new Uint8Array(length).fill(9),
  });
  await expect(source.writeMany([part(10n, 4), part(0n, 4), part(13n, 1)])).rejects.toMatchObject({
    code: 'Invalid',
    message: saying(/overlap at 0x[0-9a-f]+d\..*Nothing was written/),
  });
  await expect(source.writeMany([part(0n, 4), part(4n, writeBytesMax)])).rejects.toMatchObject({
    code: 'Limit',
    message: holding('Nothing was written'),
  });
  await expect(source.writeMany([{ ...part(0n, 4), bytes: new Uint8Array(3) }])).rejects.toMatchObject({
    code: 'Invalid',
  });
  expect(await source.writeMany([])).toEqual([]);
  // What has no bytes overlaps nothing, and asks nothing of where it is.
  const empty = await source.writeMany([part(0n, 0), part(1n, 0), part(-4n, 0)]);
  expect(empty.map(({ held, error }) => [held, error])).toEqual(Array(3).fill([true, undefined]));
  const [inside] = await source.writeMany([{ ...part(0n, 4), bytes: new Uint8Array(4).fill(1) }, part(2n, 0)]);
  expect(inside).toMatchObject({ landed: 4, held: true });
  expect((await target.peek(at, 16)).every((byte) => byte === 1)).toBe(true);
});

test('readInto() lands in WebAssembly memory, and takes more than one turn of the event loop for much', async () => {
  const target = await startScratch();
  const pages = 10_000;
  const at = await target.map(pages, 'rw', 0);
  const source = await attachTo(target.pid);
  const memory = new WebAssembly.Memory({ initial: (pages * 4096) / 65536 + 1 });
  const bytes = new Uint8Array(memory.buffer, 1000, pages * 4096 - 77);
  let turns = 0;
  const timer = setInterval(() => turns++, 0);
  const outcome = await source.readInto({ start: at + 77n, length: bytes.length }, bytes);
  clearInterval(timer);
  expect(outcome).toMatchObject({ read: bytes.length, unreadable: [] });
  expect(outcome.states).toHaveLength(pages);
  expect(turns).toBeGreaterThan(0);
  for (let i = 1; i < pages; i++) expect(bytes[i * 4096 - 77]).toBe(i & 0xff);
  expect(new Uint8Array(memory.buffer)[999]).toBe(0);
});

test('readInto() knows a buffer again, and one that has moved as another', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  const source = await attachTo(target.pid);
  const read = async (index: bigint, bytes: Uint8Array): Promise<number[]> => {
    await source.readInto({ start: at + index * page, length: 8 }, bytes);
    return [...bytes];
  };
  const small = new Uint8Array(8);
  const other = new Uint8Array(8);
  expect(await read(0n, small)).toEqual(Array(8).fill(1));
  expect(await read(1n, small)).toEqual(Array(8).fill(2));
  expect(await read(2n, other)).toEqual(Array(8).fill(3));
  expect(await read(3n, small)).toEqual(Array(8).fill(4));
  expect([...other]).toEqual(Array(8).fill(3));

  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2000 });
  const before = new Uint8Array(memory.buffer, 16, 8);
  expect(await read(0n, before)).toEqual(Array(8).fill(1));
  memory.grow(1999);
  await expect(read(1n, before)).rejects.toMatchObject({ code: 'Invalid' });
  expect(await read(1n, new Uint8Array(memory.buffer, 16, 8))).toEqual(Array(8).fill(2));

  const moved = structuredClone(small, { transfer: [small.buffer] });
  await expect(read(2n, small)).rejects.toMatchObject({ code: 'Invalid' });
  expect(await read(2n, moved)).toEqual(Array(8).fill(3));
});

test('stream() covers a range in order, with every hole and its reason, and reads only as fast as it is asked', async () => {
  const target = await startScratch();
  const at = await target.map(2000, 'rw', 1);
  await target.protect(at + 300n * page, 3, '-');
  await target.ask(`drop ${(at + 900n * page).toString(16)} 200`);
  await target.unmap(at + 1500n * page, 1);
  const source = await attachTo(target.pid);
  const range = { start: at + 5n, length: 2000 * 4096 - 10 };
  const pieces: Omit<Piece, 'bytes'>[] = [];
  let next = range.start;
  for await (const { range: part, state, bytes } of source.stream(range)) {
    expect(part.start).toBe(next);
    next = part.start + BigInt(part.length);
    pieces.push({ range: part, state });
    expect(bytes.length).toBe(state === readable ? part.length : 0);
    bytes.forEach((byte, i) => {
      if (byte !== ((Number((part.start + BigInt(i) - at) / page) + 1) & 0xff)) throw new Error(`wrong byte ${i}`);
    });
  }
  expect(next).toBe(range.start + BigInt(range.length));
  expect(pieces.filter(({ state }) => state !== readable)).toEqual([
    { range: { start: at + 300n * page, length: 3 * 4096 }, state: noAccess },
    { range: { start: at + 900n * page, length: 200 * 4096 }, state: absent },
    { range: { start: at + 1500n * page, length: 4096 }, state: unmapped },
  ]);

  // Back-pressure: what is not asked for is not read, so a change that comes meanwhile is in the next piece.
  const stream = source.stream(range);
  await stream.next();
  await target.ask(`fill ${(at + 260n * page).toString(16)} 4096 0xcc`);
  await pause(50);
  const second = (await stream.next()).value as Piece;
  expect(second.range.start).toBe(at + 256n * page);
  expect(second.bytes[4 * 4096]).toBe(0xcc);
  await stream.return();
});

test('stream() ends with Cancelled when its signal says so, and with Gone when the process goes', async () => {
  const target = await startScratch();
  const at = await target.map(1000, 'rw', 1);
  const source = await attachTo(target.pid);
  const cancel = new AbortController();
  const stream = source.stream({ start: at, length: 1000 * 4096 }, { signal: cancel.signal });
  await stream.next();
  cancel.abort();
  await expect(stream.next()).rejects.toMatchObject({ code: 'Cancelled' });
  const other = source.stream({ start: at, length: 1000 * 4096 });
  await other.next();
  target.dispose();
  await target.exited;
  await expect(other.next()).rejects.toMatchObject({ code: 'Gone' });
});

test.each(['exit', 'dispose'])(
  'stream() does not end as if all were well after %s, though only holes are left',
  async (how) => {
    const target = await startScratch();
    const at = await target.map(1024, 'rw');
    await target.ask(`fill ${at.toString(16)} ${256 * pageBytes} 7`);
    await target.protect(at + 256n * page, 768, '-');
    const source = await attachTo(target.pid);
    const stream = source.stream({ start: at, length: 1024 * pageBytes });
    expect((await stream.next()).value).toMatchObject({ state: readable });
    if (how === 'exit') {
      target.send('exit');
      await target.exited;
    } else source.dispose();
    const rest = async (): Promise<void> => {
      for (;;) if ((await stream.next()).done === true) return;
    };
    await expect(rest()).rejects.toMatchObject({ code: 'Gone' });
  },
);

test('stream() lets others on the thread have their turn between two pieces', async () => {
  const target = await startScratch();
  const at = await target.map(2048, 'rw', 1);
  const source = await attachTo(target.pid);
  let turns = 0;
  const turn = (): void => {
    turns++;
    timer = setImmediate(turn);
  };
  let timer = setImmediate(turn);
  let pieces = 0;
  for await (const { state } of source.stream({ start: at, length: 2048 * pageBytes }))
    if (state === readable) pieces++;
  clearImmediate(timer);
  expect(pieces).toBe(8);
  expect(turns).toBeGreaterThanOrEqual(pieces);
});
