import type { Disposable } from '../../common/dispose.ts';
import { createEmitter, type Event } from '../../common/event.ts';
import type { Target } from '../target.ts';

/** How long after a new run has begun the end of the last one still counts as its restart. */
const restartMs = 10_000;

/** Targets that are remembered after their sessions: more runs than anybody keeps views of. */
const leftMax = 8;

/** A process took the place of one that is gone: the program was started again under the debugger. */
export interface Restart {
  readonly gone: Target;
  readonly target: Target;
}

/** Which targets of sessions that have ended, or whose process has, the next run of the same program takes the place of. */
export interface Succession extends Disposable {
  /** A session has let a target go. */
  left(target: Target): void;
  /** It never was the program that was debugged. */
  disown(target: Target): void;
  /** A session has begun to debug a target: views of the program's last run go on with this one. Rejects only with bugs. */
  follow(target: Target): Promise<void>;
  readonly onRestart: Event<Restart>;
}

export function createSuccession(): Succession {
  const restarts = createEmitter<Restart>();
  const waiting = new Set<() => void>();
  let left: Target[] = [];

  /** A debugger may start the next run before the last one has quite ended. */
  function afterEnd(target: Target, run: () => void): void {
    const listening = target.onStatus(({ state }) => {
      if (state !== 'gone') return;
      stop();
      run();
    });
    const stop = (): void => {
      clearTimeout(timer);
      waiting.delete(stop);
      listening.dispose();
    };
    const timer = setTimeout(stop, restartMs);
    waiting.add(stop);
  }

  return {
    left(target) {
      left = [...left.filter((other) => other !== target), target].slice(-leftMax);
    },
    disown(target) {
      left = left.filter((other) => other !== target);
    },
    async follow(target) {
      const { executable } = target.facts;
      const before = left.filter(
        (other) => other !== target && executable !== '' && other.facts.executable === executable,
      );
      left = left.filter((other) => !before.includes(other) && other !== target);
      for (const other of before) {
        // One that has been killed may not have been looked at since; one that was only let go lives on.
        if (other.status.state !== 'gone') await other.call('read', { start: '0x0', length: 1 }).catch(() => undefined);
        if (other.status.state === 'gone') restarts.fire({ gone: other, target });
        else afterEnd(other, () => restarts.fire({ gone: other, target }));
      }
    },
    onRestart: restarts.event,
    dispose() {
      for (const stop of [...waiting]) stop();
    },
  };
}
