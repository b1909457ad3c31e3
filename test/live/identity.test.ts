import { onTestFinished, expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { pageBytes, pageOf } from '../../common/page.ts';
import { createPlan } from '../../native/source.ts';
import { startTarget } from '../target/target.ts';
import { addressOf, attachTo, isRoot, startScratch } from './support.ts';

const page = (byte: number): Uint8Array => new Uint8Array(pageBytes).fill(byte);

test('a vfork child that calls exec is Gone, and neither its new image nor its parent is written to', async () => {
  const parent = await startTarget('vfork', [], { flags: ['-no-pie'] });
  onTestFinished(() => parent.dispose());
  const child = JSON.parse(await parent.nextLine()) as Record<string, string>;
  const pid = Number(child['pid']);
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
  expect(pid).not.toBe(parent.pid);
  const known = addressOf(parent, 'known');
  const range = { start: known, length: pageBytes };

  // While it borrows its parent's memory it is that memory.
  const source = await attachTo(pid);
  const plan = createPlan([pageOf(known)]);
  await source.read(plan);
  expect(plan.bytes).toEqual(page(0x11));
  expect(source.isAlive()).toBe(true);
  await source.write({ start: known, length: 1 }, Uint8Array.of(0x11));

  parent.send('go');
  const again = JSON.parse(await parent.nextLine()) as Record<string, string>;
  expect(again['known']).toBe(parent.facts['known']);
  // The descriptor still reads the parent's memory, and the number the new image: only both together tell.
  expect(source.readThrough(known, new Uint8Array(new ArrayBuffer(8)))).toBe(8);
  expect(source.isAlive()).toBe(false);
  expect(source.fill(plan)).toBe(false);
  await expect(source.read(plan)).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.readInto(range, page(0))).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.write(range, page(0x55))).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.write(range, page(0x55), { force: true })).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.writeMany([{ range, bytes: page(0x55) }])).rejects.toMatchObject({ code: 'Gone' });
  for (const [of, byte] of [
    [pid, 0x99],
    [parent.pid, 0x11],
  ] as const) {
    const bytes = page(0);
    await (await attachTo(of)).readInto(range, bytes);
    expect(bytes).toEqual(page(byte));
  }
});

test('exec of a program at the same addresses is Gone for every way of reading and writing', async () => {
  const target = await startScratch({ flags: ['-no-pie'] });
  const source = await attachTo(target.pid);
  const known = addressOf(target, 'known');
  const range = { start: known, length: 8 };
  const bytes = new Uint8Array(8);
  await source.readInto(range, bytes);
  target.send('exec');
  await target.nextLine();
  const gone = { code: 'Gone', message: saying(/became another program \(exec\)/) };
  const before = await target.peek(known, 8);
  await expect(source.readInto(range, bytes)).rejects.toMatchObject(gone);
  await expect(source.readMany([{ range, bytes }])).rejects.toMatchObject(gone);
  await expect(source.stream(range).next()).rejects.toMatchObject(gone);
  await expect(source.write(range, page(0x55).subarray(0, 8))).rejects.toMatchObject(gone);
  await expect(source.writeMany([{ range, bytes: page(0x55).subarray(0, 8) }])).rejects.toMatchObject(gone);
  await expect(source.regionAt(known)).rejects.toMatchObject(gone);
  expect(await target.peek(known, 8)).toEqual(before);
});

test('a pid that was given to another process is Gone, and the other is not written to', async ({ skip }) => {
  if (!isRoot) return skip('a pid can be chosen by root only');
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0x42);
  const range = { start: at, length: pageBytes };
  const source = await attachTo(target.pid);
  const plan = createPlan([pageOf(at)]);
  await source.read(plan);
  target.dispose();
  await target.exited;
  const heir = await startTarget('reuse', [String(target.pid), at.toString(16)]);
  onTestFinished(() => heir.dispose());
  if (heir.facts['error'] !== undefined)
    return skip(`this kernel gives nobody a pid of their choice: ${heir.facts['error']}`);
  expect(Number(heir.facts['pid'])).toBe(target.pid);
  // The kernel itself would answer: the number is all that the call knows.
  const other = await attachTo(target.pid);
  await other.read(plan);
  expect(plan.bytes).toEqual(page(0x99));
  expect(source.isAlive()).toBe(false);
  // Given out again within a hundredth of a second, it has the start time of the one before: then it looks like exec.
  await expect(source.read(plan)).rejects.toMatchObject({ code: 'Gone', message: saying(/exited|another program/) });
  await expect(source.write(range, page(0x55))).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.writeMany([{ range, bytes: page(0x55) }])).rejects.toMatchObject({ code: 'Gone' });
  expect(await heir.ask('look')).toBe('untouched');
});

test('a program that overwrites its random bytes stays itself', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const at = await randomAddress(target.pid);
  await target.ask(`fill ${at.toString(16)} 16 7`);
  expect(source.isAlive()).toBe(true);
  const bytes = new Uint8Array(16);
  await source.readInto({ start: at, length: 16 }, bytes);
  expect([...bytes]).toEqual(Array.from({ length: 16 }, () => 7));
});

async function randomAddress(pid: number): Promise<bigint> {
  const { readFileSync } = await import('node:fs');
  const words = new BigUint64Array(new Uint8Array(readFileSync(`/proc/${pid}/auxv`)).buffer);
  return words[words.findIndex((word, i) => i % 2 === 0 && word === 25n) + 1] as bigint;
}
