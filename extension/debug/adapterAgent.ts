import { parseAddress } from '../../common/address.ts';
import { createChannel, type Answers, type Channel, type Hears } from '../../common/channel.ts';
import { createDisposableStore } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { readBytesMax, stopTellMs } from '../../common/limits.ts';
import { PageState, type PageNumber } from '../../common/page.ts';
import type { AgentContract, AgentHostContract, TargetFacts, TargetStatus } from '../../common/protocol.ts';
import { isValidRange, rangeFrom, type Range, type RangeText } from '../../common/range.ts';
import { findRegion, regionName } from '../../common/region.ts';
import type { Agent } from '../target.ts';
import { createAdapterReader } from './adapterReader.ts';
import { resolveThrough, type AdapterScope } from './adapterResolve.ts';
import { saveThrough } from './adapterSave.ts';
import { writeThrough } from './adapterWrite.ts';
import { createLocalWire } from './localWire.ts';

/** What an agent over a debug session needs of it. */
export interface AdapterAgentOptions extends Omit<AdapterScope, 'pointerBytes'> {
  readonly facts: TargetFacts;
  /** Nothing runs in a core file, and nothing can be written to one. */
  readonly isCore: boolean;
  log(message: string): void;
}

/** An agent, and the one way to tell it that its session has ended. */
export interface AdapterAgent extends Agent {
  end(reason: string): void;
}

/**
 * Serves the memory of a debuggee out of its debug session, in the extension host: the debugger does the reading, in a process
 * of its own. It is asked only while the program is stopped, and for what somebody looks at.
 */
export function serveThroughDebugger(
  options: AdapterAgentOptions,
  hears: Hears<AgentHostContract['says']>,
): AdapterAgent {
  const { session, traffic, memory, regions, facts, isCore } = options;
  const store = createDisposableStore();
  store.add(memory);
  const scope = { session, traffic, memory, regions, pointerBytes: facts.pointerBytes };
  const failed = (error: unknown): void =>
    options.log(`Reading through the debugger of “${session.name}” failed: ${String(error)}`);
  const reader = store.add(
    createAdapterReader(memory, {
      onFrame: (view, frame) => host.say('frame', { view, frame }),
      failed,
      stateOf,
    }),
  );
  const saves = new Map<number, AbortController>();
  let status: TargetStatus = { state: 'running', sinceMs: 0, isDebugged: true };
  let lastWrite = 0;
  let areRegionsWatched = false;
  let areRegionsOld = false;
  /** Counts the stops, so that what is told late is not told of an earlier one. */
  let stops = 0;
  store.add(traffic.onModule(() => (areRegionsOld = true)));

  function tell(state: TargetStatus['state'], reason?: string): void {
    if (status.state === 'gone' || (status.state === state && status.sinceMs > 0)) return;
    const isDebugged = state !== 'gone' && { isDebugged: true };
    status = { state, sinceMs: Date.now(), ...isDebugged, ...(reason !== undefined && { reason }) };
    host.say('status', status);
  }

  async function lookAtRegions(): Promise<void> {
    areRegionsOld = false;
    if (!(await regions.look()) || status.state === 'gone') return;
    host.say('regions', regions.table);
    reader.retry();
  }

  /** Nobody can copy these, and each attempt would be an error that VS Code shows. */
  function stateOf(page: PageNumber): PageState | undefined {
    const region = findRegion(regions.table, page);
    return region >= 0 && /^\[(vvar|vsyscall)/.test(regionName(regions.table, region)) ? PageState.special : undefined;
  }

  async function stopped(): Promise<void> {
    const stop = ++stops;
    if (status.state === 'stopped') tell('running');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, stopTellMs)));
    const read = reader.renew();
    // Statuses and frames keep their order: what was read at a stop is told before it, unless that takes too long.
    await Promise.race([read, late]);
    clearTimeout(timer);
    if (stop === stops) tell('stopped');
    const isLooked = areRegionsWatched || reader.isWatched;
    if (isLooked && (areRegionsOld || regions.table.version === 0 || !regions.isLoud)) await read.then(lookAtRegions);
  }

  const alive = (): void => {
    if (status.state === 'gone') throw new MemoryError('Gone', `${status.reason ?? ''} Start it again to go on.`);
  };
  const unsupported = (): never => {
    throw new MemoryError(
      'Unsupported',
      'This is read through a debugger, which knows only the program that it debugs.',
    );
  };

  const answers: Answers<AgentContract['calls']> = {
    list: unsupported,
    running: unsupported,
    whyDenied: unsupported,
    attach: unsupported,
    successors: unsupported,
    async resolve({ expression }) {
      alive();
      try {
        return await resolveThrough(scope, expression);
      } catch (error) {
        // More may be there than at the last look.
        if (!(error instanceof MemoryError) || error.code !== 'Unmapped' || memory.stop === undefined) throw error;
        await lookAtRegions();
        return resolveThrough(scope, expression);
      }
    },
    label: () => ({}),
    original: () => ({}),
    async read(text) {
      alive();
      const range = rangeIn(text);
      if (range.length > readBytesMax)
        throw new MemoryError(
          'Limit',
          `At most ${readBytesMax} bytes can be read at a time. Save a larger range to a file.`,
        );
      return memory.read(range);
    },
    async write(request) {
      alive();
      rangeIn({ start: request.start, length: request.bytes.length });
      try {
        const written = await writeThrough({ session, memory, refusal: whyNotWritten }, request);
        return { id: ++lastWrite, ...written };
      } finally {
        void reader.renew();
      }
    },
    async save({ id, range, file }) {
      alive();
      const saving = new AbortController();
      saves.set(id, saving);
      try {
        return await saveThrough(memory, rangeIn(range), file, {
          signal: saving.signal,
          progress: (doneBytes) => host.say('saveProgress', { id, doneBytes }),
        });
      } finally {
        saves.delete(id);
      }
    },
  };

  function whyNotWritten(): MemoryError | undefined {
    if (isCore)
      return new MemoryError(
        'Unsupported',
        'This is a core file: what a program left behind, in which nothing runs. Nothing can be written to it.',
      );
    if (traffic.capabilities.writesMemory) return undefined;
    return new MemoryError(
      'Unsupported',
      `The debugger of “${session.name}” cannot write memory. Nothing was written.`,
    );
  }

  const says: Hears<AgentContract['says']> = {
    watch({ view, pages }) {
      if (status.state !== 'gone') reader.watch(view, pages);
    },
    drawn: ({ view, seq }) => reader.drawn(view, seq),
    pause: ({ view, paused }) => reader.pause(view, paused),
    // A debugger reads what it is asked for, in memory or not; and there is no tempo where nothing ticks.
    faultIn: () => undefined,
    tempo: () => undefined,
    watchRegions({ watched }) {
      const begins = watched && !areRegionsWatched;
      areRegionsWatched = watched;
      if (begins && memory.stop !== undefined && !regions.isLoud) lookAtRegions().catch(failed);
    },
    debugger({ state }) {
      if (state === 'stopped') stopped().catch(failed);
      else if (state === 'running') {
        stops++;
        tell('running');
      }
    },
    refresh: () => void reader.renew(),
    cancelSave: ({ id }) => saves.get(id)?.abort(),
  };

  const [here, there] = createLocalWire();
  const host: Channel<AgentHostContract> = createChannel<AgentContract, AgentHostContract>(here, answers, says);
  const channel = createChannel<AgentHostContract, AgentContract>(there, {}, hears);
  host.say('regions', regions.table);
  if (memory.stop !== undefined) tell('stopped');

  function close(): void {
    for (const saving of saves.values()) saving.abort();
    store.dispose();
  }

  return {
    channel,
    end(reason) {
      tell('gone', reason);
      close();
    },
    dispose() {
      channel.close(new Error('Detached.'));
      host.close(new Error('Detached.'));
      close();
    },
  };
}

/** A range out of a message, which anybody may have sent. */
function rangeIn(text: RangeText): Range {
  const range = parseAddress(text.start) === undefined ? undefined : rangeFrom(text);
  if (range !== undefined && isValidRange(range)) return range;
  throw new MemoryError('Invalid', `${text.length} bytes from ${text.start} are not a range within the address space.`);
}
