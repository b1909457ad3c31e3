import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { holding, saying } from '../saying.ts';
import type { ProcessEntry } from '../../common/protocol.ts';
import { attach } from '../../native/attach.ts';
import { whyGone } from '../../native/gone.ts';
import { list } from '../../native/list.ts';
import { readStat } from '../../native/linux/procfs.ts';
import { startTarget } from '../target/target.ts';
import { addressOf, asUser, attachTo, isRoot, nobody, startScratch, until } from './support.ts';

test('attach() says who the process is', async () => {
  const target = await startScratch();
  const { facts } = await attachTo(target.pid);
  expect(facts).toMatchObject({ pid: target.pid, name: 'scratch', pointerBytes: 8 });
  expect(facts.executable).toMatch(/scratch$/);
  expect(facts.commandLine).toMatch(/scratch$/);
});

test('attach() to a pid that nobody has is Gone, with what to do', async () => {
  await expect(attach(4_000_000)).rejects.toMatchObject({
    code: 'Gone',
    message: saying(/no process with the id 4000000.*choose one/i),
  });
});

test.each([0, -1, 1.5, NaN, 5_000_000])('attach(%d) is Invalid', async (pid) => {
  await expect(attach(pid)).rejects.toMatchObject({ code: 'Invalid', message: saying(/from 1 to/) });
});

test('attach() to a zombie is Gone and says that it is one', async () => {
  const target = await startScratch();
  const zombie = Number(await target.ask('zombie'));
  await expect(attach(zombie)).rejects.toMatchObject({ code: 'Gone', message: saying(/zombie/) });
});

test('attach() to a thread of the kernel is Unsupported', async ({ skip }) => {
  const thread = readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && readStat(pid)?.isKernelThread);
  if (thread === undefined) return skip('no kernel thread can be seen from this pid namespace');
  await expect(attach(thread)).rejects.toMatchObject({
    code: 'Unsupported',
    message: saying(/kernel.*Choose a program/),
  });
});

test('attach() to a thread names its process', async () => {
  const target = await startScratch();
  await target.ask(`count ${target.facts['counter']} 1000`);
  const thread = readdirSync(`/proc/${target.pid}/task`)
    .map(Number)
    .find((tid) => tid !== target.pid) as number;
  await expect(attach(thread)).rejects.toMatchObject({ code: 'Invalid', message: new RegExp(`process ${target.pid}`) });
});

test('a process whose first thread has ended is no zombie: it is reached by another thread, which is named', async () => {
  const target = await startTarget('leaderless');
  onTestFinished(() => target.dispose());
  const thread = Number(target.facts['thread']);
  await expect(attach(target.pid)).rejects.toMatchObject({
    code: 'Invalid',
    message: holding(`has ended, and the others run on. Attach to ${thread}, which`),
  });
  expect((await list()).find(({ pid }) => pid === target.pid)?.denied).toMatch(`Attach to ${thread}`);
  const source = await attachTo(thread);
  const bytes = new Uint8Array(7);
  await source.readInto({ start: addressOf(target, 'known'), length: 7 }, bytes);
  expect(Buffer.from(bytes).toString()).toBe('runs on');
  expect(source.isAlive()).toBe(true);
  const { startTime } = readStat(target.pid)!;
  expect(whyGone(target.pid, 'leaderless', startTime)).toMatch(
    `the others run on with numbers of their own, ${thread}`,
  );
});

test.skipIf(!isRoot)('attach() by another user is Denied, with the remedy', async () => {
  const target = await startScratch();
  expect(await asUser(nobody, 'attach', String(target.pid))).toEqual({
    code: 'Denied',
    message: saying(/runs as root, you are nobody.*CAP_SYS_PTRACE.*Start this program as root/),
  });
});

test.skipIf(!isRoot)('attach() by the same plain user works', async () => {
  const target = await startScratch({ uid: nobody });
  const answer = (await asUser(nobody, 'attach', String(target.pid))) as { attached?: unknown; message?: string };
  // With Yama's scope 1 a sibling is refused as well; then the sentence must say so.
  if (answer.attached === undefined) expect(answer.message).toMatch(/ptrace_scope/);
  else expect(answer.attached).toMatchObject({ pid: target.pid, user: 'nobody' });
});

test.skipIf(!isRoot)('attach() to a process that is not dumpable is Denied and says so', async () => {
  const target = await startScratch({ uid: nobody });
  expect(await target.ask('undumpable')).toBe('ok');
  expect(await asUser(nobody, 'attach', String(target.pid))).toEqual({
    code: 'Denied',
    message: saying(/not “dumpable”.*as root/),
  });
});

test('list() has a process once, with its name, user and size', async () => {
  const target = await startScratch();
  const found = (await list()).filter((entry) => entry.pid === target.pid);
  expect(found).toEqual([
    expect.objectContaining({
      name: 'scratch',
      own: true,
      denied: null,
      commandLine: saying(/scratch$/),
    }),
  ]);
  expect(found[0]?.residentBytes).toBeGreaterThan(100_000);
});

test('list() leaves out kernel threads and ourselves, and puts our own first', async () => {
  const entries = await list();
  expect(entries.some(({ pid }) => pid === process.pid || readStat(pid)?.isKernelThread)).toBe(false);
  const owns = entries.map(({ own }) => own);
  expect(owns).toEqual(owns.toSorted((a, b) => Number(b) - Number(a)));
});

test('list() marks a zombie with the reason', async () => {
  const target = await startScratch();
  const zombie = Number(await target.ask('zombie'));
  expect((await list()).find(({ pid }) => pid === zombie)?.denied).toMatch(/exited/);
});

test.skipIf(!isRoot)('list() by another user gives the reason for each process that is not theirs', async () => {
  const target = await startScratch();
  const entries = (await asUser(nobody, 'list')) as ProcessEntry[];
  const entry = entries.find(({ pid }) => pid === target.pid);
  expect(entry).toMatchObject({ own: false, denied: saying(/runs as root.*as root/) });
});

test('attach() and dispose() leave no descriptor behind, nor does an attach that is refused', async () => {
  const target = await startScratch();
  const zombie = Number(await target.ask('zombie'));
  (await attach(target.pid)).dispose();
  const before = readdirSync('/proc/self/fd').length;
  for (let i = 0; i < 5; i++) {
    (await attach(target.pid)).dispose();
    await attach(zombie).catch(() => undefined);
  }
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

test('list() calls a program of Node by its file, whatever Node calls its thread', async () => {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  onTestFinished(() => void child.kill());
  await until('it is listed', async () => (await list()).some(({ pid, name }) => pid === child.pid && name === 'node'));
});
