import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { callBytesMax } from '../../common/limits.ts';
import { pageBytes } from '../../common/page.ts';
import { localAddress } from '../../native/linux/libc.ts';
import { cases } from './conformance/cases.ts';
import { check, judge, printDifferences, printOutcome } from './conformance/judge.ts';
import { calls, run, vectorOf, type CallName } from './conformance/run.ts';
import { longSide, shortSide, uneven } from './conformance/uneven.ts';
import { createWorld, patternAt, type World } from './conformance/world.ts';

/*
 * What process_vm_readv(2) and process_vm_writev(2) do with vectors and memory, one named case a line: `conformance/cases.ts`.
 * What they do with processes is in `conformance/processes.test.ts`. How a difference on another kernel is told, and which
 * one fails: `conformance/judge.ts`.
 */

const systemPageBytes = Number(execFileSync('getconf', ['PAGESIZE'], { encoding: 'utf8' }));
const otherPages = `the cases count in pages of ${pageBytes} bytes, and those of this kernel have ${systemPageBytes}`;

let world: World;
beforeAll(async () => {
  if (systemPageBytes === pageBytes) world = await createWorld();
});
afterAll(() => {
  world?.dispose();
  const differences = printDifferences();
  if (differences !== '') console.warn(differences);
});

const both: readonly CallName[] = ['read', 'write'];

describe.each(both)('process_vm_%sv', (call) => {
  const lines = cases.map((one) => {
    const expected = call === 'write' ? (one.write ?? one.expected) : one.expected;
    return { ...one, expected, outcome: printOutcome(expected) };
  });

  test.for(lines)('$name → $outcome', (one, context) => {
    if (systemPageBytes !== pageBytes) return context.skip(otherPages);
    const missing = one.remote?.find(([place]) => !world.at.has(place));
    if (missing !== undefined) return context.skip(`this kernel maps no ${missing[0]}`);
    const pid = world.pidOf(one);
    if (typeof pid === 'string') return context.skip(pid);
    const { found, wrong } = run(call, one, world, pid);
    // Wrong bytes are no fact of a kernel.
    expect(wrong).toBeUndefined();
    check(context, { ...one, name: `process_vm_${call}v: ${one.name}` }, found);
  });

  test.for(shortSide)('%i local and 1 to 1,024 remote ranges, cut unevenly → all that both have', (count, context) => {
    if (systemPageBytes !== pageBytes) return context.skip(otherPages);
    for (const many of longSide) {
      const one = uneven(count, many);
      const { found, wrong } = run(call, one, world, world.target.pid);
      expect(wrong, one.name).toBeUndefined();
      check(context, one, found);
    }
  });

  test.for(shortSide)('1 to 1,024 local and %i remote ranges, cut unevenly → all that both have', (count, context) => {
    if (systemPageBytes !== pageBytes) return context.skip(otherPages);
    for (const many of longSide) {
      const one = uneven(many, count);
      const { found, wrong } = run(call, one, world, world.target.pid);
      expect(wrong, one.name).toBeUndefined();
      check(context, one, found);
    }
  });
});

/** Four mebibytes on either side, which every range of the call names again: a cap of 2 GiB without as much memory. */
test.for([
  ['read', 'to the byte', callBytesMax, callBytesMax],
  ['read', 'and one byte more', callBytesMax + 1, callBytesMax],
  ['read', 'and 4 GiB asked', 2 ** 32, callBytesMax],
  ['write', 'and one byte more', callBytesMax + 1, callBytesMax],
  ['write', 'and 4 GiB asked', 2 ** 32, callBytesMax],
] as const)('process_vm_%sv moves 0x7ffff000 bytes at most: %s', async ([call, name, asked, expected], context) => {
  if (systemPageBytes !== pageBytes) return context.skip(otherPages);
  const piece = 2 ** 22;
  const at = BigInt(await world.target.ask(`map ${piece / pageBytes} rw 0`));
  const buffer = new Uint8Array(new ArrayBuffer(piece)).fill(0xa5);
  const ranges = (base: bigint): BigUint64Array => {
    const count = Math.ceil(asked / piece);
    return vectorOf(Array.from({ length: count }, (_, i) => [base, Math.min(piece, asked - i * piece)] as const));
  };
  const local = ranges(BigInt(localAddress(buffer)));
  const remote = ranges(at);
  const count = Math.ceil(asked / piece);
  const found = calls[call](world.target.pid, localAddress(local), count, localAddress(remote), count);
  if (call === 'read') expect(buffer.every((byte, i) => byte === ((i >>> 12) & 0xff))).toBe(true);
  else expect(await world.target.ask(`peek ${(at + BigInt(piece - 4)).toString(16)} 4`)).toBe('a5a5a5a5');
  await world.target.ask(`unmap ${at.toString(16)} ${piece / pageBytes}`);
  check(context, { name, expected, relied: 'limits.ts: callBytesMax' }, found);
});

test('process_vm_readv gives 0x7ffff000 bytes of one range of 4 GiB', async (context) => {
  if (systemPageBytes !== pageBytes) return context.skip(otherPages);
  const piece = 2 ** 22;
  const at = BigInt(await world.target.ask(`map ${2 ** 20} rw`));
  const buffer = new Uint8Array(new ArrayBuffer(piece)).fill(0xee);
  const local = vectorOf(Array.from({ length: 1024 }, () => [BigInt(localAddress(buffer)), piece] as const));
  const remote = vectorOf([[at, 2 ** 32]]);
  const found = calls.read(world.target.pid, localAddress(local), 1024, localAddress(remote), 1);
  expect(buffer.every((byte) => byte === 0)).toBe(true);
  await world.target.ask(`unmap ${at.toString(16)} ${2 ** 20}`);
  check(context, { name: 'one range of 4 GiB', expected: callBytesMax, relied: 'limits.ts: callBytesMax' }, found);
});

test('what process_vm_writev has written is what the program itself sees, and the other way round', async (context) => {
  if (systemPageBytes !== pageBytes) return context.skip(otherPages);
  const { target } = world;
  const at = (world.at.get('data') as bigint) + 4090n;
  const bytes = new Uint8Array(new ArrayBuffer(12));
  const local = vectorOf([[BigInt(localAddress(bytes)), 12]]);
  const remote = vectorOf([[at, 12]]);
  const once = (call: CallName): number => calls[call](target.pid, localAddress(local), 1, localAddress(remote), 1);
  expect(once('read')).toBe(12);
  expect([...bytes]).toEqual(Array.from({ length: 12 }, (_, i) => patternAt(4090 + i)));
  expect(await target.ask(`peek ${at.toString(16)} 12`)).toBe(Buffer.from(bytes).toString('hex'));
  const was = bytes.slice();
  bytes.set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  expect(once('write')).toBe(12);
  expect(await target.ask(`peek ${at.toString(16)} 12`)).toBe('0102030405060708090a0b0c');
  await target.ask(`fill ${at.toString(16)} 12 200`);
  expect(once('read')).toBe(12);
  expect(bytes.every((byte) => byte === 200)).toBe(true);
  bytes.set(was);
  expect(once('write')).toBe(12);
});

test.each([
  ['holds', 4096, {}, 4096, '6.1.0', 'arm64', 'held'],
  ['differs on another kernel where nothing relies on it', 4096, {}, -14, '6.1.0', 'x64', 'different'],
  ['differs on another machine where nothing relies on it', 4096, {}, -14, '6.18.2', 'arm64', 'different'],
  [
    'differs on another kernel where the code relies on it',
    4096,
    { relied: 'vector.ts' },
    -14,
    '6.1.0',
    'x64',
    'failed',
  ],
  ['differs on the measured kernel', 4096, {}, -14, '6.18.44-some', 'x64', 'failed'],
  ['differs on a kernel whose number only begins alike', 4096, {}, -14, '6.180.1', 'x64', 'different'],
] as const)('judge(): a case that %s', (_, expected, more, found, release, arch, is) => {
  const verdict = judge({ name: 'a case', expected, ...more }, found, { release, arch });
  expect(verdict.is).toBe(is);
  if (is === 'held') return;
  expect(verdict.sentence).toContain(`a case: expected 4096, found -EFAULT on Linux ${release} (${arch})`);
  if ('relied' in more) expect(verdict.sentence).toContain(more.relied);
});
