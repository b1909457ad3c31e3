import type { Disposable } from '../common/dispose.ts';
import { pageBytes, PageState } from '../common/page.ts';
import type { Range } from '../common/range.ts';
import type { Region } from '../common/region.ts';

/**
 * Pages to read and where their bytes go. Page i has `pages[i]`, `states[i]` and the 4096 bytes from `bytes[i * 4096]`.
 * A read tries the pages whose state is `readable`, `unread`, `absent` or `swapped` and leaves the others alone: a hole is
 * asked for once, and again when the caller sets it back to `unread`.
 */
export interface ReadPlan {
  readonly pages: Float64Array;
  readonly bytes: Uint8Array;
  readonly states: Uint8Array;
  /** 1 for each page that is to be read although it is not in memory, which brings it in. Otherwise none is. */
  readonly faultIn?: Uint8Array;
}

/** A plan with buffers of its own, nothing read yet. Ascending pages make the fewest iovecs; any order works. */
export function createPlan(pages: Float64Array | readonly number[]): ReadPlan {
  const own = Float64Array.from(pages);
  return {
    pages: own,
    bytes: new Uint8Array(new ArrayBuffer(own.length * pageBytes)),
    states: new Uint8Array(own.length).fill(PageState.unread),
  };
}

export interface ReadOptions {
  /**
   * Read pages that are not in memory too. Each costs the target a page table's entry, and a swapped or a file's page memory
   * and a disk's time; one that a userfaultfd handler or a dead file server should fill may block for ever.
   */
  readonly faultIn?: boolean;
  /** Read through /proc/<pid>/mem, which passes over PROT_NONE and execute-only. */
  readonly force?: boolean;
}

export interface WriteOptions {
  /** Refuse with `Conflict`, nothing written, unless the target holds exactly these bytes now. */
  readonly expect?: Uint8Array;
  /** Write through /proc/<pid>/mem, which passes over read-only and PROT_NONE. */
  readonly force?: boolean;
}

export interface Written {
  /** What was there before: undo writes it back. */
  readonly before: Uint8Array;
  /** Whether all bytes were still ours when read back at once. */
  readonly held: boolean;
}

/** Memory that can be read and written: a process, or an array in a test. */
export interface MemorySource extends Disposable {
  regions(): Promise<readonly Region[]>;
  /** Fills the plan. An unreadable page is a state, not an error; rejects only when the source is gone or denied. */
  read(plan: ReadPlan, options?: ReadOptions): Promise<void>;
  /**
   * Writes all of `bytes` or rejects with MemoryError. Check and write are not one step for the program, which may change
   * the bytes in between.
   */
  write(range: Range, bytes: Uint8Array, options?: WriteOptions): Promise<Written>;
}

/** What a reader's loop needs: a read that does not wait, and the identity apart, so that it is asked only where it matters. */
export interface LiveSource extends MemorySource {
  /**
   * `read` now. Whether the bytes are proven to be this address space's; where not, whoever uses them asks `isAlive` after
   * it. Throws MemoryError.
   */
  fill(plan: ReadPlan): boolean;
  isAlive(): boolean;
  /** The error for one that is not alive any more, with what became of it. Without it, nothing is known but that. */
  gone?(): Error;
}
