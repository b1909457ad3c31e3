import { addressMax, printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { readBytesMax } from '../common/limits.ts';
import type { TargetFacts } from '../common/protocol.ts';
import { isValidRange, printRange, type Range } from '../common/range.ts';
import { parsePid } from './arguments.ts';
import type { Attach } from './attach.ts';
import type { Editing } from './editing.ts';
import { printSize } from '../common/size.ts';
import type { Target } from './target.ts';
import { notAttached, type Targets } from './targets.ts';
import { unreadableRanges, type UnreadableRange } from './unreadable.ts';

export interface ReadMemory {
  /** As long as was asked for; bytes of unreadable ranges are 0 and mean nothing. */
  readonly bytes: Uint8Array;
  readonly unreadable: readonly UnreadableRange[];
}

export interface WriteOptions {
  /** Write only where the target holds exactly these bytes now; rejects with `Conflict` otherwise. */
  readonly expect?: Uint8Array;
  /** Your name, for the question to the user and for the history. */
  readonly who?: string;
}

export interface MemoryWritten {
  readonly pid: number;
  readonly start: Address;
  readonly bytes: Uint8Array;
  /** Whether the bytes were still there when read back at once. */
  readonly held: boolean;
}

/**
 * What `activate` returns, for other extensions. Everything rejects with a MemoryError, whose `code` and `message` say
 * what to do. Addresses are bigints. Within `version` 1 things are added, never changed.
 */
export interface LiveMemoryApi {
  readonly version: 1;
  /** Attaches, or finds the target that is there. In a workspace that is not trusted, the user is asked. */
  attach(pid: number): Promise<TargetFacts>;
  /** Opens a memory view, at any expression of the address box. */
  open(argument: { readonly pid: number; readonly address?: string }): Promise<void>;
  read(pid: number, start: Address, length: number): Promise<ReadMemory>;
  /** Writes all bytes or rejects, saying how many landed. Editing has to be on, or the user is asked. Can be undone. */
  write(
    pid: number,
    start: Address,
    bytes: Uint8Array,
    options?: WriteOptions,
  ): Promise<{ readonly before: Uint8Array; readonly held: boolean }>;
  /** Every write that goes through Live Memory: typed, undone, redone, or made by an extension. */
  readonly onDidWrite: Event<MemoryWritten>;
  detach(pid: number): Promise<void>;
}

export function createApi(targets: Targets, attach: Attach, editing: Editing): LiveMemoryApi {
  const wrote = createEmitter<MemoryWritten>();
  editing.onWritten(({ target, result }) => {
    const { start, bytes, held } = result;
    // The API names processes, and what is read through a debugger is none that it could name.
    if (target.facts.through !== undefined) return;
    wrote.fire({ pid: target.facts.pid, start: BigInt(start), bytes: bytes.slice(), held });
  });

  function attached(pid: number): Target {
    const target = targets.find(parsePid(pid));
    if (target === undefined) throw notAttached(pid);
    return target;
  }

  return {
    version: 1,
    attach: async (pid) => (await attach.target(parsePid(pid), 'argument')).facts,
    async open({ pid, address }) {
      await attach.view({ pid: parsePid(pid), ...(address !== undefined && { address }) }, 'argument');
    },
    async read(pid, start, length) {
      const target = attached(pid);
      const range = checkRange(start, length);
      const { bytes, states } = await target.call('read', printRange(range));
      return { bytes, unreadable: unreadableRanges(range, states) };
    },
    async write(pid, start, bytes, options = {}) {
      const target = attached(pid);
      checkRange(start, bytes.length);
      const { expect, who } = options;
      // Copies: the caller's arrays may be parts of larger ones, and may change while the user is asked.
      const edit = { start: printAddress(start), bytes: Uint8Array.from(bytes) };
      const expected = expect !== undefined && { expect: Uint8Array.from(expect) };
      const { before, held } = await editing.write(
        target,
        { ...edit, ...expected },
        who === undefined || who === '' ? 'An extension' : who.slice(0, 100),
      );
      return { before: before.slice(), held };
    },
    onDidWrite: wrote.event,
    async detach(pid) {
      targets.detach(attached(pid));
    },
  };
}

function checkRange(start: Address, length: number): Range {
  if (typeof start !== 'bigint' || start < 0n || start > addressMax) {
    throw new MemoryError(
      'Invalid',
      `An address is a bigint from 0 to ${printAddress(addressMax)}, not ${String(start)}.`,
    );
  }
  const range = { start, length };
  if (length < 1 || !isValidRange(range)) {
    throw new MemoryError('Invalid', `A length is a whole number from 1 that ends before 2^64, not ${String(length)}.`);
  }
  if (length > readBytesMax) {
    throw new MemoryError('Limit', `One call takes at most ${printSize(readBytesMax)}; go in parts.`);
  }
  return range;
}
