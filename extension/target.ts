import { createChannel, type Channel, type Hears } from '../common/channel.ts';
import { createDisposableStore, type Disposable } from '../common/dispose.ts';
import { MemoryError } from '../common/error.ts';
import { createEmitter, type Event } from '../common/event.ts';
import type { Frame } from '../common/frame.ts';
import { silenceMs } from '../common/limits.ts';
import type {
  AgentContract,
  AgentHostContract,
  Pulse,
  Residency,
  SaveResult,
  TargetFacts,
  TargetStatus,
} from '../common/protocol.ts';
import { printRange, type Range } from '../common/range.ts';
import { emptyRegionTable, type RegionTable } from '../common/region.ts';
import { createHistory, type History, type WriteEntry } from './history.ts';

export interface Agent extends Disposable {
  readonly channel: Channel<AgentContract>;
}
/** `died` hears of an agent that ends although nobody disposed it. */
export type OpenAgent = (hears: Hears<AgentHostContract['says']>, died: (error: Error) => void) => Agent;

/** One view's share of a target's reader. Disposing stops all work for it. */
export interface Subscription extends Disposable {
  watch(pages: Float64Array): void;
  drawn(seq: number): void;
  pause(paused: boolean): void;
  /** Whether its pages are read although they are not in memory, which brings them in. */
  faultIn(on: boolean): void;
}

/** One attached process, and all that is known of it. Its agent works in a thread of its own. */
export interface Target extends Disposable {
  /** Names it among all targets of this window; pids come back. */
  readonly key: number;
  readonly facts: TargetFacts;
  readonly status: TargetStatus;
  readonly regions: RegionTable;
  readonly residency: Residency | undefined;
  readonly history: History;
  /** Whether the agent lets a call wait for longer than a person would. */
  readonly silent: boolean;
  call: Channel<AgentContract>['call'];
  subscribe(hear: (frame: Frame) => void): Subscription;
  setTempo(intervalMs: number): void;
  /** What a debugger does with the process: stopped, it is read once. */
  setDebugger(state: 'running' | 'stopped' | 'none'): void;
  /** Reads what is watched once more, although nothing runs. */
  refresh(): void;
  watchRegions(watched: boolean): void;
  /** Rejects with Cancelled when the signal aborts. */
  save(range: Range, file: string, progress: (doneBytes: number) => void, signal: AbortSignal): Promise<SaveResult>;
  readonly onStatus: Event<TargetStatus>;
  readonly onRegions: Event<RegionTable>;
  readonly onResidency: Event<Residency>;
  readonly onPulse: Event<Pulse>;
  /** The program has changed the bytes of a write that had held. */
  readonly onOverwritten: Event<WriteEntry>;
  readonly onSilence: Event<boolean>;
}

/** `redis-server (4242)`, `redis-server (through lldb)`. */
export function printTarget(facts: TargetFacts): string {
  return `${facts.name} (${facts.through === undefined ? facts.pid : `through ${facts.through}`})`;
}

/** Why a target is gone whose process may live on. */
export const detachedReason = 'Detached.';

let lastKey = 0;

/** Starts an agent and attaches it. Rejects as `AgentContract.attach` does; nothing is left behind then. */
export async function openTarget(openAgent: OpenAgent, pid: number): Promise<Target> {
  const ear = createEar();
  const agent = openAgent(ear.hears, (error) => {
    const reason = `The thread that reads it has ended unexpectedly: ${error.message}`;
    ear.hears.status({ state: 'gone', sinceMs: Date.now(), reason });
  });
  try {
    return targetOver(await agent.channel.call('attach', { pid }), agent, ear);
  } catch (error) {
    agent.dispose();
    throw error;
  }
}

/** A target that an agent of another kind serves, which needs no `attach`. */
export function targetBy(facts: TargetFacts, openAgent: OpenAgent): Target {
  const ear = createEar();
  const agent = openAgent(ear.hears, () => undefined);
  return targetOver(facts, agent, ear);
}

/** Stands for a process that is no longer there, so that its view has something to be gone from. */
export function absentTarget(facts: TargetFacts, reason: string): Target {
  const channel = createChannel<{ calls: Record<never, never>; says: Record<never, never> }, AgentContract>(
    { post: () => undefined, listen: () => undefined },
    {},
    {},
  );
  channel.close(new MemoryError('Gone', reason));
  const ear = createEar();
  ear.hears.status({ state: 'gone', sinceMs: Date.now(), reason });
  return targetOver(facts, { channel, dispose: () => undefined }, ear);
}

type Ear = ReturnType<typeof createEar>;

/** What the agent says, kept where it is the latest of its kind, for it may come before `attach` is answered. */
function createEar() {
  const frames = new Map<number, (frame: Frame) => void>();
  const saves = new Map<number, (doneBytes: number) => void>();
  const latest: { status: TargetStatus; regions: RegionTable; residency: Residency | undefined } = {
    status: { state: 'running', sinceMs: Date.now() },
    regions: emptyRegionTable,
    residency: undefined,
  };
  const status = createEmitter<TargetStatus>();
  const regions = createEmitter<RegionTable>();
  const residency = createEmitter<Residency>();
  const pulse = createEmitter<Pulse>();
  const overwritten = createEmitter<WriteEntry>();
  const history = createHistory();
  const hears: Hears<AgentHostContract['says']> = {
    frame: ({ view, frame }) => frames.get(view)?.(frame),
    regions(table) {
      latest.regions = table;
      regions.fire(table);
    },
    residency(news) {
      latest.residency = news;
      residency.fire(news);
    },
    status(news) {
      if (latest.status.state === 'gone') return;
      latest.status = news;
      status.fire(news);
    },
    pulse: (news) => pulse.fire(news),
    overwritten({ id, afterMs }) {
      const entry = history.overwritten(id, afterMs);
      if (entry !== undefined) overwritten.fire(entry);
    },
    saveProgress: ({ id, doneBytes }) => saves.get(id)?.(doneBytes),
  };
  return { hears, history, latest, frames, saves, status, regions, residency, pulse, overwritten };
}

function targetOver(facts: TargetFacts, agent: Agent, ear: Ear): Target {
  const { channel } = agent;
  const store = createDisposableStore();
  store.add(agent);
  const silence = createSilence(store);
  store.add(ear.pulse.event(() => silence.beat()));
  store.add(ear.status.event(({ state }) => state === 'gone' && silence.expect(false)));
  /** Views whose pages are being read. */
  const live = new Set<number>();
  let isHeld = false;
  // What is read at stops only has no pulse.
  const isLive = facts.through === undefined;
  const expectPulse = (): void =>
    silence.expect(isLive && live.size > 0 && !isHeld && ear.latest.status.state !== 'gone');
  let lastView = 0;
  let lastSave = 0;

  return {
    key: ++lastKey,
    facts,
    history: ear.history,
    get status() {
      return ear.latest.status;
    },
    get regions() {
      return ear.latest.regions;
    },
    get residency() {
      return ear.latest.residency;
    },
    get silent() {
      return silence.now();
    },
    call: (name, params) => silence.during(channel.call(name, params)),
    subscribe(hear) {
      const view = ++lastView;
      ear.frames.set(view, hear);
      channel.say('watch', { view, pages: new Float64Array(0) });
      let isWatching = false;
      let isPaused = false;
      const count = (): void => {
        if (isWatching && !isPaused) live.add(view);
        else live.delete(view);
        expectPulse();
      };
      return {
        watch(pages) {
          isWatching = pages.length > 0;
          count();
          channel.say('watch', { view, pages });
        },
        drawn: (seq) => channel.say('drawn', { view, seq }),
        pause(paused) {
          isPaused = paused;
          count();
          channel.say('pause', { view, paused });
        },
        faultIn: (faultIn) => channel.say('faultIn', { view, faultIn }),
        dispose() {
          ear.frames.delete(view);
          isWatching = false;
          count();
          channel.say('watch', { view, pages: new Float64Array(0) });
        },
      };
    },
    setTempo: (intervalMs) => channel.say('tempo', { intervalMs }),
    setDebugger(state) {
      isHeld = state === 'stopped';
      expectPulse();
      channel.say('debugger', { state });
    },
    refresh: () => channel.say('refresh', {}),
    watchRegions: (watched) => channel.say('watchRegions', { watched }),
    async save(range, file, progress, signal) {
      const id = ++lastSave;
      const cancel = (): void => channel.say('cancelSave', { id });
      ear.saves.set(id, progress);
      signal.addEventListener('abort', cancel);
      try {
        return await channel.call('save', { id, range: printRange(range), file });
      } finally {
        signal.removeEventListener('abort', cancel);
        ear.saves.delete(id);
      }
    },
    onStatus: ear.status.event,
    onRegions: ear.regions.event,
    onResidency: ear.residency.event,
    onPulse: ear.pulse.event,
    onOverwritten: ear.overwritten.event,
    onSilence: silence.onDidChange,
    dispose() {
      const { state, reason = '' } = ear.latest.status;
      const why = state === 'gone' ? reason : `${printTarget(facts)} is detached.`;
      const gone = new MemoryError('Gone', `${why} Attach again to go on.`);
      ear.hears.status({ state: 'gone', sinceMs: Date.now(), reason: detachedReason });
      channel.close(gone);
      store.dispose();
    },
  };
}

/** How often the calls that wait are looked at within `silenceMs`; by so much later it may be noticed. */
const silenceLooks = 4;

/**
 * Notices when a call waits for longer than `silenceMs`, or when the pulse of an agent that reads stays away for as long,
 * and when either comes again. Never delays an answer.
 */
function createSilence(store: { add(item: Disposable): unknown }) {
  const changed = createEmitter<boolean>();
  /** What has no answer yet. */
  const waiting = new Set<{ looks: number }>();
  // One timer for all, and no clock: either of them for each call takes longer than the read that it asks for.
  let timer: NodeJS.Timeout | undefined;
  let late = 0;
  let pulse: NodeJS.Timeout | undefined;
  let isMissing = false;
  store.add({ dispose: () => clearTimeout(timer) });
  store.add({ dispose: () => clearTimeout(pulse) });

  function look(): void {
    timer = waiting.size > 0 ? setTimeout(look, silenceMs / silenceLooks) : undefined;
    for (const call of waiting) if (++call.looks === silenceLooks) turn(1);
  }

  function wait(expected: boolean): void {
    clearTimeout(pulse);
    pulse = undefined;
    if (isMissing) turn(-1);
    isMissing = false;
    if (!expected) return;
    // A pulse comes once a second, after the tick that ends it.
    pulse = setTimeout(() => {
      isMissing = true;
      turn(1);
    }, silenceMs + 1000);
  }

  function turn(by: 1 | -1): void {
    const before = late > 0;
    late += by;
    if (late > 0 !== before) changed.fire(late > 0);
  }

  return {
    now: () => late > 0,
    onDidChange: changed.event,
    /** Whether pulses are to come from now on. */
    expect(expected: boolean): void {
      if (expected !== (pulse !== undefined)) wait(expected);
    },
    beat(): void {
      if (pulse !== undefined) wait(true);
    },
    async during<T>(answer: Promise<T>): Promise<T> {
      const call = { looks: timer === undefined ? 0 : -1 };
      timer ??= setTimeout(look, silenceMs / silenceLooks);
      waiting.add(call);
      try {
        return await answer;
      } finally {
        waiting.delete(call);
        if (call.looks >= silenceLooks) turn(-1);
      }
    },
  };
}
