import * as vscode from 'vscode';
import { createDisposableStore } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { createEmitter, type Event } from '../../common/event.ts';
import { proofTriesMax } from '../../common/limits.ts';
import { openTarget, printTarget, type OpenAgent, type Target } from '../target.ts';
import type { Targets } from '../targets.ts';
import { pidResolvers } from './pids.ts';
import { proveProcess, type Proof } from './proof.ts';
import { canReadThrough, openThroughDebugger, type ThroughDebugger } from './throughDebugger.ts';
import { createTraffic, type Traffic } from './traffic.ts';
import { whereaboutsOf, type Whereabouts } from './whereabouts.ts';

/** A debug session and the process that it debugs. */
export interface Debugged {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  /** The process, attached to or read through the debugger; `undefined` while it is not known, or where neither can be. */
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
  target: Target | undefined;
  refusal: Error | undefined;
  readonly whereabouts: Whereabouts;
  /** What the target is served by where it is read through the debugger. */
  through: ThroughDebugger | undefined;
  /** Whether the target's memory was found to be the debuggee's, or will not be asked about again. */
  isProven: boolean;
  proofTries: number;
  /** The opening of the process that the adapter has named. */
  taking: Promise<void>;
  /** What is done at a stop is done once at a time, and again where there was another stop meanwhile. */
  settling: 'no' | 'yes' | 'again';
  /** Ends what was begun for the target that it has. */
  release: () => void;
  pending: Promise<void>;
}

/** What the sessions need of the rest; `log` is for what nobody asked for and nobody is bothered with, `tell` for the user. */
export interface DebugSurroundings {
  readonly targets: Targets;
  readonly openAgent: OpenAgent;
  attachesAutomatically(): boolean;
  /** The processes that run an executable, by its absolute path. */
  running(executable: string): Promise<readonly number[]>;
  log(message: string): void;
  tell(message: string): void;
}

export function createDebugSessions({
  targets,
  openAgent,
  attachesAutomatically,
  running,
  log,
  tell,
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
      target: undefined,
      refusal: undefined,
      whereabouts: whereaboutsOf(session.type, session.configuration),
      through: undefined,
      isProven: false,
      proofTries: 0,
      taking: Promise.resolve(),
      settling: 'no',
      release: () => undefined,
      pending: Promise.resolve(),
    };
    entries.set(session.id, entry);
    traffic.onPid((pid) => {
      // Elsewhere it may be anybody's number here: see `claim`.
      if (entry.whereabouts !== 'here') return;
      entry.taking = take(entry, pid);
      wait(entry, entry.taking);
    });
    traffic.onState(() => tellState(entry));
    traffic.onPause(() => wait(entry, settle(entry)));
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
    const { target, through } = entry;
    entry.target = undefined;
    entry.through = undefined;
    through?.end(`The debug session “${entry.session.name}” has ended.`);
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
    const wasThere = targets.find(pid) !== undefined;
    try {
      const target = await targets.attach(pid);
      if (entries.get(entry.session.id) !== entry) return;
      own(entry, target, wasThere);
      entry.isProven = false;
      entry.proofTries = 0;
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

  /** A target is the session's from now on. */
  function own(entry: Entry, target: Target, wasThere: boolean): void {
    entry.refusal = undefined;
    entry.target = target;
    const use = targets.use(target);
    const ended = target.onStatus(({ state }) => {
      if (state !== 'gone' || entry.target !== target) return;
      const { pid } = target.facts;
      letGo(entry);
      // After exec the same number is another program, which the session goes on debugging.
      if (entry.whereabouts !== 'here') entry.proofTries = 0;
      else if (target.facts.through === undefined) wait(entry, take(entry, pid));
    });
    entry.release = () => {
      ended.dispose();
      use.dispose();
      if (!wasThere) targets.forgetUnused(target);
    };
    tellState(entry);
    succeed(target).catch((error: unknown) => log(String(error)));
  }

  /** Views of the program's last run go on with this one. */
  async function succeed(target: Target): Promise<void> {
    const { executable } = target.facts;
    const before = gone.filter(
      (other) => other !== target && executable !== '' && other.facts.executable === executable,
    );
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

  /** The process that the resolvers name; `undefined` where none does, or the adapter has named it meanwhile. */
  async function findPid(entry: Entry, when: 'running' | 'stopped'): Promise<number | undefined> {
    const { session, traffic } = entry;
    try {
      for (const resolver of pidResolvers) {
        if (resolver.when !== when || !resolver.types.test(session.type)) continue;
        const { threadId } = traffic;
        const pid = await resolver.find(session, { running, threadId, output: () => traffic.output });
        // An adapter that names the process itself knows best, and may have done so meanwhile.
        if (traffic.pid !== undefined || entries.get(session.id) !== entry) return undefined;
        if (pid !== undefined) return pid;
      }
      if (when === 'stopped') log(`The debug session “${session.name}” (${session.type}) does not tell its process.`);
    } catch (error) {
      log(`The debug session “${session.name}” does not tell its process: ${String(error)}`);
    }
    return undefined;
  }

  async function resolve(entry: Entry, when: 'running' | 'stopped'): Promise<void> {
    if (!attachesAutomatically()) return;
    const pid = await findPid(entry, when);
    if (pid !== undefined) await take(entry, pid);
  }

  /** What is to be done at a stop: find the process, prove that it is the one, or else read through the debugger. */
  async function settle(entry: Entry): Promise<void> {
    if (entry.settling !== 'no') {
      entry.settling = 'again';
      return;
    }
    do {
      entry.settling = 'yes';
      await settleOnce(entry).catch((error: unknown) => log(String(error)));
    } while ((entry.settling as Entry['settling']) === 'again');
    entry.settling = 'no';
  }

  async function settleOnce(entry: Entry): Promise<void> {
    const { session, traffic, whereabouts } = entry;
    if (!attachesAutomatically()) return;
    if (whereabouts === 'here') {
      if (entry.target === undefined && traffic.pid === undefined) await resolve(entry, 'stopped');
      await entry.taking;
      await check(entry);
    } else if (whereabouts === 'elsewhere' && entry.target === undefined) await claim(entry);
    if (entries.get(session.id) !== entry || entry.target !== undefined) return;
    if (canReadThrough(session, traffic)) await openThrough(entry);
    else if (whereabouts !== 'here' && !traffic.capabilities.readsMemory) {
      const what = whereabouts === 'core' ? 'a core file' : 'a program that need not be on this machine';
      entry.refusal = new MemoryError(
        'Unsupported',
        `“${session.name}” debugs ${what}, and its debugger does not read memory, so there is no way to it from here.`,
      );
    }
  }

  async function prove(entry: Entry, target: Target): Promise<Proof> {
    entry.proofTries++;
    const proof = await proveProcess(entry.session, entry.traffic, target);
    // Once more: what a thread of the kernel writes meanwhile is no proof of anything.
    return proof === 'other' ? proveProcess(entry.session, entry.traffic, target) : proof;
  }

  /** The number that an adapter gives need not be the debuggee's: a target that is not is let go. */
  async function check(entry: Entry): Promise<void> {
    const { session, traffic, target } = entry;
    if (target === undefined || entry.through !== undefined || entry.isProven) return;
    if (entry.proofTries >= proofTriesMax || !canReadThrough(session, traffic)) return;
    const proof = await prove(entry, target);
    if (entry.target !== target) return;
    if (proof === 'same') entry.isProven = true;
    if (proof !== 'other') return;
    letGo(entry);
    gone = gone.filter((other) => other !== target);
    tell(
      `${printTarget(target.facts)} is not what “${session.name}” debugs: its memory differs from what the debugger reads. ` +
        'Live Memory reads through the debugger instead.',
    );
    changed.fire();
  }

  /** The process with the number that is told from elsewhere counts only when its memory is the debuggee's. */
  async function claim(entry: Entry): Promise<void> {
    const { session, traffic } = entry;
    if (entry.proofTries >= proofTriesMax || !canReadThrough(session, traffic)) return;
    const pid = traffic.pid ?? (await findPid(entry, 'running')) ?? (await findPid(entry, 'stopped'));
    if (pid === undefined || !canReadThrough(session, traffic)) return;
    const there = targets.find(pid);
    let target: Target | undefined;
    try {
      // It is nobody's target before it is known to be the one.
      target = there ?? (await openTarget(openAgent, pid));
      const proof = await prove(entry, target);
      if (proof === 'same' && entries.get(session.id) === entry && entry.target === undefined) {
        if (there === undefined) targets.adopt(target);
        own(entry, target, there !== undefined);
        target = undefined;
        changed.fire();
        return;
      }
      log(`The process ${pid} that “${session.name}” names is not taken for the one on this machine: ${proof}.`);
    } catch (error) {
      log(`The process ${pid} that “${session.name}” names cannot be looked at: ${String(error)}`);
    } finally {
      if (there === undefined) target?.dispose();
    }
  }

  async function openThrough(entry: Entry): Promise<void> {
    const { session, traffic, whereabouts } = entry;
    const through = await openThroughDebugger(session, traffic, whereabouts === 'core', log);
    if (entries.get(session.id) !== entry || entry.target !== undefined) {
      through.target.dispose();
      return;
    }
    try {
      targets.adopt(through.target);
    } catch (error) {
      through.target.dispose();
      entry.refusal = error instanceof Error ? error : new Error(String(error));
      return;
    }
    entry.through = through;
    own(entry, through.target, false);
    changed.fire();
  }

  store.add(vscode.debug.registerDebugAdapterTrackerFactory('*', { createDebugAdapterTracker: track }));
  store.add(
    vscode.debug.onDidStartDebugSession((session) => {
      const entry = entries.get(session.id);
      if (entry?.whereabouts === 'here' && entry.traffic.pid === undefined) wait(entry, resolve(entry, 'running'));
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
    find: (sessionId = vscode.debug.activeDebugSession?.id) => entries.get(sessionId ?? ''),
    onRestart: restarts.event,
    onDidChange: changed.event,
    dispose() {
      for (const entry of [...entries.values()]) end(entry);
      store.dispose();
    },
  };
}
