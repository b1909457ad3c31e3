import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { relocate } from '../../common/relocate.ts';
import { reattach } from '../../native/attach.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { addressOf, attachTo } from './support.ts';

/** Its command line is like no other's: tests run side by side, and any of their targets would do as an heir. */
async function start(): Promise<RunningTarget> {
  const target = await startTarget('scratch', [`reattach-${process.pid}`]);
  onTestFinished(() => target.dispose());
  return target;
}

test('reattach() finds the program that was started again, and its addresses for all that ASLR has moved', async () => {
  const first = await start();
  const gone = await attachTo(first.pid);
  const addresses = ['known', 'counter', 'constant', 'main', 'heap'].map((name) => addressOf(first, name));
  const { table } = gone;
  first.dispose();
  await first.exited;
  await expect(gone.regions()).rejects.toMatchObject({ code: 'Gone' });
  await expect(reattach(gone)).rejects.toMatchObject({ code: 'Gone', message: saying(/Start it again/) });

  const second = await start();
  const again = await reattach(gone);
  expect(again.pid).toBe(second.pid);
  const found = addresses.map((address) => relocate(table, address, again.table));
  // The heap begins at a random distance from the program; malloc's first block is as far from its beginning as it was.
  expect(found).toEqual(['known', 'counter', 'constant', 'main', 'heap'].map((name) => addressOf(second, name)));
  expect(found).not.toEqual(addresses);
  again.dispose();
});

test('reattach() finds the program that became itself anew, under its own number', async () => {
  const target = await start();
  const gone = await attachTo(target.pid);
  target.send('exec');
  await target.nextLine();
  await expect(gone.regions()).rejects.toMatchObject({ code: 'Gone' });
  const again = await reattach(gone);
  expect(again.pid).toBe(target.pid);
  expect(again.isAlive()).toBe(true);
  again.dispose();
});
