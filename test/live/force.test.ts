import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { pageBytes, PageState } from '../../common/page.ts';
import { createPlan } from '../../native/source.ts';
import { asUser, attachTo, isRoot, nobody, pagesFrom, startScratch, text } from './support.ts';
import { foundWithoutCalls, sixPages, startReader } from './sixPages.ts';

const { readable, noAccess, noRead, unmapped } = PageState;

test('force reads pages without access and execute-only ones, page by page, and only when asked', async () => {
  const target = await startScratch();
  const at = await target.map(4, 'rw', 1);
  await target.protect(at, 1, '-');
  await target.protect(at + 4096n, 1, 'x');
  await target.unmap(at + 3n * 4096n, 1);
  const source = await attachTo(target.pid);
  const range = { start: at + 100n, length: 3 * pageBytes };
  const bytes = new Uint8Array(range.length).fill(0xee);
  expect([...(await source.readInto(range, bytes)).states]).toEqual([noAccess, noRead, readable, unmapped]);
  const forced = await source.readInto(range, bytes, { force: true });
  expect([...forced.states]).toEqual([readable, readable, readable, unmapped]);
  expect(forced.read).toBe(3 * pageBytes - 100);
  expect([0, 3996, 8092, 12188].map((i) => bytes[i])).toEqual([1, 2, 3, 0xee]);
  const plan = createPlan(pagesFrom(at, 4));
  await source.read(plan, { force: true });
  expect([...plan.states]).toEqual([readable, readable, readable, unmapped]);
  const many = await source.readMany([{ range: { start: at, length: 4 }, bytes: new Uint8Array(4) }], { force: true });
  expect(many).toEqual([{ read: 4, states: Uint8Array.of(readable), unreadable: [] }]);
});

test('force reads no page that is not in memory either', async () => {
  const target = await startScratch();
  const at = await target.map(2, '-');
  const source = await attachTo(target.pid);
  const plan = createPlan(pagesFrom(at, 2));
  await source.read(plan, { force: true });
  expect([...plan.states]).toEqual([noAccess, noAccess]);
  plan.states.fill(PageState.unread);
  await source.read(plan, { force: true, faultIn: true });
  expect([...plan.states]).toEqual([readable, readable]);
});

test('force writes read-only, execute-only and PROT_NONE pages, and what was written is there', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.protect(at, 1, 'r');
  await target.protect(at + 4096n, 1, 'x');
  await target.protect(at + 8192n, 1, '-');
  const source = await attachTo(target.pid);
  const range = { start: at + 4090n, length: 4200 };
  const bytes = Uint8Array.from({ length: 4200 }, (_, i) => i * 7);
  await expect(source.write(range, bytes)).rejects.toMatchObject({ code: 'Protected' });
  const written = await source.write(range, bytes, { force: true });
  expect(written.held).toBe(true);
  expect([written.before[0], written.before[6], written.before[4199]]).toEqual([1, 2, 3]);
  await target.protect(at, 3, 'r');
  expect(await target.peek(range.start, 4200)).toEqual(Buffer.from(bytes));
});

test('readInto() with force gives the upper half of the address space a state, too', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const source = await attachTo(target.pid);
  const bytes = new Uint8Array(16).fill(0xee);
  for (const start of [2n ** 63n, 2n ** 63n - 8n, 2n ** 64n - 16n]) {
    const outcome = await source.readInto({ start, length: 16 }, bytes, { force: true });
    expect([...outcome.states].every((state) => state === PageState.unmapped)).toBe(true);
  }
  expect([...bytes]).toEqual(new Array(16).fill(0xee));
  const parts = [2n ** 63n, at].map((start) => ({ range: { start, length: 4 }, bytes: new Uint8Array(4) }));
  expect((await source.readMany(parts, { force: true })).map(({ read }) => read)).toEqual([0, 4]);
});

const strace = spawnSync('strace', ['-V']).status === 0;
if (!strace) console.warn('SKIPPED: strace is not installed, so no other kernels are acted (apt-get install strace).');

/** Runs `without-call.ts` with both calls failing as a kernel without them, or a filter, makes them fail. */
async function withoutCalls(errno: string, ...words: string[]): Promise<Record<string, unknown>> {
  const calls = 'process_vm_readv,process_vm_writev';
  const { stdout } = await promisify(execFile)('strace', [
    ...['-f', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', `inject=${calls}:error=${errno}`],
    ...[process.execPath, '--no-warnings', fileURLToPath(new URL('without-call.ts', import.meta.url)), ...words],
  ]);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test.skipIf(!strace).each(['ENOSYS', 'EPERM', 'EACCES'])(
  'where the calls give %s all goes through /proc/<pid>/mem, and protection still holds',
  async (errno) => {
    const target = await startScratch();
    const at = await sixPages(target);
    expect(await withoutCalls(errno, String(target.pid), text(at))).toEqual(foundWithoutCalls);
    await target.exited;
  },
);

/** linux/prctl.h */
const PR_SET_PTRACER = 0x59616d61;

test('a process that closes itself after it was attached to is read and written through the descriptor', async (context) => {
  if (!isRoot) return context.skip('becoming another user takes root');
  const target = await startScratch({ uid: nobody });
  const at = await sixPages(target);
  const reader = startReader(target, at);
  // Under Yama a plain user is let in only where the program says so; without it this does nothing.
  await target.ask(`prctl ${PR_SET_PTRACER} ${reader.pid}`);
  expect(await reader.attach()).toBe('process_vm_readv');
  expect(await target.ask('undumpable')).toBe('ok');
  expect(await asUser(nobody, 'why', String(target.pid))).toMatchObject({ allowed: false });
  expect(await reader.goOn()).toEqual(foundWithoutCalls);
  await target.exited;
});
