import type { Port } from './channel.ts';

/** A port that begins on one wire and moves to another as soon as there is one, and back where that breaks. */
export interface MovingPort extends Port {
  /** From now on by this wire. What was said before is heard before, whichever wire is the faster one. */
  moveTo(next: Port): void;
  /** By the first wire again. What was on its way on the other one, either way, may be lost. */
  moveBack(): void;
}

/** The last that a side says by the first wire. */
const moved = { wire: 'moved' } as const;

/** Both sides of a wire have one, and move to an end each of the new wire. What `stays` goes by the first one always. */
export function createMovingPort(first: Port, stays: (message: unknown) => boolean = () => false): MovingPort {
  let receive: (message: unknown) => void = () => undefined;
  let current = first;
  /** Whether the other side has said all that it says by the first wire. */
  let isFirstDone = false;
  /** What has come by the next one before that: no more frames than may be on their way, and what is said meanwhile. */
  let early: unknown[] = [];

  first.listen((message) => {
    if (!isMoved(message)) return receive(message);
    isFirstDone = true;
    const waiting = early;
    early = [];
    for (const one of waiting) receive(one);
  });

  return {
    post: (message, transfer) => (stays(message) ? first : current).post(message, transfer),
    listen: (hear) => (receive = hear),
    moveTo(next) {
      first.post(moved);
      current = next;
      next.listen((message) => {
        if (current !== next) return;
        if (isFirstDone) receive(message);
        else early.push(message);
      });
    },
    moveBack() {
      current = first;
      isFirstDone = false;
      early = [];
    },
  };
}

function isMoved(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'wire' in message && message.wire === moved.wire;
}
