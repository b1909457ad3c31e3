import { closeSync, openSync } from 'node:fs';
import { onTestFinished, expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { pageBytes, pageOf } from '../../common/page.ts';
import { guardOf } from '../../native/guard.ts';
import { createIdentity } from '../../native/identity.ts';
import { Errno } from '../../native/linux/errno.ts';
import { processVmWritev } from '../../native/linux/libc.ts';
import { moveParts, piecesOf, type Guard } from '../../native/linux/scatter.ts';
import type { VectorCall } from '../../native/linux/vector.ts';
import { createPlan } from '../../native/source.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { addressOf, attachTo, isRoot, startScratch } from './support.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const page = (byte: number): Uint8Array => new Uint8Array(pageBytes).fill(byte);

/** A parent that waits for its vfork child, which calls exec at the next line of input. */
async function startVfork(): Promise<{ parent: RunningTarget; pid: number }> {
  const parent = await startTarget('vfork', [], { flags: ['-no-pie'] });
  onTestFinished(() => parent.dispose());
  const child = JSON.parse(await parent.nextLine()) as Record<string, string>;
  const pid = Number(child['pid']);
  onTestFinished(() => void process.kill(pid, 'SIGKILL'));
  return { parent, pid };
}

test('a vfork child that calls exec is Gone, and neither its new image nor its parent is written to', async () => {
  const { parent, pid } = await startVfork();
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
  await expect(source.read(plan, { force: true })).rejects.toMatchObject({ code: 'Gone' });
  await expect(source.readInto(range, page(0), { force: true })).rejects.toMatchObject({ code: 'Gone' });
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

test('a descriptor from before an exec is not taken for the memory of after it', async () => {
  const { parent, pid } = await startVfork();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  onTestFinished(() => closeSync(memory));
  expect(createIdentity(pid, memory, 8).isOurs()).toBe(true);
  parent.send('go');
  await parent.nextLine();
  // It is alive, because it is the parent's; and what AT_RANDOM tells of now is not in it.
  expect(createIdentity(pid, memory, 8).isOurs()).toBe(false);
});

test('attach() that meets an exec takes hold of one address space, never of one by number and another by descriptor', async () => {
  const parent = await startTarget('vfork', ['racing'], { flags: ['-no-pie'] });
  onTestFinished(() => parent.dispose());
  const at = addressOf(parent, 'known');
  let after = 0;
  for (let run = 0; run < 120; run++) {
    parent.send(String((run * 37) % 900));
    const { pid } = JSON.parse(await parent.nextLine()) as { pid: string };
    const source = await attachTo(Number(pid));
    const [byNumber, byDescriptor] = [new Uint8Array(1), new Uint8Array(1)];
    source.readThrough(at, byDescriptor);
    const isRead = await source.readInto({ start: at, length: 1 }, byNumber).then(
      () => true,
      (error: unknown) => (error as { code: unknown }).code !== 'Gone',
    );
    const [number, descriptor] = [byNumber, byDescriptor].map(([byte]) => (byte === 0x11 ? 'parent' : 'child'));
    if (isRead) expect(`${run} ${number}`).toBe(`${run} ${descriptor}`);
    if (descriptor === 'child') after++;
    source.dispose();
    await parent.ask('end');
  }
  // Most are late: an exec in between is tried again, and not refused.
  expect(after).toBeGreaterThan(60);
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

test.each([
  ['no access', 0],
  ['execute-only', 4],
  ['write-only', 2],
])('a program that makes its stack %s stays itself', async (_, access) => {
  const target = await startTarget('stack', [], { flags: ['-pthread'] });
  onTestFinished(() => target.dispose());
  const range = { start: addressOf(target, 'known'), length: 8 };
  const before = await attachTo(target.pid);
  expect(await target.ask(String(access))).toBe('ok');
  for (const source of [before, await attachTo(target.pid)]) {
    expect(source.isAlive()).toBe(true);
    const bytes = new Uint8Array(8);
    expect(await source.readInto(range, bytes)).toMatchObject({ read: 8 });
    expect([...bytes]).toEqual(new Array(8).fill(7));
    expect(await source.write({ ...range, length: 1 }, Uint8Array.of(7))).toMatchObject({ held: true });
  }
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

/** Bytes of the environment, which a new program finds on its stack before anything else is there. */
const padBytes = 100_000;

test.each([
  ['at the same addresses', ['setarch', '-R']],
  ['elsewhere', []],
])(
  'a write that meets an exec reaches the program that was attached to or none: the new one is %s',
  async (_, under) => {
    const target = await startScratch({ under });
    target.send(`exec ${padBytes}`);
    await target.nextLine();
    const original = new Uint8Array(8).fill(0x41);
    let writes = 0;
    for (let run = 0; run < 30; run++) {
      const source = await attachTo(target.pid);
      const stack = (await source.regions()).find(({ name }) => name === '[stack]')!;
      const range = { start: stack.end - BigInt(padBytes / 2), length: 8 };
      const before = new Uint8Array(8);
      await source.readInto(range, before);
      expect(before, `run ${run}`).toEqual(original);
      target.send(`exec ${padBytes}`);
      for (let error: unknown; error === undefined; writes++)
        await source.write(range, new Uint8Array(8).fill(0x57)).catch((reason: unknown) => (error = reason));
      source.dispose();
      await target.nextLine();
    }
    expect(writes).toBeGreaterThan(30);
  },
);

test('the guard of a write: where it does not move, nothing does; and it changes nothing', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.unmap(at + 4096n, 1);
  const source = await attachTo(target.pid);
  source.look();
  const guard = guardOf(source.facts, source.table, (from, bytes) => source.readThrough(from, bytes));
  if (guard === undefined) throw new Error('no guard');
  const writev: VectorCall = ({ localAt, locals, remoteAt, remotes }) =>
    processVmWritev(target.pid, localAt, locals, remoteAt, remotes);
  const parts = [at, at + 8192n].map((start) => ({ range: { start, length: 16 }, bytes: new Uint8Array(16).fill(9) }));
  const move = (by: Guard): [number, number[]] => {
    const landed = new Float64Array(parts.length);
    return [moveParts(writev, parts, piecesOf(parts), landed, 'nextPart', by), [...landed]];
  };
  expect(move({ ...guard, address: Number(at) + 4096 })).toEqual([-Errno.ESRCH, [0, 0]]);
  expect([...(await target.peek(at, 16)), ...(await target.peek(at + 8192n, 16))]).toEqual([
    ...new Array<number>(16).fill(1),
    ...new Array<number>(16).fill(3),
  ]);
  const stack = await target.peek(BigInt(guard.address) - 4088n, 4096);
  expect(move(guard)).toEqual([0, [16, 16]]);
  expect([...(await target.peek(at, 16)), ...(await target.peek(at + 8192n, 16))]).toEqual(new Array(32).fill(9));
  expect(await target.peek(BigInt(guard.address) - 4088n, 4096)).toEqual(stack);
});

test('there is no guard where a new stack is where the old one is, nor where the place has another use', async () => {
  const fixed = await startScratch({ under: ['setarch', '-R'] });
  const source = await attachTo(fixed.pid);
  source.look();
  expect(guardOf(source.facts, source.table, (from, bytes) => source.readThrough(from, bytes))).toBeUndefined();
  const target = await startScratch();
  const other = await attachTo(target.pid);
  other.look();
  const has = (pointerBytes = 8): boolean =>
    guardOf({ pid: target.pid, pointerBytes }, other.table, (from, bytes) => other.readThrough(from, bytes)) !==
    undefined;
  expect(has()).toBe(true);
  // The stacks of 32-bit programs are within eight mebibytes of each other.
  expect(has(4)).toBe(false);
  const { end } = (await other.regions()).find(({ name }) => name === '[stack]')!;
  expect(await target.ask(`fill ${(end - 1n).toString(16)} 1 7`)).toBe('ok');
  expect(has()).toBe(false);
  // The write goes another way.
  const at = await target.map(1, 'rw', 1);
  expect(await other.write({ start: at, length: 1 }, Uint8Array.of(2))).toMatchObject({ held: true });
  expect(hex(await target.peek(end - 1n, 1))).toBe('07');
});
