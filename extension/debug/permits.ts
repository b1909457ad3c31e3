import type { AccessReport } from '../../common/access.ts';
import { createDisposableStore, type Disposable } from '../../common/dispose.ts';
import { asError, MemoryError } from '../../common/error.ts';
import { printTarget, type Target } from '../target.ts';
import { liftingOf, type Lifting } from './lifting.ts';
import type { LiftAnswer } from './permitQuestion.ts';
import type { Debugged, DebugSessions } from './sessions.ts';

/**
 * Where the kernel keeps us from the process that a debugger has stopped, the process itself may let us in, and the debugger
 * can have it do so. Only when the user has asked for its memory and said yes. The kernel asks who may when a descriptor is
 * opened, and not again: so it is undone as soon as the process is attached to, and nothing is left to be undone at the end.
 */
export interface Permits extends Disposable {
  /** Asks the user, has the call made, attaches, has it undone; whether the process is open now. Rejects with MemoryError. */
  offer(debugged: Debugged): Promise<boolean>;
}

export interface PermitSurroundings {
  readonly sessions: DebugSessions;
  /** The process of the extension host. */
  readonly pid: number;
  whyDenied(pid: number): Promise<AccessReport>;
  /** Has the debugger call prctl(option, value) in the process; what that returns. */
  prctl(debugged: Debugged, option: number, value: number): Promise<number>;
  ask(name: string, pid: number, lifting: Lifting, canReadThrough: boolean): Promise<LiftAnswer>;
  log(message: string): void;
  report(error: unknown): void;
}

export function createPermits({ sessions, pid: us, whyDenied, prctl, ask, log, report }: PermitSurroundings): Permits {
  const store = createDisposableStore();

  function requirePaused({ session, traffic }: Debugged): void {
    if (traffic.isPaused) return;
    throw new MemoryError('Invalid', `“${session.name}” runs again. Pause it and try once more.`);
  }

  /** Makes the call; rejects where it does not help. */
  async function lift(debugged: Debugged, pid: number, lifting: Lifting): Promise<void> {
    const { option, value, asks, call } = lifting;
    const now = asks === undefined ? undefined : await prctl(debugged, asks.option, 0);
    if (now !== undefined && now === asks?.already) {
      throw debugged.refusal ?? new MemoryError('Denied', `${call} would not open process ${pid}.`);
    }
    const got = await prctl(debugged, option, value);
    if (got !== 0)
      throw new MemoryError('Denied', `${call} was called in process ${pid}, and the system refused it (${got}).`);
  }

  /** One call after the other, each with the user's word, until the process is open or nothing is left to try. */
  async function liftAll(debugged: Debugged, pid: number, made: Lifting[]): Promise<void> {
    for (;;) {
      const access = await whyDenied(pid);
      const lifting = liftingOf(access, us);
      if (lifting === undefined || made.some(({ call }) => call === lifting.call)) return;
      const answer = await ask(access.name, pid, lifting, debugged.target !== undefined);
      if (answer === undefined) throw new MemoryError('Cancelled', 'The process stays closed.');
      if (answer === 'through') return;
      requirePaused(debugged);
      await lift(debugged, pid, lifting);
      made.push(lifting);
    }
  }

  async function undo(debugged: Debugged, pid: number, made: readonly Lifting[]): Promise<void> {
    for (const { call, option, undo: value } of made.toReversed()) {
      try {
        const got = await prctl(debugged, option, value);
        if (got !== 0) throw new Error(`the system refused it (${got}).`);
        log(`${call} in process ${pid} is undone.`);
      } catch (error) {
        const why = asError(error).message;
        report(new MemoryError('Denied', `${call} was called in process ${pid}, and could not be undone: ${why}`));
      }
    }
  }

  /** A running program's debugger is asked for nothing: who has gone on meanwhile is waited for. */
  function undoWhenPaused(debugged: Debugged, pid: number, made: readonly Lifting[]): Promise<void> | undefined {
    if (made.length === 0) return undefined;
    const { session, traffic } = debugged;
    if (traffic.isPaused) return undo(debugged, pid, made);
    const isOver = (): boolean => debugged.pid !== pid || sessions.find(session.id) !== debugged;
    const waiting = createDisposableStore();
    store.add(waiting);
    waiting.add(
      traffic.onPause(() => {
        waiting.dispose();
        if (!isOver()) void undo(debugged, pid, made);
      }),
    );
    waiting.add(
      sessions.onDidChange(() => {
        if (!isOver()) return;
        waiting.dispose();
        log(`The process ${pid} was let go before ${made.map(({ call }) => call).join(' and ')} was undone in it.`);
      }),
    );
    return undefined;
  }

  return {
    async offer(debugged) {
      const { pid, traffic } = debugged;
      if (pid === undefined || !traffic.isPaused) return false;
      const made: Lifting[] = [];
      let target: Target | undefined;
      try {
        await liftAll(debugged, pid, made);
        if (made.length > 0) target = await sessions.retry(debugged);
      } finally {
        // One call may have been made, and the next one not.
        await undoWhenPaused(debugged, pid, made);
      }
      if (target !== undefined)
        log(`${printTarget(target.facts)} was opened by ${made.map(({ call }) => call).join(' and ')}.`);
      return target !== undefined;
    },
    dispose: () => store.dispose(),
  };
}
