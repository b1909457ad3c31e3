import * as vscode from 'vscode';
import { createDisposableStore } from '../../common/dispose.ts';
import { asError, MemoryError } from '../../common/error.ts';
import { createEmitter, type Event } from '../../common/event.ts';
import { requireLinux } from '../platform.ts';
import { detachedReason, type OpenAgent, type Target } from '../target.ts';
import type { Targets } from '../targets.ts';
import { askWhilePaused } from './ask.ts';
import { createOwnRequests } from './ours.ts';
import { pidResolvers } from './pids.ts';
import { createSettling } from './settling.ts';
import { createSuccession, type Restart } from './succession.ts';
import type { ThroughDebugger } from './throughDebugger.ts';
import { createTraffic, type Traffic } from './traffic.ts';
import { whereaboutsOf, type Whereabouts } from './whereabouts.ts';

/** A debug session and the process that it debugs. */
export interface Debugged {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  /** The number of its process, as far as it is known. */
  readonly pid: number | undefined;
  /** The process, attached to or read through the debugger; `undefined` while it is not known, or where neither can be. */
  readonly target: Target | undefined;
  /** Why it could not be opened. */
  readonly refusal: Error | undefined;
  /** Whether it is attached to: by the setting, until the user says otherwise by detaching or by asking for its memory. */
  readonly isWanted: boolean;
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
  /** The user asks for a session's memory, which it may have been detached from: finds and opens its process after all. */
  want(debugged: Debugged): Promise<void>;
  /** By the id that the debugger's menus pass; without one, the active session. */
  find(sessionId?: string): Debugged | undefined;
  /** A process took the place of one that is gone: the program was started again under the debugger. */
  readonly onRestart: Event<Restart>;
  readonly onDidChange: Event<void>;
}

/** A session, and what is under way for it. */
export interface Entry {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  pid: number | undefined;
  target: Target | undefined;
  refusal: Error | undefined;
  readonly whereabouts: Whereabouts;
  /** What the target is served by where it is read through the debugger. */
  through: ThroughDebugger | undefined;
  /** Whether the target's memory was found to be the debuggee's, or will not be asked about again. */
  isProven: boolean;
  proofTries: number;
  /** What the user has said; the setting's where nothing. */
  wanted: boolean | undefined;
  readonly isWanted: boolean;
  /** The opening of the process that the adapter has named. */
  taking: Promise<void>;
  /** What is done at a stop is done once at a time, and again where there was another stop meanwhile. */
  settling: 'no' | 'yes' | 'again';
  /** Ends what was begun for the target that it has. */
  release: () => void;
  /** Keeps everybody from asking the adapter while the program runs. */
  readonly guard: vscode.Disposable;
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
  const succession = store.add(createSuccession());
  const isOpen = (entry: Entry): boolean => entries.get(entry.session.id) === entry;

  function track(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const traffic = createTraffic();
    const ours = createOwnRequests();
    const entry: Entry = {
      session,
      traffic,
      pid: undefined,
      target: undefined,
      refusal: undefined,
      whereabouts: whereaboutsOf(session.type, session.configuration),
      through: undefined,
      isProven: false,
      proofTries: 0,
      wanted: undefined,
      get isWanted() {
        return this.wanted ?? attachesAutomatically();
      },
      taking: Promise.resolve(),
      settling: 'no',
      release: () => undefined,
      guard: askWhilePaused(session, { isPaused: () => traffic.isPaused, expect: ours.expect }),
      pending: Promise.resolve(),
    };
    const last = entries.get(session.id);
    entries.set(session.id, entry);
    if (last !== undefined) end(last);
    traffic.onPid((pid) => {
      // Elsewhere it may be anybody's number here: see `claim`.
      if (entry.whereabouts !== 'here') return;
      entry.taking = take(entry, pid);
      wait(entry, entry.taking);
    });
    traffic.onState(() => tellState(entry));
    traffic.onPause(() => {
      if (entry.isWanted) wait(entry, settle(entry));
    });
    traffic.onMemory(() => entry.target?.refresh());
    changed.fire();
    return {
      onWillReceiveMessage(message) {
        ours.sent(message, traffic.isPaused);
        traffic.sent(message);
      },
      onDidSendMessage(message) {
        ours.received(message);
        traffic.received(message);
      },
      onWillStopSession: () => end(entry),
      onExit: () => end(entry),
    };
  }

  /** Neither rejects: what goes wrong is the entry's refusal. */
  function wait(entry: Entry, work: Promise<void>): void {
    entry.pending = Promise.all([entry.pending, work]).then(() => undefined);
  }

  function end(entry: Entry): void {
    // A session that is started again keeps its id, and the end of its last run may come after the next has begun.
    if (entries.get(entry.session.id) === entry) entries.delete(entry.session.id);
    entry.guard.dispose();
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
    succession.left(target);
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
    if (entry.target?.facts.pid === pid) return;
    letGo(entry);
    entry.pid = pid;
    if (!entry.isWanted) return;
    const wasThere = targets.find(pid) !== undefined;
    try {
      requireLinux();
      const target = await targets.attach(pid);
      if (!isOpen(entry)) return;
      own(entry, target, wasThere);
      entry.isProven = false;
      entry.proofTries = 0;
    } catch (error) {
      // The program has exited, as programs do.
      if (error instanceof MemoryError && error.code === 'Gone') return;
      entry.refusal = asError(error);
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
    const ended = target.onStatus(({ state, reason }) => {
      if (state !== 'gone' || entry.target !== target) return;
      const { pid } = target.facts;
      letGo(entry);
      if (reason === detachedReason) {
        entry.wanted = false;
        changed.fire();
        return;
      }
      // After exec the same number is another program, which the session goes on debugging.
      if (entry.whereabouts !== 'here') entry.proofTries = 0;
      else if (target.facts.through === undefined) {
        entry.taking = take(entry, pid);
        wait(entry, entry.taking);
      }
    });
    entry.release = () => {
      ended.dispose();
      use.dispose();
      if (!wasThere) targets.forgetUnused(target);
    };
    tellState(entry);
    succession.follow(target).catch((error: unknown) => log(String(error)));
    changed.fire();
  }

  /** The process that the resolvers name; `undefined` where none does, or the adapter has named it meanwhile. */
  async function findPid(entry: Entry, when: 'running' | 'stopped'): Promise<number | undefined> {
    const { session, traffic } = entry;
    try {
      for (const resolver of pidResolvers) {
        // A program may stop before VS Code has told that its session has begun, so at a stop all are asked.
        if ((resolver.when === 'stopped' && when === 'running') || !resolver.types.test(session.type)) continue;
        const { threadId } = traffic;
        const pid = await resolver.find(session, { running, threadId, output: () => traffic.output });
        // An adapter that names the process itself knows best, and may have done so meanwhile.
        if (traffic.pid !== undefined || !isOpen(entry)) return undefined;
        if (pid !== undefined) return pid;
      }
      if (when === 'stopped') log(`The debug session “${session.name}” (${session.type}) does not tell its process.`);
    } catch (error) {
      log(`The debug session “${session.name}” does not tell its process: ${String(error)}`);
    }
    return undefined;
  }

  async function resolve(entry: Entry): Promise<void> {
    const pid = entry.isWanted ? await findPid(entry, 'running') : undefined;
    // Once it has stopped, that is for `settle`, which asks all of them and proves what they say.
    if (pid !== undefined && entry.traffic.stops === 0) await (entry.taking = take(entry, pid));
  }

  const settle = createSettling({
    targets,
    openAgent,
    isOpen,
    findPid,
    take,
    own,
    disown(entry, target) {
      letGo(entry);
      succession.disown(target);
      changed.fire();
    },
    log,
    tell,
  });

  store.add(vscode.debug.registerDebugAdapterTrackerFactory('*', { createDebugAdapterTracker: track }));
  store.add(
    vscode.debug.onDidStartDebugSession((session) => {
      const entry = entries.get(session.id);
      if (entry?.whereabouts === 'here' && entry.traffic.pid === undefined) wait(entry, resolve(entry));
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
    async want({ session }) {
      const entry = entries.get(session.id);
      if (entry === undefined) return;
      entry.wanted = true;
      if (entry.pid !== undefined && entry.whereabouts === 'here') wait(entry, (entry.taking = take(entry, entry.pid)));
      if (entry.traffic.isPaused) wait(entry, settle(entry));
      await entry.pending;
    },
    find: (sessionId = vscode.debug.activeDebugSession?.id) => entries.get(sessionId ?? ''),
    onRestart: succession.onRestart,
    onDidChange: changed.event,
    dispose() {
      for (const entry of [...entries.values()]) end(entry);
      store.dispose();
    },
  };
}
