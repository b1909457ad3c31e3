import { errorFrom, printError, type WireError } from './error.ts';

/** name → [parameters, result]. */
export type Calls = Record<string, [params: unknown, result: unknown]>;
/** name → body. */
export type Says = Record<string, unknown>;

/** What one side of a wire answers (`calls`) and hears (`says`). */
export interface Contract {
  readonly calls: Calls;
  readonly says: Says;
}

/** The two functions that a wire needs; a worker's port and a webview both come down to them. */
export interface Port {
  post(message: unknown, transfer?: readonly ArrayBufferLike[]): void;
  listen(receive: (message: unknown) => void): void;
}

export type Answers<C extends Calls> = { [K in keyof C]: (params: C[K][0]) => C[K][1] | Promise<C[K][1]> };
export type Hears<S extends Says> = { [K in keyof S]: (body: S[K]) => void };

/** One side's end of a wire whose other side keeps `Theirs`. */
export interface Channel<Theirs extends Contract> {
  /** Asks the other side; rejects with what it threw, or when the channel is closed. */
  call<K extends keyof Theirs['calls'] & string>(
    name: K,
    params: Theirs['calls'][K][0],
  ): Promise<Theirs['calls'][K][1]>;
  /** Tells the other side. `transfer` moves buffers instead of copying them, where the port can. */
  say<K extends keyof Theirs['says'] & string>(
    name: K,
    body: Theirs['says'][K],
    transfer?: readonly ArrayBufferLike[],
  ): void;
  /** Rejects what waits for an answer; later calls are answered again. */
  abandon(reason: Error): void;
  /** Rejects what waits for an answer, and every later call. */
  close(reason: Error): void;
}

/** What is done with an answer's buffers when it is sent. */
interface Handling {
  readonly move?: readonly ArrayBufferLike[];
  readonly sent?: () => void;
}
const handled = new WeakMap<object, Handling>();

/** An answer whose buffers are moved to whoever asked instead of being copied, where the port can; they are gone from here then. */
export function moving<T extends object>(answer: T, buffers: readonly ArrayBufferLike[]): T {
  handled.set(answer, { move: buffers });
  return answer;
}

/** An answer whose buffers are copied; `sent` is called when they have been, and may be used for something else. */
export function lending<T extends object>(answer: T, sent: () => void): T {
  handled.set(answer, { sent });
  return answer;
}

interface Message {
  readonly call?: string;
  readonly say?: string;
  readonly reply?: number;
  readonly id?: number;
  readonly body?: unknown;
  readonly error?: WireError;
}

/** Joins one end to a port. Each side gives what it keeps of its own contract; nothing else is to be kept in step. */
export function createChannel<Mine extends Contract, Theirs extends Contract>(
  port: Port,
  answers: Answers<Mine['calls']>,
  hears: Hears<Mine['says']>,
): Channel<Theirs> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let lastId = 0;
  let closed: Error | undefined;

  async function answer(id: number, name: string, params: unknown): Promise<void> {
    try {
      if (!Object.hasOwn(answers, name)) throw new Error(`no such call: ${name}`);
      const body = await (answers as Record<string, (params: unknown) => unknown>)[name]?.(params);
      const handling = typeof body === 'object' && body !== null ? handled.get(body) : undefined;
      if (closed === undefined) port.post({ reply: id, body }, handling?.move);
      handling?.sent?.();
    } catch (error) {
      if (closed === undefined) port.post({ reply: id, error: printError(error) });
    }
  }

  // What comes is not believed: a message of another shape than ours is as good as none.
  port.listen((received) => {
    if (closed !== undefined || typeof received !== 'object' || received === null) return;
    const { call, say, reply, id, body, error } = received as Record<keyof Message, unknown>;
    if (typeof call === 'string' && typeof id === 'number') {
      void answer(id, call, body);
    } else if (typeof say === 'string') {
      if (Object.hasOwn(hears, say)) (hears as Record<string, (body: unknown) => void>)[say]?.(body);
    } else if (typeof reply === 'number') {
      const waiter = waiting.get(reply);
      waiting.delete(reply);
      if (error === undefined) waiter?.resolve(body);
      else waiter?.reject(errorFrom(error));
    }
  });

  function abandon(reason: Error): void {
    const abandoned = [...waiting.values()];
    waiting.clear();
    for (const waiter of abandoned) waiter.reject(reason);
  }

  return {
    call(name, params) {
      if (closed !== undefined) return Promise.reject(closed);
      const id = ++lastId;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve: resolve, reject });
        port.post({ call: name, id, body: params });
      });
    },
    say(name, body, transfer) {
      if (closed === undefined) port.post({ say: name, body }, transfer);
    },
    abandon,
    close(reason) {
      closed ??= reason;
      abandon(reason);
    },
  };
}
