import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { writeBytesMax } from '../../common/limits.ts';
import { cli, json } from './cli.ts';
import { addressOf, startScratch, text } from './support.ts';

const page = 4096n;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('write writes what it is given, and says what stood there before', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0xaa);
  const words = ['write', String(target.pid), text(at + 1n)];
  const done = await cli([...words, 'deadbeef']);
  expect(done).toEqual({
    code: 0,
    stdout: `4 bytes written at ${text(at + 1n)}. They held.\nbefore: aaaaaaaa\n`,
    stderr: '',
    bytes: Buffer.from(done.stdout),
  });
  expect(hex(await target.peek(at, 6))).toBe('aadeadbeefaa');
  const written = (await json(...words, '01 02\n03 04')) as object;
  expect(Object.keys(written)).toEqual(['landed', 'before', 'held']);
  expect(written).toEqual({ landed: 4, before: 'deadbeef', held: true });
  expect(hex(await target.peek(at, 6))).toBe('aa01020304aa');
});

test.each([
  [['0xDEADbeef'], 'deadbeef'],
  [['de', 'ad', '0xbe', 'ef'], 'deadbeef'],
  [['--text', 'Grüße'], '4772c3bcc39f65'],
  [['--text', '-abc'], '2d616263'],
  [['--text=--json'], '2d2d6a736f6e'],
  [['--type', 'i32', '--value', '-7'], 'f9ffffff'],
  [['--type', 'i32', '--value', '-7', '--big'], 'fffffff9'],
  [['--type', 'u64', '--value=0x1122334455667788'], '8877665544332211'],
  [['--type', 'f64', '--value', '1.5'], '000000000000f83f'],
  [['--type', 'f32', '--value', '-.5', '--big'], 'bf000000'],
  [['--type', 'f32', '--value', '-inf'], '000080ff'],
])('write takes %j', async (bytes, expected) => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  const length = expected.length / 2;
  expect(await json('write', String(target.pid), text(at), ...bytes)).toEqual({
    landed: length,
    before: '00'.repeat(length),
    held: true,
  });
  expect(hex(await target.peek(at, length + 1))).toBe(`${expected}00`);
});

test('write takes standard input as it is, and no more than one write can be', async () => {
  const target = await startScratch();
  const at = await target.map(4097, 'rw');
  const words = ['write', String(target.pid), text(at), '-', '--json', '--force'];
  const input = new Uint8Array(writeBytesMax).map((_, i) => i * 7);
  await target.ask(`fill ${at.toString(16)} ${writeBytesMax + 1} 1`);
  const { code, stdout } = await cli(words, { input });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ landed: writeBytesMax, held: true });
  expect(hex(await target.peek(at + BigInt(writeBytesMax) - 3n, 4))).toBe('ebf2f901');

  const more = await cli(words, { input: new Uint8Array(writeBytesMax + 1) });
  expect(more).toMatchObject({
    code: 1,
    stderr: saying(/One write takes at most 16777216 bytes\. Nothing was written/),
  });
  expect(hex(await target.peek(at, 3))).toBe('00070e');
});

test('write --expect writes only where the bytes are what they were', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0x11);
  const words = ['write', String(target.pid), text(at), '2222', '--expect'];
  expect(await json(...words, '11 11')).toMatchObject({ landed: 2 });
  const refused = await cli([...words, '11 11', '--json']);
  expect(refused).toMatchObject({ code: 1, stderr: saying(/there is 22 now, not 11\. Nothing was written/) });
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'Conflict' } });
  expect(hex(await target.peek(at, 3))).toBe('222211');
});

test('write refuses a protected page and says how, and --force writes it', async () => {
  const target = await startScratch();
  const at = addressOf(target, 'constant');
  const words = ['write', String(target.pid), text(at), '--text', 'THIS'];
  const refused = await cli([...words, '--json']);
  const sentence = /may not write\. Nothing was written\. --force goes through \/proc\/<pid>\/mem/;
  expect(refused).toMatchObject({ code: 1, stderr: saying(sentence) });
  expect(JSON.parse(refused.stdout)).toEqual({ error: { code: 'Protected', message: saying(sentence) } });
  expect(Buffer.from(await target.peek(at, 9)).toString()).toBe('this page');
  expect(await json(...words, '--force')).toEqual({ landed: 4, before: hex(Buffer.from('this')), held: true });
  expect(Buffer.from(await target.peek(at, 9)).toString()).toBe('THIS page');
});

test('write refuses a range that is not mapped to its end, and writes nothing of it', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 5);
  await target.unmap(at + page, 1);
  const refused = await cli(['write', String(target.pid), text(at + page - 2n), '01020304']);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: saying(/Nothing is mapped.*Only the first 2 bytes/) });
  expect(hex(await target.peek(at + page - 2n, 2))).toBe('0505');
});

test('write takes a number however it is written, and where nothing is mapped says so of each', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 5);
  const pid = String(target.pid);
  for (const form of [String(at), `${text(at + page)}-0x1000`])
    expect(await json('write', pid, form, '05', '--expect', '05')).toMatchObject({ landed: 1 });
  await target.unmap(at, 1);
  const refused = await cli(['write', pid, text(at), '01']);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: saying(/^live-memory: Nothing is mapped/) });
  for (const form of [String(at), `${text(at + page)}-0x1000`])
    expect(await cli(['write', pid, form, '01']), form).toEqual(refused);
});

const strace = spawnSync('strace', ['-V']).status === 0;
if (!strace) console.warn('SKIPPED: strace is not installed, so no write is lost on its way (apt-get install strace).');

test.skipIf(!strace)('write says when the bytes are others already', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  // To whoever writes, a call that says 8 and does nothing looks as if the program had changed all back at once. Eight more are
  // those of the guard.
  const inject = 'inject=process_vm_writev:retval=16';
  const under = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=process_vm_writev', '-e', inject];
  const words = ['write', String(target.pid), text(at), '02'.repeat(8)];
  expect(await cli(words, { under })).toMatchObject({
    code: 0,
    stdout: `8 bytes written at ${text(at)}. The program has changed them again already.\nbefore: ${'01'.repeat(8)}\n`,
  });
  const { stdout } = await cli([...words, '--json'], { under });
  expect(JSON.parse(stdout)).toEqual({ landed: 8, before: '01'.repeat(8), held: false });
});

test('write that the kernel cuts short says how many bytes landed, and what stood there', async ({ skip }) => {
  const target = await startScratch();
  const file = `/tmp/lm-write-${target.pid}`;
  onTestFinished(() => rmSync(file, { force: true }));
  // Not even by force may a shared page be written that is mapped for reading.
  const shared = BigInt(await target.ask(`file ${file} 1 4096`));
  await target.protect(shared, 1, 'r');
  const at = await target.map(1, 'r', 1);
  if (at + page !== shared) skip('this kernel puts the second mapping elsewhere than below the first');
  const words = ['write', String(target.pid), text(at + page - 6n), 'aa'.repeat(10), '--force'];
  const { code, stdout, stderr } = await cli([...words, '--json']);
  const sentence = /The kernel refused .* even by force.* 6 of 10 bytes landed/;
  expect({ code, stderr }).toEqual({ code: 1, stderr: saying(sentence) });
  expect(JSON.parse(stdout)).toEqual({
    error: { code: 'Protected', message: saying(sentence), landed: 6, before: '01'.repeat(6) },
  });
  expect(hex(await target.peek(at + page - 7n, 9))).toBe(`01${'aa'.repeat(6)}0000`);
});

test('write takes as many expected bytes as it writes, and says so with 2', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const outcome = await cli(['write', String(target.pid), text(at), '0202', '--expect', '01']);
  expect(outcome).toMatchObject({ code: 2, stdout: '' });
  expect(hex(await target.peek(at, 2))).toBe('0101');
});
