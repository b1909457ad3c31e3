import { fieldsOf } from './traffic.ts';

/**
 * What we ask of an adapter, told apart from what VS Code asks: a tracker sees both on their way, and is given the very
 * messages that the adapter and VS Code get after it. So here
 * - a request that comes too late, behind the one with which the program goes on, is turned into one that every adapter knows
 *   and that harms none. Asked for scopes or variables in that moment, lldb-dap 22 loses the stop that follows, or stands still for good.
 * - VS Code is kept from showing what the adapter refuses us. It shows an error of each response that says `showUser`, also of
 *   what an extension has asked; but most of what is refused we only tried, and of the rest we say more than the adapter does.
 * - VS Code keeps its call stack when we have written. lldb-dap says after each write that all it has said is invalid; VS Code then
 *   goes back to the topmost frame, and after two of those at once takes the program to be running, until its next stop.
 */
export interface OwnRequests {
  /** A request of ours goes off. */
  expect(command: string, parameters: unknown): Expected;
  /** A message to the adapter, and whether its program is paused. */
  sent(message: unknown, isPaused: boolean): void;
  /**
   * A message of the adapter. The refusal of a request of ours is no longer for the user, and what a write of ours makes invalid
   * is variables only.
   */
  received(message: unknown): void;
}

export interface Expected {
  /** It did not reach the adapter: the program went on before it. */
  readonly isLate: boolean;
  /** It has been answered, or never will be. */
  end(): void;
}

interface Leaving {
  readonly command: string;
  readonly parameters: string;
  isLate: boolean;
}

const harmless = { command: 'threads', arguments: {} };

export function createOwnRequests(): OwnRequests {
  /** Those that are on their way through VS Code, which numbers them. */
  const leaving = new Set<Leaving>();
  /** Those that the adapter has got, by what it is asked. */
  const numbered = new Map<unknown, unknown>();

  return {
    expect(command, parameters) {
      const request: Leaving = { command, parameters: JSON.stringify(parameters), isLate: false };
      leaving.add(request);
      return {
        get isLate() {
          return request.isLate;
        },
        end: () => void leaving.delete(request),
      };
    },
    sent(message, isPaused) {
      const { type, command, seq, arguments: parameters } = fieldsOf(message);
      if (type !== 'request' || leaving.size === 0) return;
      const text = JSON.stringify(parameters);
      const request = [...leaving].find((one) => one.command === command && one.parameters === text);
      if (request === undefined) return;
      leaving.delete(request);
      if (!isPaused) {
        request.isLate = true;
        Object.assign(message as object, harmless);
      }
      numbered.set(seq, isPaused ? command : harmless.command);
    },
    received(message) {
      const { type, event, body, request_seq: request } = fieldsOf(message);
      if (type === 'event' && event === 'invalidated' && [...numbered.values()].includes('writeMemory'))
        Object.assign(message as object, { body: { ...fieldsOf(body), areas: ['variables'] } });
      if (type !== 'response' || !numbered.delete(request)) return;
      const { error } = fieldsOf(body);
      if (typeof error === 'object' && error !== null) Object.assign(error, { showUser: false });
    },
  };
}
