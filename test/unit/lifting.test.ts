import { expect, test } from 'vitest';
import type { AccessFacts } from '../../common/access.ts';
import { liftingOf } from '../../extension/debug/lifting.ts';
import { facts, report } from './denied.ts';

// Which call in a debuggee would let us in: what no one machine can be made to refuse.
const withYama = (yamaScope: number): Partial<AccessFacts> => ({ ours: { ...facts.ours, yamaScope } });
const ofRoot: Partial<AccessFacts> = { theirs: { ...facts.theirs, procOwner: 0 } };

test('Yama’s scope 1 is lifted for the process that asks, and that alone', () => {
  const lifting = liftingOf(report('yama', withYama(1)), 77);
  expect(lifting).toMatchObject({ call: 'prctl(PR_SET_PTRACER, 77)', option: 0x59616d61, value: 77, undo: 0 });
  expect(lifting?.allows).toMatch(/only into those that it has started itself.*process 77.*look into this one/s);
});

test.each([2, 3])('of Yama’s scope %i a process has nothing to say', (scope) => {
  expect(liftingOf(report('yama', withYama(scope)), 77)).toBeUndefined();
});

test('a process that is not dumpable makes itself so', () => {
  expect(liftingOf(report('notDumpable'), 77)).toMatchObject({ option: 4, value: 1, undo: 0 });
});

test('of a process of root it is first asked whether that is what is wrong', () => {
  expect(liftingOf(report('securityModule', ofRoot), 77)).toMatchObject({
    option: 4,
    asks: { option: 3, already: 1 },
  });
  expect(liftingOf(report('securityModule'), 77)).toBeUndefined();
});

test.each(['otherUser', 'userNamespace', 'moreCapabilities', 'seccomp', 'procFile', 'noCrossMemoryAttach'] as const)(
  'nothing that a process could call helps against %s',
  (cause) => {
    expect(liftingOf(report(cause, ofRoot), 77)).toBeUndefined();
  },
);

test('where it is allowed, or there is no process, nothing is to be lifted', () => {
  expect(liftingOf({ ...report('notDumpable'), allowed: true }, 77)).toBeUndefined();
  expect(liftingOf({ ...report('notDumpable'), facts: undefined }, 77)).toBeUndefined();
});
