import * as vscode from 'vscode';
import { createDisposableStore } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { createEmitter, type Event } from '../../common/event.ts';
import type { Target } from '../target.ts';
import type { Targets } from '../targets.ts';
import { pidResolvers } from './pids.ts';
import { createTraffic, type Traffic } from './traffic.ts';

/** A debug session and the process that it debugs. */
export interface Debugged {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  /** The number of its process, as far as it is known. */
  readonly pid: number | undefined;
  /** The process, attached to; `undefined` while it is not known, or where it cannot be opened. */
  readonly target: Target | undefined;
  /** Why it could not be opened. */
  readonly refusal: Error | undefined;
  /** Resolves when what is under way to find and open the process has ended. */
  readonly pending: Promise<void>;
}

/** The debug sessions of this window. Their processes become targets by themselves, where the setting lets them. */
export interface DebugSessions extends vscode.Disposable {
  /** The session that debugs a target, the active one first. */
  of(target: Target): Debugged | undefined;
  all(): readonly Debugged[];
  /** Attaches to a process that was refused before; answers the target where it is let in now. */
  retry(debugged: Debugged): Promise<Target | undefined>;
  /** By the id that the debugger's menus pass; without one, the active session. */
  find(sessionId?: string): Debugged | undefined;
  /** A process took the place of one that is gone: the program was started again under the debugger. */
  readonly onRestart: Event<{ readonly gone: Target; readonly target: Target }>;
  readonly onDidChange: Event<void>;
}

/** How long after a new run has begun the end of the last one still counts as its restart. */
const restartMs = 10_000;

interface Entry {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  pid: number | undefined;
  target: Target | undefined;
  refusal: Error | undefined;
  /** Ends what was begun for the target that it has. */
  release: () => void;
  pending: Promise<void>;
}

/** What the sessions need of the rest; `log` is for what nobody asked for and nobody is bothered with. */
export interface DebugSurroundings {
  readonly targets: Targets;
  attachesAutomatically(): boolean;
  /** The processes that run an executable, by its absolute path. */
  running(executable: string): Promise<readonly number[]>;
  log(message: string): void;
}

export function createDebugSessions({
  targets,
  attachesAutomatically,
  running,
  log,
}: DebugSurroundings): DebugSessions {
  const store = createDisposableStore();
  const entries = new Map<string, Entry>();
  const changed = createEmitter<void>();
  const restarts = createEmitter<{ readonly gone: Target; readonly target: Target }>();
  /** Targets of sessions that have ended, or whose process has: the next one that runs the same program takes their place. */
  let gone: Target[] = [];

  function track(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const traffic = createTraffic();
    const entry: Entry = {
      session,
      traffic,
      pid: undefined,
      target: undefined,
      refusal: undefined,
      release: () => undefined,
      pending: Promise.resolve(),
    };
    entries.set(session.id, entry);
    traffic.onPid((pid) => wait(entry, take(entry, pid)));
    traffic.onState(() => tellState(entry));
    traffic.onPause(() => {
      if (entry.target === undefined && traffic.pid === undefined) wait(entry, resolve(entry, 'stopped'));
    });
    traffic.onMemory(() => entry.target?.refresh());
    changed.fire();
    return {
      onWillReceiveMessage: (message) => traffic.sent(message),
      onDidSendMessage: (message) => traffic.received(message),
      onWillStopSession: () => end(entry),
      onExit: () => end(entry),
    };
  }

  /** Neither rejects: what goes wrong is the entry's refusal. */
  function wait(entry: Entry, work: Promise<void>): void {
    entry.pending = Promise.all([entry.pending, work]).then(() => undefined);
  }

  function end(entry: Entry): void {
    if (!entries.delete(entry.session.id)) return;
    letGo(entry);
    changed.fire();
  }

  function letGo(entry: Entry): void {
    const { target } = entry;
    entry.target = undefined;
    entry.release();
    entry.release = () => undefined;
    if (target === undefined) return;
    gone = [...gone.filter((other) => other !== target), target].slice(-8);
    if (sessionsOf(target).length === 0) target.setDebugger('none');
  }

  const sessionsOf = (target: Target): Entry[] => [...entries.values()].filter((entry) => entry.target === target);

  /** Several sessions may debug one process, as js-debug's parent and child do: it is stopped when one of them has stopped it. */
  function tellState({ target }: Entry): void {
    if (target === undefined) return;
    const stopped = sessionsOf(target).some(({ traffic }) => traffic.state === 'stopped');
    target.setDebugger(stopped ? 'stopped' : 'running');
  }

  /** The process of a session is known. */
  async function take(entry: Entry, pid: number): Promise<void> {
    if (!attachesAutomatically() || entry.target?.facts.pid === pid) return;
    letGo(entry);
    entry.pid = pid;
    const wasThere = targets.find(pid) !== undefined;
    try {
      const target = await targets.attach(pid);
      if (entries.get(entry.session.id) !== entry) return;
      entry.refusal = undefined;
      entry.target = target;
      const use = targets.use(target);
      const ended = target.onStatus(({ state }) => {
        if (state !== 'gone') return;
        letGo(entry);
        // After exec the same number is another program, which the session goes on debugging.
        wait(entry, take(entry, pid));
      });
      entry.release = () => {
        ended.dispose();
        use.dispose();
        if (!wasThere) targets.forgetUnused(target);
      };
      tellState(entry);
      succeed(target).catch((error: unknown) => log(String(error)));
    } catch (error) {
      // The program has exited, as programs do.
      if (error instanceof MemoryError && error.code === 'Gone') return;
      entry.refusal = error instanceof Error ? error : new Error(String(error));
      log(
        `The process ${pid} of the debug session “${entry.session.name}” could not be opened: ${entry.refusal.message}`,
      );
    }
    changed.fire();
  }

  /** Views of the program's last run go on with this one. */
  async function succeed(target: Target): Promise<void> {
    const before = gone.filter((other) => other !== target && other.facts.executable === target.facts.executable);
    gone = gone.filter((other) => !before.includes(other) && other !== target);
    for (const other of before) {
      // One that has been killed may not have been looked at since; one that was only let go lives on.
      if (other.status.state !== 'gone') await other.call('read', { start: '0x0', length: 1 }).catch(() => undefined);
      if (other.status.state === 'gone') restarts.fire({ gone: other, target });
      else afterEnd(other, () => restarts.fire({ gone: other, target }));
    }
  }

  /** A debugger may start the next run before the last one has quite ended. */
  function afterEnd(target: Target, run: () => void): void {
    const listening = target.onStatus(({ state }) => {
      if (state !== 'gone') return;
      stop();
      run();
    });
    const timer = setTimeout(() => listening.dispose(), restartMs);
    const stop = (): void => {
      clearTimeout(timer);
      listening.dispose();
    };
  }

  async function resolve(entry: Entry, when: 'running' | 'stopped'): Promise<void> {
    if (!attachesAutomatically()) return;
    try {
      for (const resolver of pidResolvers) {
        if (resolver.when !== when || !resolver.types.test(entry.session.type)) continue;
        const pid = await resolver.find(entry.session, {
          running,
          threadId: entry.traffic.threadId,
          output: () => entry.traffic.output,
        });
        // An adapter that names the process itself knows best, and may have done so meanwhile.
        if (entry.traffic.pid !== undefined || entries.get(entry.session.id) !== entry) return;
        if (pid !== undefined) return await take(entry, pid);
      }
      if (when === 'stopped')
        log(`The debug session “${entry.session.name}” (${entry.session.type}) does not tell its process.`);
    } catch (error) {
      log(`The debug session “${entry.session.name}” does not tell its process: ${String(error)}`);
    }
  }

  store.add(vscode.debug.registerDebugAdapterTrackerFactory('*', { createDebugAdapterTracker: track }));
  store.add(
    vscode.debug.onDidStartDebugSession((session) => {
      const entry = entries.get(session.id);
      if (entry !== undefined && entry.traffic.pid === undefined) wait(entry, resolve(entry, 'running'));
    }),
  );
  store.add(
    vscode.debug.onDidTerminateDebugSession((session) => {
      const entry = entries.get(session.id);
      if (entry !== undefined) end(entry);
    }),
  );

  return {
    of(target) {
      const found = sessionsOf(target);
      const active = vscode.debug.activeDebugSession?.id;
      return (
        found.find(({ session }) => session.id === active) ??
        found.find(({ traffic }) => traffic.state === 'stopped') ??
        found[0]
      );
    },
    all: () => [...entries.values()],
    async retry({ session, pid }) {
      const entry = entries.get(session.id);
      if (entry !== undefined && pid !== undefined) wait(entry, take(entry, pid));
      await entry?.pending;
      return entry?.target;
    },
    find: (sessionId = vscode.debug.activeDebugSession?.id) => entries.get(sessionId ?? ''),
    onRestart: restarts.event,
    onDidChange: changed.event,
    dispose() {
      for (const entry of [...entries.values()]) end(entry);
      store.dispose();
    },
  };
}
