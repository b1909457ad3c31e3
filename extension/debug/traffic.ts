import { isAbsolute } from 'node:path';
import { createEmitter, type Event } from '../../common/event.ts';

/*
 * What a debug session says of its process, out of the messages between VS Code and the adapter (Debug Adapter Protocol,
 * microsoft.github.io/debug-adapter-protocol). Listens only: no message is sent because of it.
 */

/** What the adapter can do, as far as the memory of a process goes. */
export interface Capabilities {
  readonly readsMemory: boolean;
  readonly writesMemory: boolean;
  /** Whether it knows of machine code, so that its addresses are those of the process. */
  readonly disassembles: boolean;
  readonly breaksOnData: boolean;
  /** Whether a data breakpoint may be put on an address and so many bytes, rather than on what an expression names. */
  readonly breaksOnBytes: boolean;
}

export interface Traffic {
  /** A message to the adapter. */
  sent(message: unknown): void;
  /** A message of the adapter. */
  received(message: unknown): void;
  readonly state: 'running' | 'stopped';
  /** Whether a thread is stopped, though others may run: frames and variables can be asked for. */
  readonly isPaused: boolean;
  /** How often it has stopped. */
  readonly stops: number;
  readonly capabilities: Capabilities;
  /** The process that the adapter has named; not one on another machine. */
  readonly pid: number | undefined;
  /** The thread that stopped last. */
  readonly threadId: number | undefined;
  /** The absolute path of the source file that a frame of this stop is in, as far as VS Code has asked for the frame. */
  sourceOf(frameId: number): string | undefined;
  /** What it has put out lately: some answer a command with output. */
  readonly output: string;
  /** The data breakpoints that VS Code has last sent; any request replaces all that the adapter has. */
  readonly dataBreakpoints: readonly unknown[];
  /** The next `setDataBreakpoints` with this list is our own, not VS Code’s. */
  expectOwn(dataBreakpoints: readonly unknown[]): void;
  /** Fires for every stop of all threads, also where one follows another. */
  readonly onState: Event<'running' | 'stopped'>;
  /** A thread has stopped. */
  readonly onPause: Event<void>;
  readonly onPid: Event<number>;
  /** Each piece that it puts out, whole. */
  readonly onOutput: Event<string>;
  /** Code was loaded or unloaded, so that other regions may be there. */
  readonly onModule: Event<void>;
  /** Memory, or what the debugger shows of it, has changed although the process is stopped. */
  readonly onMemory: Event<void>;
  /** VS Code has sent data breakpoints, and the adapter has answered. */
  readonly onDataBreakpoints: Event<void>;
}

/** Enough for the answer to `info proc`, whose arguments may be long. */
const outputCharactersMax = 4096;

/** Requests after which the process runs, until the next `stopped`. */
const goingOn: ReadonlySet<unknown> = new Set(['continue', 'next', 'stepIn', 'stepOut', 'stepBack', 'reverseContinue']);

export function createTraffic(): Traffic {
  const states = createEmitter<'running' | 'stopped'>();
  const pids = createEmitter<number>();
  const memory = createEmitter<void>();
  const pauses = createEmitter<void>();
  const dataBreakpointsSent = createEmitter<void>();
  const outputs = createEmitter<string>();
  const modules = createEmitter<void>();
  let isPaused = false;
  let wasStopped = false;
  let state: 'running' | 'stopped' = 'running';
  let stops = 0;
  let capabilities: Capabilities = {
    readsMemory: false,
    writesMemory: false,
    disassembles: false,
    breaksOnData: false,
    breaksOnBytes: false,
  };
  let pid: number | undefined;
  let threadId: number | undefined;
  const sources = new Map<number, string>();
  let output = '';
  /** Requests that may fail, in which case the process has not moved; by their number. */
  const moving = new Set<unknown>();
  let dataBreakpoints: readonly unknown[] = [];
  let own: string | undefined;
  /** VS Code’s requests for data breakpoints, by their number. */
  const breaking = new Set<unknown>();

  function turn(next: 'running' | 'stopped'): void {
    isPaused = next === 'stopped';
    if (next === 'running') sources.clear();
    if (next === state && next === 'running') return;
    state = next;
    states.fire(next);
  }

  function learn(body: Fields): void {
    const known = (name: string, was: boolean): boolean => (typeof body[name] === 'boolean' ? body[name] : was);
    capabilities = {
      readsMemory: known('supportsReadMemoryRequest', capabilities.readsMemory),
      writesMemory: known('supportsWriteMemoryRequest', capabilities.writesMemory),
      disassembles: known('supportsDisassembleRequest', capabilities.disassembles),
      breaksOnData: known('supportsDataBreakpoints', capabilities.breaksOnData),
      breaksOnBytes: known('supportsDataBreakpointBytes', capabilities.breaksOnBytes),
    };
  }

  function happened(event: unknown, body: Fields): void {
    switch (event) {
      case 'process': {
        const { systemProcessId, isLocalProcess } = body;
        if (isLocalProcess === false || typeof systemProcessId !== 'number') return;
        if (!Number.isInteger(systemProcessId) || systemProcessId < 1) return;
        pid = systemProcessId;
        pids.fire(pid);
        return;
      }
      case 'stopped':
        moving.clear();
        // Adapters give the number of a frame again.
        sources.clear();
        threadId = typeof body['threadId'] === 'number' ? body['threadId'] : undefined;
        // Where other threads run on, memory changes on.
        if (body['allThreadsStopped'] !== false) turn('stopped');
        isPaused = true;
        stops++;
        pauses.fire();
        return;
      case 'continued':
        if (body['allThreadsContinued'] !== false) turn('running');
        return;
      case 'output':
        if (typeof body['output'] !== 'string') return;
        output = (output + body['output']).slice(-outputCharactersMax);
        outputs.fire(body['output']);
        return;
      case 'module':
        modules.fire();
        return;
      case 'memory':
      case 'invalidated':
        memory.fire();
        return;
      case 'capabilities':
        learn(fieldsOf(body['capabilities']));
        return;
      default:
        return;
    }
  }

  function learnFrames(frames: unknown): void {
    for (const frame of Array.isArray(frames) ? frames : []) {
      const { id, source } = fieldsOf(frame);
      const { path } = fieldsOf(source);
      if (typeof id === 'number' && typeof path === 'string' && isAbsolute(path)) sources.set(id, path);
    }
  }

  function breaks(request: unknown, list: unknown): void {
    if (!Array.isArray(list)) return;
    if (JSON.stringify(list) === own) {
      own = undefined;
      return;
    }
    dataBreakpoints = list;
    breaking.add(request);
  }

  return {
    sent(message) {
      const { type, command, seq, arguments: parameters } = fieldsOf(message);
      if (command === 'setDataBreakpoints') breaks(seq, fieldsOf(parameters)['breakpoints']);
      if (type !== 'request' || !goingOn.has(command) || !isPaused) return;
      moving.add(seq);
      wasStopped = state === 'stopped';
      turn('running');
    },
    received(message) {
      const { type, event, body, command, success, request_seq: request } = fieldsOf(message);
      if (type === 'event') happened(event, fieldsOf(body));
      if (type !== 'response') return;
      if (command === 'initialize' && success === true) learn(fieldsOf(body));
      if (command === 'stackTrace') learnFrames(fieldsOf(body)['stackFrames']);
      if (breaking.delete(request)) dataBreakpointsSent.fire();
      if (!moving.delete(request) || success !== false) return;
      if (wasStopped) turn('stopped');
      isPaused = true;
    },
    get state() {
      return state;
    },
    get isPaused() {
      return isPaused;
    },
    get capabilities() {
      return capabilities;
    },
    get pid() {
      return pid;
    },
    sourceOf: (frameId) => sources.get(frameId),
    get output() {
      return output;
    },
    get dataBreakpoints() {
      return dataBreakpoints;
    },
    expectOwn(list) {
      own = JSON.stringify(list);
    },
    get stops() {
      return stops;
    },
    get threadId() {
      return threadId;
    },
    onState: states.event,
    onPid: pids.event,
    onPause: pauses.event,
    onMemory: memory.event,
    onDataBreakpoints: dataBreakpointsSent.event,
    onOutput: outputs.event,
    onModule: modules.event,
  };
}

type Fields = Readonly<Record<string, unknown>>;

/** An adapter may send anything. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
