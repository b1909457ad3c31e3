import { closeSync, openSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { pageBytes, pageOf } from '../../common/page.ts';
import { createBuffer, roomBefore } from '../../native/buffer.ts';
import { createDirectRead, type DirectRead } from '../../native/direct.ts';
import { createIdentity } from '../../native/identity.ts';
import { localAddress } from '../../native/linux/libc.ts';
import { createPageMap } from '../../native/linux/pagemap.ts';
import type { Witness } from '../../native/linux/vector.ts';
import { attachTo, startScratch } from './support.ts';

interface Look {
  readonly from: number;
  readonly to: number;
}

interface Direct {
  readonly read: DirectRead;
  readonly witness: Witness;
  readonly looks: Look[];
  tick(ms: number): void;
}

/** The short way into a process, each look that it makes, and a clock that stands still. */
function direct(pid: number): Direct {
  const [memory, pagemap] = [openSync(`/proc/${pid}/mem`, 'r'), openSync(`/proc/${pid}/pagemap`, 'r')];
  let nowMs = 1000;
  onTestFinished(() => {
    closeSync(memory);
    closeSync(pagemap);
  });
  const map = createPageMap(pagemap);
  const looks: Look[] = [];
  const presentTo = (from: number, to: number): number => {
    looks.push({ from, to });
    return map.presentTo(from, to);
  };
  const { witness } = createIdentity(pid, memory, 8);
  if (witness === undefined) throw new Error('the process has no witness');
  const read = createDirectRead(pid, { ...map, presentTo }, witness, () => nowMs);
  return { read, witness, looks, tick: (ms) => void (nowMs += ms) };
}

test('createDirectRead: reads that follow each other share a look, for a millisecond and a half', async () => {
  const target = await startScratch();
  const at = await target.map(64, 'rw', 1);
  const { read, looks, tick } = direct(target.pid);
  const bytes = new Uint8Array(4 * pageBytes);
  const readPages = (page: number): number => {
    bytes.fill(0);
    const landed = read(at + BigInt(page * pageBytes), bytes);
    for (let i = 0; i < 4; i++) expect(bytes[i * pageBytes]).toBe(page + i + 1);
    return landed;
  };
  const all = bytes.length + 1;
  for (const page of [0, 4, 8, 12, 16, 20, 24, 28]) expect(readPages(page)).toBe(all);
  tick(1);
  expect(readPages(32)).toBe(all);
  const first = pageOf(at);
  expect(looks).toEqual([
    { from: first, to: first + 4 },
    { from: first + 4, to: first + 68 },
  ]);
  tick(1);
  expect(readPages(32)).toBe(all);
  expect(looks).toHaveLength(3);
  // Elsewhere, and without what came before: no further than what is asked for.
  expect(readPages(1)).toBe(all);
  expect(looks.slice(3)).toEqual([{ from: first + 1, to: first + 5 }]);
});

test('createDirectRead: a look ahead ends where a page is not in memory, and that page stays where it is', async () => {
  const target = await startScratch();
  const at = await target.map(16, 'rw');
  await target.ask(`fill ${at.toString(16)} ${6 * pageBytes} 7`);
  const { read, looks } = direct(target.pid);
  const bytes = new Uint8Array(2 * pageBytes);
  const all = bytes.length + 1;
  const readPage = (page: number): number => read(at + BigInt(page * pageBytes), bytes);
  expect([readPage(0), readPage(2), readPage(4)]).toEqual([all, all, all]);
  const looked = looks.length;
  expect([readPage(6), readPage(5), readPage(14)]).toEqual([0, 0, 0]);
  expect(looks.length).toBe(looked + 3);
  expect(createPageMap(openedPagemap(target.pid)).presentTo(pageOf(at), pageOf(at) + 16)).toBe(pageOf(at) + 6);
});

test('createDirectRead: the witness of a buffer of createBuffer lands right before its bytes', async () => {
  const target = await startScratch();
  const at = await target.map(257, 'rw', 1);
  const { read, witness } = direct(target.pid);
  const [ours, any, largest] = [createBuffer(100), new Uint8Array(100), createBuffer(2 ** 20 + 1)];
  // The last buffer is remembered: each comes after itself and after another.
  for (const bytes of [ours, ours, any, any, largest, ours, largest]) {
    const room = roomBefore(bytes)?.fill(0);
    bytes.fill(0);
    expect(read(at, bytes)).toBe(bytes.length + 1);
    expect(bytes.findIndex((byte, i) => byte !== (1 + Math.floor(i / pageBytes)) % 256)).toBe(-1);
    if (room !== undefined) expect(witness.holds(room)).toBe(true);
  }
  expect(roomBefore(any)).toBeUndefined();
});

// Before the test after it: the first reads of a thread that lie badly are the ones that go by way of another buffer.
test('what is read by a detour ends where pages do, and each page has one state', async () => {
  const target = await startScratch();
  const at = await target.map(300, 'rw');
  await target.ask(`fill ${at.toString(16)} ${100 * pageBytes} 7`);
  const source = await attachTo(target.pid);
  const bytes = createBuffer(180 * pageBytes);
  for (const offset of [4090, 4075, 4095]) {
    const { read, states, unreadable } = source.readIntoSync(
      { start: at + BigInt(offset), length: bytes.length },
      bytes.fill(0xee),
    );
    const landed = 100 * pageBytes - offset;
    expect([read, states.length]).toEqual([landed, 181]);
    expect(unreadable).toEqual([{ start: at + BigInt(100 * pageBytes), length: bytes.length - landed }]);
    expect(bytes.findIndex((byte, i) => byte !== (i < landed ? 7 : 0xee))).toBe(-1);
  }
});

test('createDirectRead: buffers that lie badly for the processor are filled like others, also where pages are missing', async () => {
  const target = await startScratch();
  const pages = 2 * 256;
  const at = await target.map(pages, 'rw', 1);
  const { read } = direct(target.pid);
  const room = new Uint8Array((pages + 2) * pageBytes);
  const offset = pageBytes - (localAddress(room) % pageBytes);
  const expected = (i: number): number => (1 + Math.floor(i / pageBytes)) % 256;
  // Each way is tried by turns at first, so that both are met.
  for (const [head, skipped] of [
    [16, 0],
    [1, 0],
    [31, 0],
    [16 + 100, 100],
    [100, 100],
  ] as const) {
    const bytes = room.subarray(offset + head, offset + head + pages * pageBytes - skipped);
    room.fill(0xee);
    expect(read(at + BigInt(skipped), bytes)).toBe(bytes.length + 1);
    expect(bytes.findIndex((byte, i) => byte !== expected(i + skipped))).toBe(-1);
    expect(room.subarray(0, offset + head).every((byte) => byte === 0xee)).toBe(true);
    expect(room.subarray(offset + head + bytes.length).every((byte) => byte === 0xee)).toBe(true);
  }
  await target.protect(at + BigInt(70 * pageBytes), 1, '-');
  for (let i = 0; i < 8; i++) {
    room.fill(0xee);
    const bytes = room.subarray(offset + 16, offset + 16 + pages * pageBytes);
    expect(read(at, bytes)).toBe(70 * pageBytes);
    expect(bytes.subarray(0, 70 * pageBytes).findIndex((byte, i) => byte !== expected(i))).toBe(-1);
    expect(bytes.subarray(70 * pageBytes).every((byte) => byte === 0xee)).toBe(true);
  }
});

function openedPagemap(pid: number): number {
  const descriptor = openSync(`/proc/${pid}/pagemap`, 'r');
  onTestFinished(() => closeSync(descriptor));
  return descriptor;
}
