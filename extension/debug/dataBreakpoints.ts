import { printAddress } from '../../common/address.ts';
import { createDisposableStore, type Disposable } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { createEmitter, type Event } from '../../common/event.ts';
import { watchedPiecesMax } from '../../common/limits.ts';
import type { Range } from '../../common/range.ts';
import type { Target } from '../target.ts';
import { ask, chosenFrame } from './ask.ts';
import type { Debugged, DebugSessions } from './sessions.ts';
import { fieldsOf } from './traffic.ts';
import { watchedPieces } from './watchedPieces.ts';

/** As the Debug Adapter Protocol has them. */
export type AccessType = 'write' | 'readWrite' | 'read';
const accessTypes: readonly AccessType[] = ['write', 'readWrite', 'read'];

/** One that was set from a memory view. */
export interface DataBreakpoint {
  readonly target: Target;
  readonly range: Range;
  readonly accessType: AccessType;
}

/** What an adapter offers for some bytes. */
export interface DataBreakpointOffer {
  /** At least one. */
  readonly accessTypes: readonly AccessType[];
  set(accessType: AccessType): Promise<void>;
}

/**
 * Data breakpoints on the bytes of a memory view. VS Code has no API for them, and each `setDataBreakpoints` replaces all that
 * an adapter has: so ours are sent together with those that VS Code sent last, and again after it has sent its own. While the
 * program runs that waits for the next stop. All of them end with the process, or with its session.
 */
export interface DataBreakpoints extends Disposable {
  all(): readonly DataBreakpoint[];
  /** Rejects with MemoryError: not stopped, not supported, too many bytes. */
  offer(target: Target, range: Range): Promise<DataBreakpointOffer>;
  /** Rejects with MemoryError where the program runs. */
  remove(breakpoints: readonly DataBreakpoint[]): Promise<void>;
  readonly onDidChange: Event<void>;
}

interface Own extends DataBreakpoint {
  readonly session: string;
  readonly dataIds: readonly string[];
}

export function createDataBreakpoints(sessions: DebugSessions, log: (message: string) => void): DataBreakpoints {
  const store = createDisposableStore();
  const changed = createEmitter<void>();
  let own: readonly Own[] = [];
  /** Sessions whose adapter has not got what it should have. */
  const stale = new Set<string>();
  const known = new Set<string>();
  /** Two requests at once would overtake each other in an adapter. */
  let last: Promise<unknown> = Promise.resolve();

  function send(debugged: Debugged): Promise<readonly unknown[]> {
    const sending = last.then(async () => {
      const { session, traffic } = debugged;
      const list = [...traffic.dataBreakpoints];
      for (const { session: id, accessType, dataIds } of own)
        if (id === session.id) list.push(...dataIds.map((dataId) => ({ dataId, accessType })));
      traffic.expectOwn(list);
      const { breakpoints } = await ask(session, 'setDataBreakpoints', { breakpoints: list });
      stale.delete(session.id);
      return Array.isArray(breakpoints) ? (breakpoints as unknown[]) : [];
    });
    last = sending.catch(() => undefined);
    return sending;
  }

  /** Ours, once more; nobody waits for it. */
  function sendAgain(debugged: Debugged): void {
    const { session, traffic } = debugged;
    if (!traffic.isPaused) {
      stale.add(session.id);
      return;
    }
    send(debugged).catch((error: unknown) => {
      log(`The data breakpoints of memory views could not be set again in “${session.name}”: ${String(error)}`);
    });
  }

  function follow(debugged: Debugged): void {
    const { session, traffic } = debugged;
    if (known.has(session.id)) return;
    known.add(session.id);
    traffic.onDataBreakpoints(() => {
      if (own.some((one) => one.session === session.id)) sendAgain(debugged);
    });
    traffic.onPause(() => {
      if (stale.has(session.id)) sendAgain(debugged);
    });
  }

  /** Of what has ended nothing is kept: its addresses mean nothing in the next run. */
  function forget(): void {
    const there = sessions.all();
    for (const debugged of there) follow(debugged);
    for (const id of known) {
      if (there.some(({ session }) => session.id === id)) continue;
      known.delete(id);
      stale.delete(id);
    }
    const kept = own.filter(({ session, target }) =>
      there.some((debugged) => debugged.session.id === session && debugged.target === target),
    );
    if (kept.length === own.length) return;
    const gone = new Set(own.filter((one) => !kept.includes(one)).map(({ session }) => session));
    own = kept;
    changed.fire();
    // The next run may have stopped before its process was known.
    for (const debugged of there) if (gone.has(debugged.session.id)) sendAgain(debugged);
  }
  store.add(sessions.onDidChange(forget));

  /** The session that debugs a target, stopped. */
  function stopped(target: Target): Debugged {
    const debugged = sessions.of(target);
    if (debugged === undefined)
      throw new MemoryError(
        'Invalid',
        'No debugger has this process. Debug it, or attach a debugger to it, to break when its memory changes.',
      );
    if (!debugged.traffic.isPaused)
      throw new MemoryError(
        'Invalid',
        `“${debugged.session.name}” is running. Pause it first: nothing is asked of a debugger while its program runs.`,
      );
    return debugged;
  }

  async function add(debugged: Debugged, one: Own): Promise<void> {
    const { session, traffic } = debugged;
    own = [...own, one];
    try {
      const answered = await send(debugged);
      const ours = answered.slice(-one.dataIds.length).map(fieldsOf);
      const refused = ours.find(({ verified }) => verified !== true);
      if (refused !== undefined || answered.length < traffic.dataBreakpoints.length + one.dataIds.length) {
        const said = refused?.['message'];
        throw new MemoryError(
          'Unsupported',
          `The debugger of “${session.name}” does not take it${typeof said === 'string' ? `: ${said}` : ''}. A processor has few places for this; remove other data breakpoints.`,
        );
      }
    } catch (error) {
      own = own.filter((other) => other !== one);
      sendAgain(debugged);
      throw error;
    }
    changed.fire();
  }

  return {
    all: () => own,
    async offer(target, range) {
      const debugged = stopped(target);
      const { session, traffic } = debugged;
      if (!traffic.capabilities.breaksOnData)
        throw new MemoryError(
          'Unsupported',
          `The debugger of “${session.name}” (${session.type}) has no data breakpoints.`,
        );
      const pieces = watchedPieces(range);
      const taken = own.filter((one) => one.target === target).flatMap(({ dataIds }) => dataIds);
      if (taken.length + pieces.length > watchedPiecesMax)
        throw new MemoryError(
          'Limit',
          `A processor watches at most ${watchedPiecesMax} pieces of memory; ${taken.length} are watched and this takes ${pieces.length} more. Remove one first.`,
        );
      const answers: DataId[] = [];
      for (const piece of pieces) answers.push(await dataIdOf(debugged, piece));
      const offered = accessTypes.filter((type) => answers.every(({ accessTypes: has }) => has.includes(type)));
      return {
        // An adapter that says none means the usual one.
        accessTypes: offered.length === 0 ? ['write'] : offered,
        set(accessType) {
          stopped(target);
          const dataIds = answers.map(({ dataId }) => dataId);
          return add(debugged, { target, range, accessType, session: session.id, dataIds });
        },
      };
    },
    async remove(breakpoints) {
      const gone = own.filter((one) => breakpoints.includes(one));
      const theirs = new Set(gone.map(({ target }) => stopped(target)));
      own = own.filter((one) => !gone.includes(one));
      changed.fire();
      for (const debugged of theirs) {
        stale.add(debugged.session.id);
        await send(debugged);
      }
    },
    onDidChange: changed.event,
    dispose: () => store.dispose(),
  };
}

interface DataId {
  readonly dataId: string;
  readonly accessTypes: readonly unknown[];
}

/** How an adapter names some bytes. One that takes no address and length is given an expression that has both. */
async function dataIdOf({ session, traffic }: Debugged, { start, length }: Range): Promise<DataId> {
  const address = printAddress(start);
  const frameId = await chosenFrame(session, traffic.threadId);
  const answer = await ask(
    session,
    'dataBreakpointInfo',
    traffic.capabilities.breaksOnBytes
      ? { name: address, asAddress: true, bytes: length }
      : { name: `*(char(*)[${length}])${address}`, ...(frameId !== undefined && { frameId }) },
  );
  const { dataId, description, accessTypes: has } = answer;
  if (typeof dataId !== 'string' || dataId === '') {
    const said = typeof description === 'string' && description !== '' ? `: ${description}` : '';
    throw new MemoryError(
      'Unsupported',
      `The debugger of “${session.name}” has no data breakpoint for ${address}${said}.`,
    );
  }
  return { dataId, accessTypes: Array.isArray(has) ? has : [] };
}
