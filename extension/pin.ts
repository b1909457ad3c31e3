import { asError } from '../common/error.ts';
import { pinRestMs } from '../common/limits.ts';
import type { ResolvedAddress, ViewContract } from '../common/protocol.ts';

/** An expression that a view follows: worked out anew at each stop of a debugger, in the frame that the user has chosen. */
export interface Pin {
  /** Follows another one, or none. */
  set(expression: string | undefined): void;
  /** It may lead elsewhere now. However often this is asked, one answer at a time is waited for. */
  follow(): void;
  dispose(): void;
}

type Pinned = ViewContract['says']['pinned'];

export function createPin(
  resolve: (expression: string) => Promise<ResolvedAddress>,
  tell: (pinned: Pinned) => void,
): Pin {
  let expression: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isBusy = false;
  /** How often it was asked for, so that an answer that came too late is known. */
  let wanted = 0;

  async function work(): Promise<void> {
    wanted++;
    if (isBusy) return;
    isBusy = true;
    for (let done = 0; done !== wanted && expression !== undefined;) {
      done = wanted;
      const asked = expression;
      const found = await outcome(asked);
      if (done === wanted) tell({ expression: asked, ...found });
    }
    isBusy = false;
  }

  async function outcome(asked: string): Promise<Pick<Pinned, 'address' | 'error'>> {
    try {
      return { address: (await resolve(asked)).address };
    } catch (error) {
      return { error: asError(error).message };
    }
  }

  return {
    set(next) {
      expression = next;
      wanted++;
      clearTimeout(timer);
      if (next === undefined) tell({});
      else void work();
    },
    follow() {
      if (expression === undefined) return;
      clearTimeout(timer);
      timer = setTimeout(() => void work(), pinRestMs);
    },
    dispose() {
      expression = undefined;
      clearTimeout(timer);
    },
  };
}
