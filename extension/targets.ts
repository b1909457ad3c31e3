import type { Disposable } from '../common/dispose.ts';
import { MemoryError } from '../common/error.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { silenceMs, targetsMax } from '../common/limits.ts';
import { openTarget, type OpenAgent, type Target } from './target.ts';

/** The targets of this window, in the order in which they were attached. */
export interface Targets extends Disposable {
  all(): readonly Target[];
  /** The live target with that pid; one that is gone keeps its pid, but is not found by it. */
  find(pid: number): Target | undefined;
  /** The target that is there already, or a new one. Rejects with MemoryError. */
  attach(pid: number): Promise<Target>;
  /** Takes in a target that was opened elsewhere. Rejects where there are too many, and leaves it to its opener. */
  adopt(target: Target): void;
  /** Ends the agent; views of the target keep their last bytes. */
  detach(target: Target): void;
  /** Keeps the target for as long as it is used; one that is gone is forgotten with its last use. */
  use(target: Target): Disposable;
  /** Detaches from a target that nobody uses. */
  forgetUnused(target: Target): void;
  /** One was attached, detached, or has gone. */
  readonly onDidChange: Event<void>;
  readonly onDidAttach: Event<Target>;
}

export function createTargets(openAgent: OpenAgent): Targets {
  const changed = createEmitter<void>();
  const attached = createEmitter<Target>();
  const held = new Set<Target>();
  const uses = new Map<Target, number>();
  const underWay = new Map<number, Promise<Target>>();
  let disposed = false;

  const find = (pid: number): Target | undefined =>
    [...held].find((target) => target.facts.pid === pid && target.status.state !== 'gone');

  function assertRoom(): void {
    if (held.size + underWay.size < targetsMax) return;
    throw new MemoryError(
      'Limit',
      `${targetsMax} processes are attached, which is as many as one window takes. Detach from one first.`,
    );
  }

  async function open(pid: number): Promise<Target> {
    assertRoom();
    const target = await openTarget(openAgent, pid);
    if (disposed) {
      target.dispose();
      throw new MemoryError('Cancelled', 'The window is closing.');
    }
    hold(target);
    return target;
  }

  function hold(target: Target): void {
    held.add(target);
    target.onStatus((status) => {
      if (status.state === 'gone') {
        forgetUnused(target);
        changed.fire();
      }
    });
    attached.fire(target);
    changed.fire();
  }

  function drop(target: Target): void {
    if (held.delete(target)) {
      target.dispose();
      changed.fire();
    }
  }

  function forgetUnused(target: Target): void {
    if (target.status.state === 'gone' && !uses.has(target)) drop(target);
  }

  return {
    all: () => [...held],
    find,
    async attach(pid) {
      const there = find(pid);
      if (there !== undefined && (await isStillThere(there))) return there;
      const waiting = underWay.get(pid);
      if (waiting !== undefined) return waiting;
      const opening = open(pid).finally(() => underWay.delete(pid));
      underWay.set(pid, opening);
      return opening;
    },
    adopt(target) {
      assertRoom();
      hold(target);
    },
    detach: drop,
    forgetUnused(target) {
      if (!uses.has(target)) drop(target);
    },
    use(target) {
      uses.set(target, (uses.get(target) ?? 0) + 1);
      let used = true;
      return {
        dispose() {
          if (!used) return;
          used = false;
          const left = (uses.get(target) ?? 1) - 1;
          if (left > 0) uses.set(target, left);
          else uses.delete(target);
          forgetUnused(target);
        },
      };
    },
    onDidChange: changed.event,
    onDidAttach: attached.event,
    dispose() {
      disposed = true;
      for (const target of held) target.dispose();
      held.clear();
    },
  };
}

/** A target that nobody looks at is not watched: whether it has gone is found out by asking. Waits for no silent agent. */
async function isStillThere(target: Target): Promise<boolean> {
  const asked = target.call('read', { start: '0x0', length: 1 }).catch(() => undefined);
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([asked, new Promise((resolve) => (timer = setTimeout(resolve, silenceMs)))]);
  clearTimeout(timer);
  return target.status.state !== 'gone';
}

/** The sentence for a pid that no target has. */
export function notAttached(pid: number): MemoryError {
  return new MemoryError('Invalid', `Process ${pid} is not attached. Run "Live Memory: Attach to Process…" first.`);
}
