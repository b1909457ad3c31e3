import type { Address } from '../common/address.ts';
import type { Disposable } from '../common/dispose.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { historyBytesMax, historyEntriesMax } from '../common/limits.ts';

/** One write that reached the target, whole or in part; `before` and `after` are as long as what landed. */
export interface WriteEntry {
  /** The agent's name for the write. */
  readonly id: number;
  /** Date.now when the agent had written. */
  readonly timeMs: number;
  readonly start: Address;
  /** `[heap]+0x10` when it was written; regions move. */
  readonly label: string | undefined;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** `view`, `undo`, `redo`, or the name that an extension gave. */
  readonly who: string;
  readonly forced: boolean;
  /** Whether the bytes were still ours when read back at once. */
  readonly held: boolean;
  /** When the program changed the bytes of a write that had held. */
  readonly overwrittenAfterMs?: number;
}

/** What was written to one target, oldest first, and the way back. */
export interface History {
  entries(): readonly WriteEntry[];
  /** What `undo` would take back: the last write that is not taken back yet. */
  undoable(): WriteEntry | undefined;
  redoable(): WriteEntry | undefined;
  /** A write of the user's; what was undone before can no longer be redone. */
  wrote(entry: WriteEntry): void;
  /** `entry` took back `undoable()`. Where only `landed` bytes of it went in, the rest stays to be undone. */
  undid(entry: WriteEntry): void;
  /** The same for `redoable()`. */
  redid(entry: WriteEntry): void;
  /** Returns the entry of that write with the news in it, where it is still known. */
  overwritten(id: number, afterMs: number): WriteEntry | undefined;
  clear(): void;
  readonly onDidChange: Event<void>;
}

/** A history within the bounds of limits.ts: the oldest writes are forgotten first, and can then not be undone. */
export function createHistory(entriesMax = historyEntriesMax, bytesMax = historyBytesMax): History {
  const changed = createEmitter<void>();
  let entries: WriteEntry[] = [];
  let bytes = 0;
  let undos: WriteEntry[] = [];
  let redos: WriteEntry[] = [];

  function append(entry: WriteEntry): void {
    entries.push(entry);
    bytes += sizeOf(entry);
    let dropped = 0;
    while (entries.length - dropped > 1 && (entries.length - dropped > entriesMax || bytes > bytesMax)) {
      bytes -= sizeOf(entries[dropped++] as WriteEntry);
    }
    if (dropped > 0) {
      const gone = new Set(entries.slice(0, dropped).map((old) => old.id));
      entries = entries.slice(dropped);
      undos = undos.filter((old) => !gone.has(old.id));
      redos = redos.filter((old) => !gone.has(old.id));
    }
  }

  /** Moves what `entry` took back from one stack to the other; the part that it did not reach stays where it was. */
  function move(from: WriteEntry[], to: WriteEntry[], entry: WriteEntry): void {
    const whole = from.pop();
    if (whole !== undefined) {
      const landed = entry.after.length;
      to.push(landed < whole.after.length ? partOf(whole, 0, landed) : whole);
      if (landed < whole.after.length) from.push(partOf(whole, landed));
    }
    append(entry);
    changed.fire();
  }

  return {
    entries: () => entries,
    undoable: () => undos.at(-1),
    redoable: () => redos.at(-1),
    wrote(entry) {
      undos.push(entry);
      redos = [];
      append(entry);
      changed.fire();
    },
    undid: (entry) => move(undos, redos, entry),
    redid: (entry) => move(redos, undos, entry),
    overwritten(id, afterMs) {
      const index = entries.findLastIndex((entry) => entry.id === id);
      const entry = entries[index];
      if (entry === undefined) return undefined;
      const told = { ...entry, overwrittenAfterMs: afterMs };
      entries[index] = told;
      changed.fire();
      return told;
    },
    clear() {
      entries = [];
      undos = [];
      redos = [];
      bytes = 0;
      changed.fire();
    },
    onDidChange: (listener): Disposable => changed.event(listener),
  };
}

function sizeOf(entry: WriteEntry): number {
  return entry.before.length + entry.after.length;
}

function partOf(entry: WriteEntry, from: number, to = entry.after.length): WriteEntry {
  return {
    ...entry,
    start: entry.start + BigInt(from),
    before: entry.before.slice(from, to),
    after: entry.after.slice(from, to),
  };
}
