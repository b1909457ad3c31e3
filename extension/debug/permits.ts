import type { AccessReport } from '../../common/access.ts';
import { createDisposableStore, type Disposable } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { detachedReason, printTarget, type Target } from '../target.ts';
import type { Targets } from '../targets.ts';
import type { Views } from '../views.ts';
import { callPrctl } from './callPrctl.ts';
import { liftingOf, type Lifting } from './lifting.ts';
import type { LiftAnswer } from './permitQuestion.ts';
import type { Debugged, DebugSessions } from './sessions.ts';

/**
 * Where the kernel keeps us from the process that a debugger has stopped, the process itself may let us in, and the debugger
 * can have it do so. Only when the user has asked for its memory and said yes. It is undone when the last view of the process
 * is closed, at once where the program is stopped and otherwise at its next stop: a running program's debugger is asked for
 * nothing. What a session that ends leaves as it is, the log says: an extension cannot come before VS Code's `disconnect`.
 */
export interface Permits extends Disposable {
  /** Asks the user, has the call made, and attaches again; whether the process is open now. Rejects with MemoryError. */
  offer(debugged: Debugged): Promise<boolean>;
}

export interface PermitSurroundings {
  readonly sessions: DebugSessions;
  readonly targets: Targets;
  readonly views: Views;
  /** The process of the extension host. */
  readonly pid: number;
  whyDenied(pid: number): Promise<AccessReport>;
  ask(name: string, pid: number, lifting: Lifting, canReadThrough: boolean): Promise<LiftAnswer>;
  log(message: string): void;
}

interface Permit {
  readonly debugged: Debugged;
  readonly pid: number;
  readonly lifting: Lifting;
  target: Target | undefined;
  /** Whether a view has shown it, or had the time to. */
  wasShown: boolean;
}

/** Another process, or what it became by exec, is not the one that the call was made in. */
function hasExited({ target }: Permit): boolean {
  return target?.status.state === 'gone' && target.status.reason !== detachedReason;
}

function requirePaused({ session, traffic }: Debugged): void {
  if (traffic.isPaused) return;
  throw new MemoryError('Invalid', `“${session.name}” runs again. Pause it and try once more.`);
}

export function createPermits({ sessions, targets, views, pid: us, whyDenied, ask, log }: PermitSurroundings): Permits {
  const store = createDisposableStore();
  let permits: readonly Permit[] = [];

  function drop(permit: Permit): boolean {
    if (!permits.includes(permit)) return false;
    permits = permits.filter((other) => other !== permit);
    return true;
  }

  function undoWhereStopped(permit: Permit): void {
    const { debugged, lifting, pid, target } = permit;
    if (!debugged.traffic.isPaused || !drop(permit) || hasExited(permit) || debugged.pid !== pid) return;
    callPrctl(debugged, lifting.option, lifting.undo).then(
      (got) => {
        log(`${lifting.call} in process ${pid} is ${got === 0 ? 'undone' : `not undone: prctl returned ${got}`}.`);
        // What is still read of it would fail from now on.
        if (got === 0 && target !== undefined) targets.detach(target);
      },
      (error: unknown) => log(`${lifting.call} in process ${pid} could not be undone: ${String(error)}`),
    );
  }

  const isOver = ({ target, wasShown }: Permit): boolean =>
    target !== undefined && (!targets.all().includes(target) || (wasShown && views.latest(target) === undefined));

  function look(): void {
    for (const permit of permits) {
      const { debugged, target, lifting, pid } = permit;
      if (hasExited(permit)) {
        drop(permit);
      } else if (!sessions.all().some(({ session }) => session.id === debugged.session.id)) {
        drop(permit);
        log(
          `The debug session has ended before ${lifting.call} in process ${pid} was undone; it lasts as long as that.`,
        );
      } else {
        if (target !== undefined && views.latest(target) !== undefined) permit.wasShown = true;
        if (isOver(permit)) undoWhereStopped(permit);
      }
    }
  }
  store.add(sessions.onDidChange(look));
  store.add(targets.onDidChange(look));
  store.add(views.onDidChange(look));

  /** Makes the call; rejects where it does not help. */
  async function lift(debugged: Debugged, pid: number, lifting: Lifting): Promise<void> {
    const { option, value, asks, call } = lifting;
    const now = asks === undefined ? undefined : await callPrctl(debugged, asks.option, 0);
    if (now !== undefined && now === asks?.already) {
      throw debugged.refusal ?? new MemoryError('Denied', `${call} would not open process ${pid}.`);
    }
    const got = await callPrctl(debugged, option, value);
    if (got !== 0)
      throw new MemoryError('Denied', `${call} was called in process ${pid}, and the system refused it (${got}).`);
    const permit: Permit = { debugged, pid, lifting, target: undefined, wasShown: false };
    permits = [...permits, permit];
    debugged.traffic.onPause(() => {
      // Where no view has come of it, none is waited for.
      permit.wasShown = true;
      if (permits.includes(permit) && isOver(permit)) undoWhereStopped(permit);
    });
  }

  /** One call after the other, each with the user's word, until the process is open or nothing is left to try. */
  async function liftAll(debugged: Debugged, pid: number): Promise<void> {
    const called = new Set<string>();
    for (;;) {
      const report = await whyDenied(pid);
      const lifting = liftingOf(report, us);
      if (lifting === undefined || called.has(lifting.call)) return;
      const answer = await ask(report.name, pid, lifting, debugged.target !== undefined);
      if (answer === undefined) throw new MemoryError('Cancelled', 'The process stays closed.');
      if (answer === 'through') return;
      requirePaused(debugged);
      called.add(lifting.call);
      await lift(debugged, pid, lifting);
    }
  }

  return {
    async offer(debugged) {
      const { pid, traffic } = debugged;
      if (pid === undefined || !traffic.isPaused) return false;
      const unused = (): Permit[] =>
        permits.filter((permit) => permit.debugged === debugged && permit.target === undefined);
      try {
        await liftAll(debugged, pid);
      } catch (error) {
        // One call may have been made, and the next one not.
        for (const permit of unused()) undoWhereStopped(permit);
        throw error;
      }
      const ours = unused();
      if (ours.length === 0) return false;
      const target = await sessions.retry(debugged);
      for (const permit of ours) permit.target = target;
      log(
        `${ours.map(({ lifting }) => lifting.call).join(' and ')} was called in ${target === undefined ? `process ${pid}` : printTarget(target.facts)}.`,
      );
      if (target === undefined) for (const permit of ours) undoWhereStopped(permit);
      return target !== undefined;
    },
    dispose: () => store.dispose(),
  };
}
