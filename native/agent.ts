import { createChannel, type Answers, type Channel, type Hears, type Port } from '../common/channel.ts';
import { MemoryError } from '../common/error.ts';
import { labelWaitMs, readBytesMax } from '../common/limits.ts';
import { addressOfPage, pageStateFrom, printPageState, type PageNumber } from '../common/page.ts';
import type { AgentContract, AgentHostContract, TargetStatus } from '../common/protocol.ts';
import { isValidRange, printRange, type Range, type RangeText } from '../common/range.ts';
import { addressMax, parseAddress, printAddress, type Address, type AddressText } from '../common/address.ts';
import type { Frame } from '../common/frame.ts';
import { whyDenied } from './access.ts';
import { attach } from './attach.ts';
import { whyGone } from './gone.ts';
import { createHoldChecks, type HoldChecks } from './hold.ts';
import { list, processesOf, successorsOf } from './list.ts';
import { createCourtesy } from './live/courtesy.ts';
import { watchSchedule } from './linux/schedstat.ts';
import { createLooks, type Looks } from './live/looks.ts';
import { createReader, type Reader, type Subscription } from './live/reader.ts';
import type { Process } from './process.ts';
import { originalPage } from './original.ts';
import { createReadAnswers } from './answerRead.ts';
import { assertPage } from './ranges.ts';
import { resolve } from './resolve.ts';
import { save } from './save.ts';
import { createSymbols, type Symbols } from './symbols.ts';

/** What the agent has once it is attached. */
interface Attached {
  readonly target: Process;
  readonly reader: Reader;
  readonly looks: Looks;
  readonly holds: HoldChecks;
  readonly symbols: Symbols;
}

/**
 * Serves one target at the other end of a port: reads for all views, writes, looks at the regions. Without a target it
 * lists processes. Returns what takes it apart.
 */
export function serveAgent(port: Port): { dispose(): void } {
  const views = new Map<number, Subscription>();
  const saves = new Map<number, AbortController>();
  let attached: Attached | undefined;
  let isAttaching = false;
  let status: TargetStatus | undefined;
  let regionsWatched = false;
  /** What a debugger has made of the process; none leaves it to its own state. */
  let debugged: 'running' | 'stopped' | 'none' = 'none';
  /** Whether the regions and the first status have been told, which wait for the answer to `attach`. */
  let isTold = false;
  let intervalMs: number | undefined;
  let lastWrite = 0;
  const answerRead = createReadAnswers();

  function tell(next: TargetStatus['state'], reason?: string): void {
    const isDebugged = debugged !== 'none' && next !== 'gone';
    const isSame = status?.state === next && (status.isDebugged === true) === isDebugged && reason === undefined;
    if (status?.state === 'gone' || isSame) return;
    status = {
      state: next,
      sinceMs: Date.now(),
      ...(isDebugged && { isDebugged }),
      ...(reason !== undefined && { reason }),
    };
    host.say('status', status);
  }

  /** The loops have ended: the process has gone, or refuses from now on. */
  function end(error: Error): void {
    if (attached === undefined || status?.state === 'gone') return;
    const { target, reader, looks, holds, symbols } = attached;
    const isGone = error instanceof MemoryError && error.code === 'Gone';
    tell('gone', isGone ? whyGone(target.pid, target.facts.name, target.startTime) : error.message);
    reader.dispose();
    looks.dispose();
    holds.dispose();
    symbols.dispose();
    for (const saving of saves.values()) saving.abort();
    views.clear();
  }

  function living(): Attached {
    if (attached === undefined) throw new Error('the agent is not attached');
    if (status?.state === 'gone') throw new MemoryError('Gone', `${status.reason ?? ''} Attach again to go on.`);
    return attached;
  }

  /** Runs what a view asked for; where it finds that the process has gone, everybody is told. */
  async function asking<T>(body: (attached: Attached) => Promise<T>): Promise<T> {
    const target = living();
    try {
      return await body(target);
    } catch (error) {
      if (error instanceof MemoryError && error.code === 'Gone') end(error);
      throw error;
    }
  }

  /** Nobody watches anything: nothing runs. */
  function keepLooking(): void {
    const watched = regionsWatched || attached?.reader.isWatched === true;
    attached?.looks.watch(watched && debugged === 'stopped' ? 'once' : watched);
  }

  function view(id: number): Subscription | undefined {
    if (attached === undefined || status?.state === 'gone') return undefined;
    let subscription = views.get(id);
    if (subscription === undefined) {
      subscription = attached.reader.subscribe((frame) => sendFrame(id, frame));
      views.set(id, subscription);
    }
    return subscription;
  }

  function sendFrame(id: number, frame: Frame): void {
    const buffers = [frame.pages.buffer, frame.states.buffer, frame.bytes.buffer];
    if (
      frame.pages.byteLength + frame.states.byteLength + frame.bytes.byteLength !==
      buffers.reduce((sum, { byteLength }) => sum + byteLength, 0)
    ) {
      throw new Error('a frame must own its buffers');
    }
    host.say('frame', { view: id, frame }, buffers);
  }

  const answers: Answers<AgentContract['calls']> = {
    list: () => list(),

    running: ({ executable }) => processesOf(executable),

    whyDenied: async ({ pid }) => whyDenied(pid),

    async attach({ pid }) {
      if (attached !== undefined || isAttaching) throw new Error('the agent is attached already');
      isAttaching = true;
      try {
        attached = serve(await attach(pid));
      } finally {
        isAttaching = false;
      }
      const { target } = attached;
      // Regions, status and residency follow the answer, because there is nobody to hear them before it.
      setImmediate(() => {
        if (status !== undefined) return;
        isTold = true;
        host.say('regions', target.table);
        if (debugged === 'stopped') attached?.reader.hold(true);
        tell(debugged === 'stopped' || target.isStopped() ? 'stopped' : 'running');
        keepLooking();
      });
      return target.facts;
    },

    resolve: ({ expression }) =>
      asking(({ target, looks, symbols }) => {
        // Whoever goes to a region that has just come wants to see it.
        if (target.look()) looks.hurry();
        return resolve(expression, {
          table: target.table,
          pointerBytes: target.facts.pointerBytes,
          symbols,
          read: (range, bytes) => target.readIntoSync(range, bytes).states,
        });
      }),

    label: ({ address: text }) =>
      asking(async ({ target, looks, symbols }) => {
        // Another library may have been loaded there since the last look.
        if (target.look()) looks.hurry();
        const label = await soon(symbols.label(addressIn(text)), labelWaitMs);
        return label === undefined ? {} : { label };
      }),

    read: (text) =>
      asking(async ({ target }) => {
        const range = rangeOf(text);
        if (range.length > readBytesMax)
          throw new MemoryError(
            'Limit',
            `At most ${readBytesMax} bytes can be read at a time. Save a larger range to a file.`,
          );
        return answerRead(target, range, { faultIn: text.faultIn === true });
      }),

    original: ({ page }) =>
      asking(async ({ target }) => originalPage(target.pid, page, await target.regionAt(addressOfPage(pageIn(page))))),

    write: ({ start, bytes, expect, force }) =>
      asking(async ({ target, holds, reader }) => {
        const range = rangeOf({ start, length: bytes.length });
        const { before, held } = await target.write(range, bytes, {
          ...(expect !== undefined && { expect }),
          ...(force !== undefined && { force }),
        });
        const id = ++lastWrite;
        if (held) holds.add(id, range, bytes);
        // Nobody else would look while a debugger holds it.
        if (debugged === 'stopped') reader.refresh();
        return { id, before, held };
      }),

    save: ({ id, range: text, file }) =>
      asking(async ({ target }) => {
        const range = rangeOf(text);
        if (saves.has(id)) throw new Error(`there is a save with the id ${id} already`);
        const saving = new AbortController();
        saves.set(id, saving);
        try {
          const saved = await save(target, range, file, {
            signal: saving.signal,
            progress: (doneBytes) => host.say('saveProgress', { id, doneBytes }),
          });
          return {
            savedBytes: saved.savedBytes,
            unreadable: saved.unreadable.map((hole) => ({
              range: printRange(hole.range),
              reason: printPageState(pageStateFrom(hole.state)),
            })),
          };
        } catch (error) {
          // Whatever the abort was for, a process that has gone is what the user should hear of.
          living();
          throw error;
        } finally {
          saves.delete(id);
        }
      }),

    successors() {
      if (attached === undefined) throw new Error('the agent is not attached');
      const { pid, facts } = attached.target;
      // A program that called exec may be its own successor; one that has exited cannot.
      return successorsOf(facts.executable, facts.commandLine, attached.target.isAlive() ? pid : undefined);
    },
  };

  const hears: Hears<AgentContract['says']> = {
    watch({ view: id, pages }) {
      // Anybody may have sent it.
      if (!(pages instanceof Float64Array)) return;
      view(id)?.watch(pages);
      keepLooking();
      // A view that has just opened has nothing to watch before it knows the regions, and a stopped process is not looked at.
      if (debugged === 'stopped' && status?.state !== 'gone') attached?.looks.watch('once');
    },
    faultIn({ view: id, faultIn }) {
      view(id)?.faultIn(faultIn);
    },
    drawn({ view: id, seq }) {
      views.get(id)?.drawn(seq);
    },
    tempo(tempo) {
      intervalMs = tempo.intervalMs;
      attached?.reader.setTempo(intervalMs);
    },
    pause({ view: id, paused }) {
      view(id)?.pause(paused);
      keepLooking();
    },
    watchRegions({ watched }) {
      regionsWatched = watched;
      keepLooking();
    },
    debugger({ state }) {
      const wasStopped = debugged === 'stopped';
      debugged = state;
      if (attached === undefined || !isTold || status?.state === 'gone') return;
      // Statuses and frames keep their order: what was read at a stop is told before the stop, and after it what follows.
      if (state === 'stopped') {
        if (wasStopped) tell('running');
        attached.reader.hold(true);
        tell('stopped');
      } else {
        tell(state === 'running' || !attached.target.isStopped() ? 'running' : 'stopped');
        attached.reader.hold(false);
      }
      keepLooking();
    },
    refresh() {
      attached?.reader.refresh();
    },
    cancelSave({ id }) {
      saves.get(id)?.abort();
    },
  };

  const host: Channel<AgentHostContract> = createChannel<AgentContract, AgentHostContract>(port, answers, hears);

  function serve(target: Process): Attached {
    const reader: Reader = createReader(target, {
      ...(intervalMs !== undefined && { intervalMs }),
      ended: end,
      courtesy: createCourtesy(watchSchedule(target.pid)),
      pulse: (pulse) => host.say('pulse', pulse),
      lost: () => looks.hurry(),
    });
    const looks: Looks = createLooks(target, {
      toldVersion: target.table.version,
      regions: (table) => host.say('regions', table),
      residency: (residency) => host.say('residency', residency),
      stopped(stopped) {
        // A debugger knows better: between two steps the process runs for less than a look.
        if (debugged === 'none') tell(stopped ? 'stopped' : 'running');
      },
      looked() {
        // Held, no tick follows that would ask. The one look that a stop has makes this one more read, and none without a hole.
        if (reader.retry() && debugged === 'stopped') reader.refresh();
      },
      ended: end,
    });
    const holds = createHoldChecks({
      read(range, bytes) {
        try {
          // Whatever the access says, for it may have been written so; and no page is brought back that the program has let go.
          return target.readIntoSync(range, bytes, { force: true }).read;
        } catch {
          return 0;
        }
      },
      overwritten: (id, afterMs) => host.say('overwritten', { id, afterMs }),
    });
    return { target, reader, looks, holds, symbols: createSymbols(target) };
  }

  return {
    dispose() {
      host.close(new Error('the agent has been disposed'));
      if (attached === undefined) return;
      attached.reader.dispose();
      attached.looks.dispose();
      attached.holds.dispose();
      attached.symbols.dispose();
      for (const saving of saves.values()) saving.abort();
      attached.target.dispose();
    },
  };
}

/** What a promise gives if it does within a time; what it takes up goes on after it. */
async function soon<T>(promise: Promise<T>, waitMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), waitMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** An address out of a message, which anybody may have sent. */
function addressIn(text: AddressText): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new MemoryError('Invalid', `"${text}" is not an address. Those go from 0x0 to ${printAddress(addressMax)}.`);
}

/** A page out of a message. */
function pageIn(page: PageNumber): PageNumber {
  assertPage(page);
  return page;
}

/** A range out of a message. */
function rangeOf(text: RangeText): Range {
  const range = { start: addressIn(text.start), length: text.length };
  if (!isValidRange(range)) {
    throw new MemoryError(
      'Invalid',
      `${text.length} bytes from ${text.start} are not a range within the 64-bit address space. Give a length that ends before 2^64.`,
    );
  }
  return range;
}
