import * as vscode from 'vscode';
import { createDisposableStore, type Disposable, type DisposableStore } from '../../common/dispose.ts';
import type { Event } from '../../common/event.ts';
import { namesFrameMs, namesLooksMax, namesRestMs } from '../../common/limits.ts';
import type { MemoryNames } from '../../common/names.ts';
import type { Target } from '../target.ts';
import { topFrame } from './ask.ts';
import { createAsker } from './asker.ts';
import { createFrameNames, type FrameNames } from './frameNames.ts';
import type { Debugged, DebugSessions } from './sessions.ts';

/** Who shows the names: a view. */
export interface NamesReader {
  isVisible(): boolean;
  /** What is known at this stop. */
  hear(names: MemoryNames): void;
}

/** A view's share; ends with `dispose`. */
export interface NamesSubscription extends Disposable {
  /** The view has begun anew, or can be seen again: it hears what is known, which is asked for where it is not. */
  tell(): void;
}

/** What debuggers know of the memory of the processes that they have stopped. Nothing is asked for while nobody looks. */
export interface DebugNames extends Disposable {
  subscribe(target: Target, reader: NamesReader): NamesSubscription;
}

interface Stop {
  readonly debugged: Debugged;
  readonly store: DisposableStore;
  /** The frame that the user is shown. One of before the stop means nothing any more, though adapters give its number again. */
  frameId: number | undefined;
}

/** One target that views show. */
interface Followed {
  readonly target: Target;
  readonly readers: Set<NamesReader>;
  readonly store: DisposableStore;
  /** What is listened to for as long as the process is stopped. */
  stop: Stop | undefined;
  timer: NodeJS.Timeout | undefined;
  /** Rises with whatever makes answers that are still to come worthless. */
  turn: number;
  isAsking: boolean;
  /** Looks at this stop. */
  looks: number;
  latest: { readonly names: MemoryNames; readonly frameId: number; readonly turn: number } | undefined;
}

export interface NamesSurroundings {
  readonly sessions: DebugSessions;
  /** Somebody of ours has written to a target. */
  readonly onWritten: Event<{ readonly target: Target }>;
  log(message: string): void;
}

export function createDebugNames({ sessions, onWritten, log }: NamesSurroundings): DebugNames {
  const all = createDisposableStore();
  const followed = new Map<Target, Followed>();
  const bySession = new WeakMap<vscode.DebugSession, FrameNames>();
  /** The frame that VS Code has told of last, and when. */
  let shown: { readonly sessionId: string; readonly frameId: number; readonly timeMs: number } | undefined;

  function frameNamesOf({ session, traffic }: Debugged): FrameNames {
    let known = bySession.get(session);
    if (known === undefined) bySession.set(session, (known = createFrameNames(traffic.capabilities)));
    return known;
  }

  /** The process has stopped, as far as the agent told: what was read at the stop is on its way before this. */
  function stopped(one: Followed): void {
    goOn(one);
    const debugged = sessions.of(one.target);
    if (debugged?.traffic.state !== 'stopped' || !debugged.traffic.capabilities.disassembles) return;
    const store = createDisposableStore();
    store.add(debugged.traffic.onState(() => goOn(one)));
    store.add(debugged.traffic.onMemory(() => rest(one)));
    const isShown = shown?.sessionId === debugged.session.id && shown.timeMs >= one.target.status.sinceMs;
    one.stop = { debugged, store, frameId: isShown ? shown?.frameId : undefined };
    rest(one);
  }

  /** The process goes on, or has stopped elsewhere: nothing more is asked, and what was known is not. */
  function goOn(one: Followed): void {
    clearTimeout(one.timer);
    one.turn++;
    one.looks = 0;
    one.latest = undefined;
    one.stop?.store.dispose();
    one.stop = undefined;
  }

  const isUpToDate = (one: Followed): boolean => one.latest?.turn === one.turn;

  /** Asks after a rest: fast steps, and VS Code's own questions after a stop, come first. */
  function rest(one: Followed): void {
    clearTimeout(one.timer);
    if (one.stop === undefined || one.looks >= namesLooksMax) return;
    one.turn++;
    const restMs = one.stop.frameId === undefined ? namesFrameMs : namesRestMs;
    if (!one.isAsking) one.timer = setTimeout(() => void look(one), restMs);
  }

  async function look(one: Followed): Promise<void> {
    const { stop, turn } = one;
    if (stop?.debugged.traffic.state !== 'stopped' || ![...one.readers].some((reader) => reader.isVisible())) return;
    const { debugged } = stop;
    one.isAsking = true;
    one.looks++;
    try {
      const frameId = stop.frameId ?? (await topFrame(debugged.session, debugged.traffic.threadId));
      if (frameId === undefined || one.turn !== turn) return;
      const asker = createAsker(debugged, frameId, () => one.turn === turn);
      const tell = (names: MemoryNames): void => {
        if (asker.isCurrent) for (const reader of one.readers) reader.hear(names);
      };
      const names = await frameNamesOf(debugged).of(asker, one.target.regions, tell);
      if (!asker.isCurrent) return;
      one.latest = { names, frameId, turn };
      tell(names);
    } catch (error) {
      // Nobody asked for names, and whoever has let the process go on wants none.
      if (one.turn === turn)
        log(`The debugger of “${debugged.session.name}” does not tell its variables: ${String(error)}`);
    } finally {
      one.isAsking = false;
      if (one.turn !== turn) rest(one);
    }
  }

  function follow(target: Target): Followed {
    const one: Followed = {
      target,
      readers: new Set(),
      store: createDisposableStore(),
      stop: undefined,
      timer: undefined,
      turn: 0,
      isAsking: false,
      looks: 0,
      latest: undefined,
    };
    one.store.add(
      target.onStatus(({ state, isDebugged }) => {
        if (state === 'stopped' && isDebugged === true) stopped(one);
        else goOn(one);
      }),
    );
    one.store.add({ dispose: () => goOn(one) });
    followed.set(target, one);
    if (target.status.state === 'stopped' && target.status.isDebugged === true) stopped(one);
    return one;
  }

  all.add(
    vscode.debug.onDidChangeActiveStackItem((item) => {
      shown = undefined;
      if (!(item instanceof vscode.DebugStackFrame)) return;
      shown = { sessionId: item.session.id, frameId: item.frameId, timeMs: Date.now() };
      for (const one of followed.values()) {
        if (one.stop?.debugged.session.id !== item.session.id || one.stop.frameId === item.frameId) continue;
        one.stop.frameId = item.frameId;
        // Whoever comes back to a frame has perhaps been told names of the other one meanwhile.
        if (one.latest?.frameId !== item.frameId || !isUpToDate(one)) rest(one);
      }
    }),
  );
  all.add(
    onWritten(({ target }) => {
      const one = followed.get(target);
      if (one !== undefined) rest(one);
    }),
  );

  return {
    subscribe(target, reader) {
      const one = followed.get(target) ?? follow(target);
      one.readers.add(reader);
      return {
        tell() {
          if (one.latest !== undefined) reader.hear(one.latest.names);
          // Nothing was asked for while nobody could see it.
          if (!isUpToDate(one) && !one.isAsking) rest(one);
        },
        dispose() {
          one.readers.delete(reader);
          if (one.readers.size > 0) return;
          followed.delete(target);
          one.store.dispose();
        },
      };
    },
    dispose() {
      for (const one of followed.values()) one.store.dispose();
      followed.clear();
      all.dispose();
    },
  };
}
