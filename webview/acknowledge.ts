import { acknowledgeMs } from '../common/limits.ts';

/**
 * Tells which frames have been painted, two at a time where they follow each other, because each message passes through
 * several of VS Code's processes. One that nothing follows is told of after a while.
 */
export function createAcknowledgement(tell: (seq: number) => void): (seq: number) => void {
  let waiting: number | undefined;
  return (seq) => {
    if (waiting !== undefined) {
      clearTimeout(waiting);
      waiting = undefined;
      tell(seq);
      return;
    }
    waiting = window.setTimeout(() => {
      waiting = undefined;
      tell(seq);
    }, acknowledgeMs);
  };
}
