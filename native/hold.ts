import type { Disposable } from '../common/dispose.ts';
import { holdCheckBytesMax, holdCheckMs, holdChecksMax } from '../common/limits.ts';
import { endOf, type Range } from '../common/range.ts';

/** When the bytes of a write are looked at again, in milliseconds after it: often at first, where programs write back. */
const checksMs = [8, 25, 50, 100, 200, 350, 600, holdCheckMs];

export interface HoldOptions {
  /** Reads a range; the count of bytes, fewer where some cannot be read now, or only by bringing in what is not in memory. */
  readonly read: (range: Range, bytes: Uint8Array) => number;
  readonly overwritten: (id: number, afterMs: number) => void;
}

/** Says, once, when the program changes bytes that were written and held. Looks for `holdCheckMs`, then forgets. */
export interface HoldChecks extends Disposable {
  /** Begins to look after a write. Bytes of earlier writes that it covers are ours now, and not looked after any more. */
  add(id: number, range: Range, bytes: Uint8Array): void;
}

interface Check {
  readonly id: number;
  readonly range: Range;
  readonly bytes: Uint8Array;
  readonly writtenMs: number;
  next: number;
}

export function createHoldChecks(options: HoldOptions): HoldChecks {
  let checks: Check[] = [];
  let timer: NodeJS.Timeout | undefined;

  function schedule(): void {
    clearTimeout(timer);
    timer = undefined;
    if (checks.length === 0) return;
    const dueMs = Math.min(...checks.map(dueOf));
    timer = setTimeout(look, Math.max(0, Math.ceil(dueMs - performance.now())));
  }

  function look(): void {
    const nowMs = performance.now();
    checks = checks.filter((check) => {
      if (dueOf(check) > nowMs) return true;
      const found = new Uint8Array(new ArrayBuffer(check.range.length));
      // What cannot be read has not been overwritten, and may be seen next time; that the process has gone is told by others.
      const isSeen = options.read(check.range, found) === found.length;
      if (isSeen && Buffer.compare(found, check.bytes) !== 0) {
        options.overwritten(check.id, Math.round(nowMs - check.writtenMs));
        return false;
      }
      return ++check.next < checksMs.length;
    });
    schedule();
  }

  return {
    add(id, range, bytes) {
      checks = checks.filter((check) => endOf(check.range) <= range.start || endOf(range) <= check.range.start);
      checks.push({ id, range, bytes: bytes.slice(), writtenMs: performance.now(), next: 0 });
      let total = checks.reduce((sum, check) => sum + check.range.length, 0);
      while (checks.length > holdChecksMax || total > holdCheckBytesMax) total -= checks.shift()?.range.length ?? total;
      schedule();
    },
    dispose() {
      checks = [];
      clearTimeout(timer);
    },
  };
}

function dueOf(check: Check): number {
  return check.writtenMs + (checksMs[check.next] as number);
}
