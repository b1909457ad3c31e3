import { expect, test } from 'vitest';
import type { AccessReport } from '../../common/access.ts';
import { liftingOf } from '../../extension/debug/lifting.ts';
import { readProc } from '../../native/linux/procfs.ts';
import { asUser, isRoot, nobody, startScratch } from './support.ts';
import { foundWithoutCalls, sixPages, startReader } from './sixPages.ts';

// Under a kernel with Yama and its scope 1: what a debugger has a program call does let us in, and what is open stays open when
// that is undone. `npm run test:kernel` runs this where there is one.
const scope = readProc('/proc/sys/kernel/yama/ptrace_scope')?.toString().trim();

test('Yama’s scope 1 is lifted by the call that a debugger is asked for, and stays lifted for what is open', async (context) => {
  if (!isRoot) return context.skip('becoming another user takes root');
  if (scope !== '1')
    return context.skip(
      scope === undefined ? 'this kernel has no Yama; npm run test:kernel has one' : `Yama’s scope is ${scope}, not 1`,
    );
  const target = await startScratch({ uid: nobody });
  const at = await sixPages(target);
  const reader = startReader(target, at);
  const why = async (): Promise<AccessReport> => (await asUser(nobody, 'why', String(target.pid))) as AccessReport;
  const refused = await why();
  expect(refused).toMatchObject({ allowed: false, cause: 'yama' });
  const lifting = liftingOf(refused, reader.pid);
  expect(await target.ask(`prctl ${lifting?.option} ${lifting?.value}`)).toBe('0');
  expect(await reader.attach()).toBe('process_vm_readv');
  // It was for one process, and for as long as it stands.
  expect(await why()).toMatchObject({ allowed: false, cause: 'yama' });
  expect(await target.ask(`prctl ${lifting?.option} ${lifting?.undo}`)).toBe('0');
  expect(await reader.goOn()).toEqual(foundWithoutCalls);
  await target.exited;
});
