import type { Debugging, Stop } from '../debug.ts';

/*
 * What adapters do was measured in one version of each. In that version every line has to hold. In another one a line that
 * differs is skipped with what was found, and all that differs is printed at the end: what to look at before the project says
 * that it works with that version.
 */

export interface Paused {
  readonly debugging: Debugging;
  readonly stop: Stop;
  readonly facts: Readonly<Record<string, string>>;
}

/** Asks for one thing and gives it as text: an answer's part, or `error: …` with its first line, or `no answer`. */
export type Question = (at: Paused) => Promise<string>;

/**
 * `{local}` in the expected text is the address of `local` in lower-case hex without a prefix, as the program tells it;
 * `{upper local}` in upper case, `{wide local}` with 16 digits, `{decimal local}` as a number; `{pid}` is its process.
 */
export type Fact = readonly [name: string, question: Question, expected: string];

export function fill(expected: string, facts: Readonly<Record<string, string>>): string {
  return expected.replace(
    /\{(?:(upper|wide|decimal) )?([^{}:"]+)\}/g,
    (whole, form: string | undefined, name: string) => {
      const fact = facts[name];
      if (fact === undefined) return whole;
      const digits = fact.replace(/^0x/, '');
      if (form === 'upper') return digits.toUpperCase();
      if (form === 'wide') return digits.padStart(16, '0');
      return form === 'decimal' ? String(BigInt(fact)) : digits;
    },
  );
}

type Fields = Record<string, unknown>;

/** A field of a value as text; `none` where it is absent. */
const text = (value: unknown): string =>
  value === undefined || value === null ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);

async function orError(ask: () => Promise<string>): Promise<string> {
  try {
    return await ask();
  } catch (error) {
    const { message } = error as Error;
    return message.startsWith('No answer') ? 'no answer' : `error: ${message.split('\n')[0]}`;
  }
}

async function childrenOf({ debugging }: Paused, variablesReference: number): Promise<Fields[]> {
  return (await debugging.request<{ variables: Fields[] }>('variables', { variablesReference })).variables;
}

/** A field of a variable, found in the scopes from the first on: `['own', 'center']`. */
export const variable =
  (names: string | readonly string[], field: string): Question =>
  (at) =>
    orError(async () => {
      const { scopes } = await at.debugging.request<{ scopes: Fields[] }>('scopes', { frameId: at.stop.frame.id });
      const path = typeof names === 'string' ? [names] : names;
      for (const scope of scopes) {
        let found: Fields | undefined = scope;
        for (const name of path) {
          const children: Fields[] = await childrenOf(at, found['variablesReference'] as number);
          found = children.find((child) => child['name'] === name);
          if (found === undefined) break;
        }
        if (found !== undefined) return text(found[field]);
      }
      return 'no such variable';
    });

export const scopes: Question = (at) =>
  orError(async () => {
    const { scopes } = await at.debugging.request<{ scopes: Fields[] }>('scopes', { frameId: at.stop.frame.id });
    return scopes.map((scope) => scope['name']).join(', ');
  });

export interface EvaluateOptions {
  readonly context?: 'watch' | 'repl' | 'hover' | 'clipboard';
  readonly field?: string;
  readonly withoutFrame?: boolean;
}

export const evaluate =
  (expression: string, { context = 'watch', field = 'result', withoutFrame = false }: EvaluateOptions = {}): Question =>
  ({ debugging, stop }) =>
    orError(async () => {
      const frame = withoutFrame ? {} : { frameId: stop.frame.id };
      return text((await debugging.request('evaluate', { expression, context, ...frame }))[field]);
    });

/** The bytes as hex, or `N unreadable`, or the answer as it is. */
export const readMemory =
  (memoryReference: string, count: number, offset?: number): Question =>
  ({ debugging, facts }) =>
    orError(async () => {
      const parameters = {
        memoryReference: fill(memoryReference, facts),
        count,
        ...(offset !== undefined && { offset }),
      };
      const body = await debugging.request<Fields | undefined>('readMemory', parameters, { timeoutMs: 800 });
      if (body === undefined) return 'no body';
      if (typeof body['data'] === 'string' && body['data'] !== '')
        return Buffer.from(body['data'], 'base64').toString('hex');
      return body['unreadableBytes'] === undefined ? text(body) : `${text(body['unreadableBytes'])} unreadable`;
    });

/** Reads through a reference that an adapter gave for an expression. */
export const readReferenceOf =
  (expression: string, count: number): Question =>
  async (at) => {
    const reference = await evaluate(expression, { field: 'memoryReference' })(at);
    return readMemory(reference, count)(at);
  };

export const readMemoryAddress =
  (memoryReference: string): Question =>
  ({ debugging, facts }) =>
    orError(async () =>
      text(
        (await debugging.request('readMemory', { memoryReference: fill(memoryReference, facts), count: 1 }))['address'],
      ),
    );

/** What it answers, then the bytes that stand there afterwards, and what `watched` evaluates to. */
export const writeMemory =
  (memoryReference: string, bytes: readonly number[], offset: number, watched?: string): Question =>
  async (at) => {
    const reference = fill(memoryReference, at.facts);
    const parameters = { memoryReference: reference, offset, data: Buffer.from(bytes).toString('base64') };
    const answer = await orError(async () =>
      text(await at.debugging.request('writeMemory', parameters, { timeoutMs: 800 })),
    );
    const parts = [answer, await readMemory(reference, 8)(at)];
    if (watched !== undefined) parts.push(await evaluate(watched)(at));
    return parts.join(', then ');
  };

export const answerTo =
  (command: string, parameters: Readonly<Fields>, field?: string): Question =>
  (at) =>
    orError(async () => {
      const filled = JSON.parse(fill(JSON.stringify(parameters), at.facts)) as Fields;
      if ('frameId' in filled) filled['frameId'] = at.stop.frame.id;
      const body = await at.debugging.request<Fields | undefined>(command, filled, { timeoutMs: 800 });
      return field === undefined ? 'an answer' : text(body?.[field]);
    });

export const dataBreakpoint =
  (name: string): Question =>
  (at) =>
    orError(async () => {
      const { scopes } = await at.debugging.request<{ scopes: Fields[] }>('scopes', { frameId: at.stop.frame.id });
      const parameters = { variablesReference: scopes[0]?.['variablesReference'], name, frameId: at.stop.frame.id };
      return text((await at.debugging.request('dataBreakpointInfo', parameters, { timeoutMs: 800 }))['dataId']);
    });

export const firstInstruction =
  (memoryReference: string): Question =>
  (at) =>
    orError(async () => {
      const parameters = { memoryReference: fill(memoryReference, at.facts), instructionCount: 1 };
      const body = await at.debugging.request<{ instructions: Fields[] }>('disassemble', parameters, {
        timeoutMs: 800,
      });
      return text(body.instructions[0]?.['address']);
    });

const asked = [
  ...['ReadMemoryRequest', 'WriteMemoryRequest', 'DisassembleRequest', 'DataBreakpoints', 'DataBreakpointBytes'],
  ...['SetVariable', 'SetExpression', 'EvaluateForHovers', 'RestartRequest'],
  ...['TerminateRequest', 'SteppingGranularity', 'ClipboardContext', 'ValueFormattingOptions'],
];

/** Those of what a memory view may want that the session has said to support. */
export const capabilities: Question = async ({ debugging, stop }) => {
  const session = (await debugging.sessions()).find(({ id }) => id === stop.session);
  return asked.filter((name) => session?.capabilities[`supports${name}`] === true).join(' ');
};

export const pidInName: Question = async ({ debugging, stop }) => {
  const session = (await debugging.sessions()).find(({ id }) => id === stop.session);
  return /\[(\d+)\]/.exec(session?.name ?? '')?.[1] ?? 'none';
};

/** The session's type, and whether it has a parent. */
export const kind: Question = async ({ debugging, stop }) => {
  const session = (await debugging.sessions()).find(({ id }) => id === stop.session);
  return `${session?.type}, ${session?.parent === undefined ? 'no parent' : 'a parent'}`;
};

export const same =
  (one: Question, other: Question): Question =>
  async (at) => {
    const [a, b] = [await one(at), await other(at)];
    return a === b ? 'the same' : `${a} and ${b}`;
  };

/** Whether an answer is the address that the program tells. */
export const isAt =
  (question: Question, fact: string): Question =>
  async (at) => {
    const found = await question(at);
    if (!/^(0x[0-9a-f]+|\d+)$/i.test(found)) return found;
    return BigInt(found) === BigInt(at.facts[fact] ?? 0) ? 'there' : 'elsewhere';
  };

export const looksLike =
  (question: Question, pattern: RegExp): Question =>
  async (at) => {
    const found = await question(at);
    return pattern.test(found) ? 'yes' : found;
  };

export const processEvent: Question = async ({ debugging, stop }) => {
  const session = (await debugging.sessions()).find(({ id }) => id === stop.session);
  return text(session?.process?.systemProcessId);
};

/** Events of the session since a time, without those that only say something to people: `continued stopped(step)`. */
export function eventsSince({ debugging, stop }: Paused, timeMs: number): string {
  return debugging
    .traffic()
    .filter((one) => one.timeMs > timeMs && one.kind === 'event' && one.session === stop.session)
    .filter(({ name }) => !['output', 'module', 'loadedSource', 'breakpoint', 'thread'].includes(name))
    .map(({ name, body }) => (name === 'stopped' ? `stopped(${text((body as Fields)['reason'])})` : name))
    .join(' ');
}

/** What a command of gdb's own prints that matches, through the Debug Console. */
export const gdbSays =
  (command: string, pattern: RegExp): Question =>
  (at) =>
    orError(async () => {
      const from = at.debugging.traffic().length;
      await at.debugging.request('evaluate', { expression: `>${command}`, context: 'repl', frameId: at.stop.frame.id });
      const output = at.debugging
        .traffic()
        .slice(from)
        .filter(({ kind, name }) => kind === 'event' && name === 'output')
        .map(({ body }) => (body as Fields)['output'])
        .join('');
      return pattern.exec(output)?.[1] ?? `nothing like ${String(pattern)}`;
    });
