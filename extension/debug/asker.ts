import { MemoryError } from '../../common/error.ts';
import { namesAskMs } from '../../common/limits.ts';
import { ask, evaluate } from './ask.ts';
import type { Debugged } from './sessions.ts';

/**
 * Asks the adapter of a session at one stop, one request at a time, and never once the process goes on: each method rejects with
 * Cancelled then, also where the answer came too late to be about this stop.
 */
export interface Asker {
  ask(command: string, parameters: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** Evaluates in the chosen frame; the text of the value. */
  evaluate(expression: string): Promise<string>;
  /** The frame whose variables are meant. */
  readonly frameId: number;
  /** Whether the process is still where it was when the asking began. */
  readonly isCurrent: boolean;
  /** Whether there is time for another question. */
  readonly hasTime: boolean;
}

export function createAsker(
  { session, traffic }: Pick<Debugged, 'session' | 'traffic'>,
  frameId: number,
  isWanted: () => boolean,
): Asker {
  const endMs = performance.now() + namesAskMs;
  const isCurrent = (): boolean => traffic.state === 'stopped' && isWanted();

  async function during<T>(question: () => Promise<T>): Promise<T> {
    if (!isCurrent()) throw goneOn();
    const answer = await question();
    if (!isCurrent()) throw goneOn();
    return answer;
  }

  return {
    frameId,
    ask: (command, parameters) => during(() => ask(session, command, parameters)),
    evaluate: (expression) => during(() => evaluate(session, expression, frameId)),
    get isCurrent() {
      return isCurrent();
    },
    get hasTime() {
      return performance.now() < endMs;
    },
  };
}

function goneOn(): MemoryError {
  return new MemoryError('Cancelled', 'The program has gone on; its debugger is asked again at the next stop.');
}
