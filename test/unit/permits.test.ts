import type { DebugSession } from 'vscode';
import { expect, test } from 'vitest';
import type { AccessReport } from '../../common/access.ts';
import { createEmitter } from '../../common/event.ts';
import { createPermits, type Permits } from '../../extension/debug/permits.ts';
import type { LiftAnswer } from '../../extension/debug/permitQuestion.ts';
import type { Debugged, DebugSessions } from '../../extension/debug/sessions.ts';
import type { Target } from '../../extension/target.ts';
import { createTraffic, type Traffic } from '../../extension/debug/traffic.ts';
import { report as refused } from './denied.ts';

// When a debugger is asked to open a process and to close it again, whatever the user and the program do meanwhile. What the
// calls do to a real process is in test/extension/refusedDebuggee.test.ts.
interface Bed {
  readonly permits: Permits;
  readonly debugged: { -readonly [Name in keyof Debugged]: Debugged[Name] };
  readonly traffic: Traffic;
  /** What was done, in order. */
  readonly done: string[];
  readonly said: string[];
  endSession(): void;
}

interface Means {
  answer?: LiftAnswer | 'none';
  opens?: boolean;
  meanwhile?: (traffic: Traffic) => void;
  returns?: (value: number) => number;
}

function createBed({ answer = 'open', opens = true, meanwhile, returns = () => 0 }: Means = {}): Bed {
  const done: string[] = [];
  const said: string[] = [];
  const changed = createEmitter<void>();
  const traffic = createTraffic();
  traffic.received({ type: 'event', event: 'stopped', body: {} });
  const session = { id: 's', name: 'a session' } as DebugSession;
  const known = { pid: 4242, target: undefined, refusal: undefined, isWanted: true };
  const debugged = { session, traffic, ...known, pending: Promise.resolve() };
  let sessionIs: Debugged | undefined = debugged;
  let isOpen = false;
  const sessions: Pick<DebugSessions, 'find' | 'onDidChange' | 'retry'> = {
    find: () => sessionIs,
    onDidChange: changed.event,
    retry: () => {
      done.push('attach');
      meanwhile?.(traffic);
      const facts = { pid: 4242, name: 'debuggee' };
      return Promise.resolve(isOpen && opens ? ({ facts } as Target) : undefined);
    },
  };
  const permits = createPermits({
    sessions: sessions as DebugSessions,
    pid: 77,
    whyDenied: (): Promise<AccessReport> => Promise.resolve({ ...refused('notDumpable'), allowed: isOpen }),
    prctl: (_, option, value) => {
      done.push(option === 3 ? 'ask' : value === 1 ? 'open' : 'close');
      if (option === 4) isOpen = value === 1;
      return Promise.resolve(option === 3 ? 0 : returns(value));
    },
    ask: () => Promise.resolve(answer === 'none' ? undefined : answer),
    log: (message) => said.push(message),
    report: (error) => said.push((error as Error).message),
  });
  return {
    permits,
    debugged,
    traffic,
    done,
    said,
    endSession() {
      sessionIs = undefined;
      changed.fire();
    },
  };
}

const goesOn = (traffic: Traffic): void => traffic.sent({ type: 'request', command: 'continue', seq: 1 });
const stops = (traffic: Traffic): void => traffic.received({ type: 'event', event: 'stopped', body: {} });

test('what was called is undone as soon as the process is attached to', async () => {
  const { permits, debugged, done, said } = createBed();
  expect(await permits.offer(debugged)).toBe(true);
  expect(done).toEqual(['ask', 'open', 'attach', 'close']);
  expect(said.at(0)).toMatch(/PR_SET_DUMPABLE, 1\) in process 4242 is undone/);
});

test('it is undone as well where attaching fails all the same', async () => {
  const { permits, debugged, done } = createBed({ opens: false });
  expect(await permits.offer(debugged)).toBe(false);
  expect(done).toEqual(['ask', 'open', 'attach', 'close']);
});

test('without the user’s word nothing is called', async () => {
  const through = createBed({ answer: 'through' });
  expect(await through.permits.offer(through.debugged)).toBe(false);
  const no = createBed({ answer: 'none' });
  await expect(no.permits.offer(no.debugged)).rejects.toMatchObject({ code: 'Cancelled' });
  const running = createBed();
  goesOn(running.traffic);
  expect(await running.permits.offer(running.debugged)).toBe(false);
  expect([...through.done, ...no.done, ...running.done]).toEqual([]);
});

test('where the program goes on meanwhile, it is undone at its next stop, once, and not before', async () => {
  const { permits, debugged, traffic, done } = createBed({ meanwhile: goesOn });
  expect(await permits.offer(debugged)).toBe(true);
  expect(done).toEqual(['ask', 'open', 'attach']);
  stops(traffic);
  goesOn(traffic);
  stops(traffic);
  expect(done).toEqual(['ask', 'open', 'attach', 'close']);
});

test('where its session ends before, or it becomes another process, the log says what is left', async () => {
  const ended = createBed({ meanwhile: goesOn });
  await ended.permits.offer(ended.debugged);
  ended.endSession();
  stops(ended.traffic);
  const other = createBed({ meanwhile: goesOn });
  await other.permits.offer(other.debugged);
  other.debugged.pid = 4343;
  stops(other.traffic);
  expect([...ended.done, ...other.done]).not.toContain('close');
  expect(ended.said.at(-1)).toBe('The process 4242 was let go before prctl(PR_SET_DUMPABLE, 1) was undone in it.');
});

test('what could not be undone is said to the user', async () => {
  const { permits, debugged, said } = createBed({ returns: (value) => (value === 1 ? 0 : -1) });
  expect(await permits.offer(debugged)).toBe(true);
  expect(said).toContain(
    'prctl(PR_SET_DUMPABLE, 1) was called in process 4242, and could not be undone: the system refused it (-1).',
  );
});

test('a call that the system refuses is an error, and nothing is to be undone', async () => {
  const { permits, debugged, done } = createBed({ returns: () => -1 });
  await expect(permits.offer(debugged)).rejects.toMatchObject({ code: 'Denied' });
  expect(done).toEqual(['ask', 'open']);
});
