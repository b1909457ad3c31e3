import { execFile } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { Address } from '../../../common/address.ts';
import { pageBytes } from '../../../common/page.ts';
import { Errno } from '../../../native/linux/errno.ts';
import { localAddress, pread, pwrite } from '../../../native/linux/libc.ts';
import { startBits32 } from '../../target/bits32.ts';
import { isRoot, nobody, startScratch, until, type Scratch } from '../support.ts';
import { check, printDifferences } from './judge.ts';
import { calls, vectorOf, type CallName } from './run.ts';

/* What the two calls do with processes: whose they are, what becomes of them, and what their memory is made of. */

afterAll(() => {
  const differences = printDifferences();
  if (differences !== '') console.warn(differences);
});

const { EFAULT, EIO, EPERM, ESRCH } = Errno;

/** One range on either side. */
function once(call: CallName, pid: number, at: Address, bytes: Uint8Array): number {
  const local = vectorOf([[BigInt(localAddress(bytes)), bytes.length]]);
  const remote = vectorOf([[at, bytes.length]]);
  return calls[call](pid, localAddress(local), 1, localAddress(remote), 1);
}

function bufferOf(length: number, value = 0xee): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(length)).fill(value);
}

/** Both calls, made by a process of another user. */
async function onceAs(uid: number, pid: number, at: Address): Promise<Record<CallName, number>> {
  const script = fileURLToPath(new URL('once.ts', import.meta.url));
  const words = ['--no-warnings', script, String(pid), `0x${at.toString(16)}`];
  const { stdout } = await promisify(execFile)(process.execPath, words, { uid, gid: uid });
  return JSON.parse(stdout) as Record<CallName, number>;
}

const other = 'permission.ts explains EPERM; the call never says EACCES';
test.for([
  ['a process of root by another user', undefined, nobody, false, -EPERM, other],
  ['a process of another plain user', 12_345, nobody, false, -EPERM, other],
  ['a process of the same plain user', nobody, nobody, false, 8, undefined],
  ['a process of the same plain user that is not dumpable', nobody, nobody, true, -EPERM, other],
  ['a process of a plain user by root', nobody, 0, false, 8, 'root may read everything'],
] as const)('whose: %s', async ([name, owner, reader, isHidden, expected, relied], context) => {
  if (!isRoot) return context.skip('only root can become somebody else');
  const yama = '/proc/sys/kernel/yama/ptrace_scope';
  const target = await startScratch(owner === undefined ? {} : { uid: owner });
  const at = await target.map(1, 'rw', 5);
  if (isHidden) expect(await target.ask('undumpable')).toBe('ok');
  const found = await onceAs(reader, target.pid, at);
  const claim = { name, expected, fact: `Yama, where ${yama} is there`, ...(relied !== undefined && { relied }) };
  check(context, { ...claim, name: `process_vm_readv: ${name}` }, found.read);
  check(context, { ...claim, name: `process_vm_writev: ${name}` }, found.write);
});

test('exec in between: the calls know only the number, and reach the new image; the descriptor does not', async (context) => {
  // Without PIE the known variable is at one address in both images.
  const target = await startScratch({ flags: ['-no-pie'] });
  const at = BigInt(target.facts['counter'] as string);
  const descriptor = openSync(`/proc/${target.pid}/mem`, 'r+');
  const maps = openSync(`/proc/${target.pid}/maps`, 'r');
  onTestFinished(() => {
    closeSync(descriptor);
    closeSync(maps);
  });
  const bytes = bufferOf(8, 0x77);
  check(
    context,
    { name: 'writev before exec', expected: 8, relied: 'everything' },
    once('write', target.pid, at, bytes),
  );
  target.send('exec');
  const facts = JSON.parse(await target.nextLine()) as Record<string, string>;
  expect(facts['counter']).toBe(target.facts['counter']);

  const relied = 'the identity is asked through the descriptor, because the calls would not notice';
  check(context, { name: 'readv after exec', expected: 8, relied }, once('read', target.pid, at, bytes));
  // The new image's own zero, not what was written into the old one.
  expect([...bytes]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  bytes.fill(0x55);
  check(context, { name: 'writev after exec', expected: 8, relied }, once('write', target.pid, at, bytes));
  expect(await target.ask(`peek ${at.toString(16)} 8`)).toBe('5555555555555555');

  const held = 'the descriptor is the identity';
  const local = localAddress(bytes);
  check(context, { name: 'pread of mem after exec', expected: 0, relied: held }, pread(descriptor, local, 8, at));
  check(context, { name: 'pwrite of mem after exec', expected: 0, relied: held }, pwrite(descriptor, local, 8, at));
  check(context, { name: 'pread of mem at 0 after exec', expected: 0, relied: held }, pread(descriptor, local, 1, 0));
  const found = readSync(maps, Buffer.alloc(100), 0, 100, 0);
  check(context, { name: 'read of maps after exec', expected: 0, relied: held }, found);
});

test('exit in between: ESRCH, before and after it has been waited for', async (context) => {
  const target = await startScratch();
  const parent = await startScratch();
  const child = Number(await parent.ask('child'));
  const at = await target.map(1, 'rw', 5);
  const descriptor = openSync(`/proc/${target.pid}/mem`, 'r');
  onTestFinished(() => closeSync(descriptor));
  const bytes = bufferOf(8);
  const known = BigInt(parent.facts['known'] as string);
  expect(once('read', target.pid, at, bytes)).toBe(8);
  expect(pread(descriptor, localAddress(bytes), 1, 0)).toBe(-EIO);
  expect(once('read', child, known, bytes)).toBe(8);
  target.send('exit');
  await target.exited;
  process.kill(child, 'SIGKILL');
  await until('the child is a zombie', () => readFileSync(`/proc/${child}/stat`, 'latin1').includes(') Z '));

  const relied = 'process.ts takes ESRCH for a process that is gone';
  for (const call of ['read', 'write'] as const) {
    check(context, { name: `${call} of an exited one`, expected: -ESRCH, relied }, once(call, target.pid, at, bytes));
    check(context, { name: `${call} of a zombie`, expected: -ESRCH, relied }, once(call, child, known, bytes));
  }
  const found = pread(descriptor, localAddress(bytes), 8, at);
  check(context, { name: 'pread of mem after exit', expected: 0, relied: 'the descriptor is the identity' }, found);
});

test('exit in the middle: calls that race it move all, a part that ends at a page, or fail with ESRCH', async () => {
  const length = 256 * pageBytes;
  const seen = new Set<string>();
  for (let round = 0; round < 10; round++) {
    const target = await startScratch();
    const at = await target.map(256, 'rw', 0);
    const bytes = bufferOf(length);
    let found = once('read', target.pid, at, bytes);
    target.send('exit');
    for (const endMs = Date.now() + 5000; found >= 0 && Date.now() < endMs;) {
      bytes.fill(0xee);
      found = once('read', target.pid, at, bytes);
      seen.add(found === length ? 'all' : found >= 0 ? 'a part' : String(found));
      if (found >= 0) expect(found % pageBytes).toBe(0);
      // While an address space is torn down, nothing of it may read as anything but what it was.
      for (let i = 0; i < length; i += 512) expect(bytes[i]).toBe(i < found ? (i / pageBytes) & 0xff : 0xee);
    }
    expect([-ESRCH, -EFAULT]).toContain(found);
  }
  expect([...seen].filter((one) => !['all', 'a part', String(-ESRCH), String(-EFAULT)].includes(one))).toEqual([]);
});

test('the descriptor goes through every access that the calls respect', async (context) => {
  const target = await startScratch();
  const descriptor = openSync(`/proc/${target.pid}/mem`, 'r+');
  onTestFinished(() => closeSync(descriptor));
  const bytes = bufferOf(8);
  const relied = 'force writes through it, and undo reads through it';
  for (const access of ['-', 'r', 'x']) {
    const at = await target.map(1, 'rw', 9);
    await target.protect(at, 1, access);
    const local = localAddress(bytes);
    check(
      context,
      { name: `pread of mem where the access is ${access}`, expected: 8, relied },
      pread(descriptor, local, 8, at),
    );
    expect([...bytes]).toEqual([9, 9, 9, 9, 9, 9, 9, 9]);
    check(
      context,
      { name: `pwrite of mem where the access is ${access}`, expected: 8, relied },
      pwrite(descriptor, local, 8, at),
    );
  }
});

test('shared memory: a write through one mapping is read through the other', async (context) => {
  const target = await startScratch();
  const [one, other] = (await target.ask('shared 4 9')).split(' ').map(BigInt) as [Address, Address];
  const bytes = bufferOf(3 * pageBytes, 0x61);
  const name = 'across the pages of a shared mapping';
  check(context, { name, expected: bytes.length }, once('write', target.pid, one + 100n, bytes));
  const back = bufferOf(4 * pageBytes);
  check(context, { name, expected: back.length }, once('read', target.pid, other, back));
  const expected = bufferOf(4 * pageBytes, 9).fill(0x61, 100, 100 + 3 * pageBytes);
  expect(Buffer.compare(back, expected)).toBe(0);
  expect(await target.ask(`peek ${(other + 98n).toString(16)} 4`)).toBe('09096161');
});

const hugeBytes = 2 ** 21;

/** Reads and writes over the border of two huge pages, and up to a hole in the second. */
async function testHuge(context: { skip(note: string): never }, target: Scratch, at: Address): Promise<void> {
  const bytes = bufferOf(2 * hugeBytes);
  check(context, { name: 'two huge pages', expected: bytes.length }, once('read', target.pid, at, bytes));
  expect(bytes.every((byte) => byte === 0x4d)).toBe(true);
  const border = at + BigInt(hugeBytes) - 1000n;
  const some = bufferOf(5000, 0x62);
  check(context, { name: 'over the border of huge pages', expected: 5000 }, once('write', target.pid, border, some));
  expect(await target.ask(`peek ${(border - 1n).toString(16)} 2`)).toBe('4d62');
  expect(await target.ask(`peek ${(border + 4999n).toString(16)} 2`)).toBe('624d');
}

test('huge pages, reserved ones', async (context) => {
  const knob = '/proc/sys/vm/nr_hugepages';
  const target = await startScratch();
  const reserved = (): number => Number(readFileSync(knob, 'latin1'));
  const before = reserved();
  if (isRoot && before < 4) {
    onTestFinished(() => writeFileSync(knob, String(before)));
    try {
      writeFileSync(knob, '4');
    } catch {
      return context.skip(`${knob} cannot be written here`);
    }
  }
  const answer = await target.ask('huge tlb 2 77');
  if (answer === 'failed') return context.skip(`no huge pages are to be had: ${knob} says ${reserved()}`);
  const at = BigInt(answer);
  await testHuge(context, target, at);
  await target.unmap(at + BigInt(hugeBytes), 512);
  const bytes = bufferOf(2 * hugeBytes);
  const claim = { name: 'the second of two huge pages unmapped', expected: hugeBytes };
  check(context, claim, once('read', target.pid, at, bytes));
  expect(bytes[hugeBytes]).toBe(0xee);
});

test('huge pages, transparent ones, with a hole of one small page', async (context) => {
  const target = await startScratch();
  const at = BigInt(await target.ask('huge thp 2 77'));
  const kilobytes = [...readFileSync(`/proc/${target.pid}/smaps`, 'latin1').matchAll(/AnonHugePages: +(\d+)/g)];
  if (!kilobytes.some(([, count]) => Number(count) > 0))
    return context.skip('the kernel gives no transparent huge pages here');
  await testHuge(context, target, at);
  await target.protect(at + BigInt(hugeBytes + 5 * pageBytes), 1, '-');
  const bytes = bufferOf(2 * hugeBytes);
  const claim = { name: 'PROT_NONE inside a huge page', expected: hugeBytes + 5 * pageBytes };
  check(context, { ...claim, relied: 'vector.ts goes on after the page' }, once('read', target.pid, at, bytes));
  expect(bytes[claim.expected - 1]).toBe(0x4d);
  expect(bytes[claim.expected]).toBe(0xee);
});

test('32 bits: both calls reach a smaller address space, up to its last pages', async (context) => {
  const target = await startBits32();
  if (typeof target === 'string') return context.skip(target);
  onTestFinished(() => target.dispose());
  const at = (fact: string): Address => BigInt(target.facts[fact] as string);
  const relied = 'programs of 32 bits can be targets';
  const bytes = bufferOf(8192);
  check(context, { name: 'its memory', expected: 8192, relied }, once('read', target.pid, at('pattern'), bytes));
  expect(bytes.every((byte, i) => byte === ((7 * i + 3) & 0xff))).toBe(true);

  const pointer = bufferOf(4);
  check(context, { name: 'a pointer', expected: 4, relied }, once('read', target.pid, at('pointer'), pointer));
  expect(BigInt(new DataView(pointer.buffer).getUint32(0, true))).toBe(at('pattern'));

  const area = bufferOf(8, 0x99);
  check(context, { name: 'a write', expected: 8, relied }, once('write', target.pid, at('area') + 4092n, area));
  expect(await target.ask(`peek ${(at('area') + 4090n).toString(16)} 12`)).toBe('606099999999999999996161');

  const counter = bufferOf(4);
  const count = (): number => {
    expect(once('read', target.pid, at('counter'), counter)).toBe(4);
    return new DataView(counter.buffer).getUint32(0, true);
  };
  const first = count();
  await until('its counter rises', () => count() > first);

  await target.ask(`unmap ${(at('area') + 4096n).toString(16)} 1`);
  const hole = bufferOf(4 * pageBytes);
  check(context, { name: 'a hole', expected: pageBytes, relied }, once('read', target.pid, at('area'), hole));
  check(context, { name: 'past 4 GiB', expected: -EFAULT, relied }, once('read', target.pid, 2n ** 32n, bytes));
  const stackEnd = /^[0-9a-f]+-([0-9a-f]+) .*\[stack\]$/m.exec(readFileSync(`/proc/${target.pid}/maps`, 'latin1'))?.[1];
  const top = BigInt(`0x${stackEnd}`) - 4096n;
  expect(top).toBeLessThan(2n ** 32n);
  check(
    context,
    { name: 'the top of its stack', expected: 4096 },
    once('read', target.pid, top, bytes.subarray(0, 4096)),
  );
});
