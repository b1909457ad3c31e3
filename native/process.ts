import { closeSync, readSync } from 'node:fs';
import type { Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { readBytesMax, regionLookMsMin, writeBytesMax } from '../common/limits.ts';
import { pageOf, PageState, type PageNumber } from '../common/page.ts';
import type { TargetFacts } from '../common/protocol.ts';
import { isValidRange, type Range } from '../common/range.ts';
import { emptyRegionTable, type Region, type RegionTable } from '../common/region.ts';
import { goneError, whyGone } from './gone.ts';
import { codeOf, Errno } from './linux/errno.ts';
import { localAddress, pread, processVmReadv, processVmWritev, pwrite } from './linux/libc.ts';
import { parseMaps, parseMapsTable } from './linux/maps.ts';
import { readResidency, type Residency } from './linux/pagemap.ts';
import { explainDenial } from './linux/permission.ts';
import { readStat } from './linux/procfs.ts';
import { createVector, transfer, type Span, type Vector } from './linux/vector.ts';
import { spanOf, unreadableRanges, unreadableState } from './pages.ts';
import type { LiveSource, ReadPlan, WriteOptions, Written } from './source.ts';
import { writeMemory, type WriteAccess } from './write.ts';

/** The descriptors that hold on to one address space; `attach` opens them and the process closes them. */
export interface Descriptors {
  /** /proc/<pid>/mem: reads as empty once the address space is gone, and never names another. The identity. */
  readonly memory: number;
  readonly isWritable: boolean;
  readonly maps: number;
  /** Undefined where the kernel has none or does not show it. */
  readonly pagemap: number | undefined;
}

export interface ReadOutcome {
  /** Bytes that were read. */
  readonly read: number;
  /** A `PageState` for each page that the range touches. */
  readonly states: Uint8Array;
  /** What could not be read; its bytes in the buffer are as they were. */
  readonly unreadable: readonly Range[];
}

/** The memory of a running process. Made by `attach`. */
export class Process implements LiveSource {
  readonly facts: TargetFacts;
  readonly pid: number;
  readonly startTime: string;
  readonly #descriptors: Descriptors;
  readonly #vectors = new WeakMap<ReadPlan, { readonly span: Span; readonly vector: Vector }>();
  readonly #vector = createVector();
  readonly #probe = new Uint8Array(new ArrayBuffer(8));
  readonly #probeAt = localAddress(this.#probe);
  #table: RegionTable = emptyRegionTable;
  #maps = Buffer.alloc(0);
  #spare = Buffer.from(new ArrayBuffer(64 * 1024));
  /** When the last look was, and what it took. */
  #lookedMs = 0;
  #lookMs = 0;
  #disposed = false;

  constructor(facts: TargetFacts, descriptors: Descriptors) {
    this.facts = facts;
    this.pid = facts.pid;
    this.startTime = facts.startTime;
    this.#descriptors = descriptors;
  }

  /** The regions as the last look found them. */
  get table(): RegionTable {
    return this.#table;
  }

  /** Reads the regions; whether they differ from the last look's. Throws Gone. */
  look(): boolean {
    const begunMs = performance.now();
    const length = this.#readMaps();
    if (length === 0 || !this.isAlive()) throw this.gone();
    const found = this.#spare.subarray(0, length);
    const changed = !found.equals(this.#maps);
    if (changed) {
      this.#spare = this.#maps.length > 0 ? Buffer.from(this.#maps.buffer) : Buffer.from(new ArrayBuffer(64 * 1024));
      this.#maps = found;
      this.#table = parseMapsTable(found, this.#table.version + 1);
    }
    this.#lookedMs = performance.now();
    this.#lookMs = this.#lookedMs - begunMs;
    return changed;
  }

  /** Fills #spare with the maps file; its length. */
  #readMaps(): number {
    this.#assertOpen();
    let length = 0;
    try {
      for (;;) {
        if (this.#spare.length - length < 4096) {
          const larger = Buffer.from(new ArrayBuffer(this.#spare.length * 2));
          larger.set(this.#spare.subarray(0, length));
          this.#spare = larger;
        }
        const count = readSync(this.#descriptors.maps, this.#spare, length, this.#spare.length - length, length);
        if (count === 0) return length;
        length += count;
      }
    } catch (error) {
      if (codeOf(error) === 'ESRCH') return 0;
      throw error;
    }
  }

  regions(): Promise<readonly Region[]> {
    return settle(() => {
      this.look();
      return parseMaps(this.#maps);
    });
  }

  /** Which regions are resident. `pause` is awaited between pieces of work of about a millisecond, and ends it by rejecting. */
  residency(table: RegionTable, pause: () => Promise<void>): Promise<Residency> {
    const { pagemap } = this.#descriptors;
    if (pagemap !== undefined) return readResidency(pagemap, table, pause);
    return Promise.resolve({ bytes: new Float64Array(table.starts.length).fill(NaN), costMs: 0 });
  }

  /** Whether it is stopped, by a signal or by a debugger. */
  isStopped(): boolean {
    const state = readStat(this.pid)?.state;
    return state === 'T' || state === 't';
  }

  /** Whether the address space that was attached to is still there. Touches no memory of it. */
  isAlive(): boolean {
    this.#assertOpen();
    // Nothing is mapped at 0: EIO while the address space lives, 0 once it is gone.
    return pread(this.#descriptors.memory, this.#probeAt, 1, 0) !== 0;
  }

  /** The error to throw when it is gone, with what became of it. */
  gone(): MemoryError {
    return goneError(whyGone(this.pid, this.facts.name, this.startTime));
  }

  fill(plan: ReadPlan): void {
    this.#assertOpen();
    let entry = this.#vectors.get(plan);
    if (entry === undefined) {
      entry = { span: { pages: plan.pages, states: plan.states, bytes: plan.bytes, head: 0 }, vector: createVector() };
      this.#vectors.set(plan, entry);
    }
    const moved = transfer(processVmReadv, this.pid, entry.span, entry.vector, this.#onHole);
    if (moved < 0) throw this.#refusal(-moved);
  }

  readonly #onHole = (page: PageNumber): PageState => {
    // The reason comes from the regions, which are older than the hole; a burst of holes shares one look.
    const ageMs = performance.now() - this.#lookedMs;
    const state = unreadableState(this.#table, page);
    const isOdd = state === PageState.special || state === PageState.beyondFile;
    if (ageMs < (isOdd ? this.#lookMs : regionLookMsMin)) return state;
    this.look();
    return unreadableState(this.#table, page);
  };

  read(plan: ReadPlan): Promise<void> {
    return settle(() => {
      this.fill(plan);
      if (!this.isAlive()) throw this.gone();
    });
  }

  /** Reads a range of any alignment into a buffer that is as long, WebAssembly memory included. */
  readInto(range: Range, bytes: Uint8Array): Promise<ReadOutcome> {
    return settle(() => {
      assertRange(range, bytes.length);
      if (range.length > readBytesMax) throw new MemoryError('Limit', `Read at most ${readBytesMax} bytes at a time.`);
      const states = this.readRange(range, bytes);
      const unreadable = unreadableRanges(range, states).map((part) => part.range);
      return { read: unreadable.reduce((left, part) => left - part.length, range.length), states, unreadable };
    });
  }

  /** `readInto` for our own loops: gives the page states. Throws MemoryError. */
  readRange(range: Range, bytes: Uint8Array): Uint8Array {
    this.#assertOpen();
    const span = spanOf(range, bytes);
    const moved = transfer(processVmReadv, this.pid, span, this.#vector, this.#onHole);
    if (moved < 0) throw this.#refusal(-moved);
    if (!this.isAlive()) throw this.gone();
    return span.states;
  }

  write(range: Range, bytes: Uint8Array, options: WriteOptions = {}): Promise<Written> {
    return settle(() => {
      assertRange(range, bytes.length);
      if (range.length > writeBytesMax) {
        throw new MemoryError(
          'Limit',
          `One write takes at most ${writeBytesMax} bytes. Nothing was written; write it in parts.`,
        );
      }
      if (range.length === 0) return { before: new Uint8Array(0), held: true };
      this.look();
      return writeMemory(this.#access, range, bytes, options);
    });
  }

  readonly #access: WriteAccess = {
    table: () => this.#table,
    isAlive: () => this.isAlive(),
    gone: () => this.gone(),
    readThrough: (address, bytes) => this.readThrough(address, bytes),
    writeThrough: (address, bytes) => {
      if (!this.#descriptors.isWritable) return -Errno.EACCES;
      return moveThrough(pwrite, this.#descriptors.memory, address, bytes);
    },
    writeVector: (range, bytes) => transfer(processVmWritev, this.pid, spanOf(range, bytes), this.#vector, 'stop'),
    refusal: (errno) => this.#refusal(errno),
  };

  /** Reads through the descriptor, whatever the access says: bytes read, 0 where the address space is gone, or -errno. */
  readThrough(address: Address, bytes: Uint8Array): number {
    this.#assertOpen();
    return moveThrough(pread, this.#descriptors.memory, address, bytes);
  }

  #refusal(errno: number): Error {
    if (errno === Errno.ESRCH || !this.isAlive()) return this.gone();
    switch (errno) {
      case Errno.EPERM:
      case Errno.EACCES:
        return new MemoryError('Denied', explainDenial(this.pid, true), { errno });
      case Errno.ENOSYS:
        return noCrossMemoryAttach(errno);
      case Errno.ENOMEM:
        return new MemoryError('Limit', 'The system has no memory left for this. Close something and try again.', {
          errno,
        });
      default:
        return new Error(`the kernel refused with error ${errno}`);
    }
  }

  #assertOpen(): void {
    if (this.#disposed) throw goneError(`${this.facts.name} (${this.pid}) has been detached.`);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    closeSync(this.#descriptors.memory);
    closeSync(this.#descriptors.maps);
    if (this.#descriptors.pagemap !== undefined) closeSync(this.#descriptors.pagemap);
  }
}

export function noCrossMemoryAttach(errno: number): MemoryError {
  return new MemoryError(
    'Unsupported',
    'This kernel has no process_vm_readv (it was built without CONFIG_CROSS_MEMORY_ATTACH), which Live Memory reads with. Use a kernel that has it; those of all large distributions do.',
    { errno },
  );
}

/** Moves all of `bytes` through a descriptor: how many moved, or -errno where not one did. */
function moveThrough(call: typeof pread, descriptor: number, address: Address, bytes: Uint8Array): number {
  const local = localAddress(bytes);
  let moved = 0;
  while (moved < bytes.length) {
    const count = call(descriptor, local + moved, bytes.length - moved, BigInt.asIntN(64, address + BigInt(moved)));
    if (count <= 0) return moved > 0 ? moved : count;
    moved += count;
  }
  return moved;
}

function assertRange(range: Range, length: number): void {
  if (!isValidRange(range))
    throw new MemoryError(
      'Invalid',
      'That range is not within the 64-bit address space. Addresses go from 0 to 2^64 - 1.',
    );
  if (range.length !== length)
    throw new MemoryError(
      'Invalid',
      `The range has ${range.length} bytes and the buffer ${length}. Give a buffer of the same length.`,
    );
}

/** What a synchronous body returns or throws, as a promise. */
export function settle<T>(body: () => T): Promise<T> {
  return new Promise((resolve) => resolve(body()));
}

/** The first page of a region that process_vm_readv can be tried on, a few of them, the likeliest first. */
export function pagesToTry(table: RegionTable): PageNumber[] {
  const tries: PageNumber[] = [];
  for (let i = 0; i < table.starts.length && tries.length < 16; i++) {
    if (unreadableState(table, table.starts[i] as number) === PageState.special) tries.push(table.starts[i] as number);
  }
  for (let i = 0; i < table.starts.length && tries.length < 32; i++) {
    if (unreadableState(table, table.starts[i] as number) === PageState.beyondFile)
      tries.push(table.starts[i] as number);
  }
  return tries.length > 0 ? tries : [pageOf(0n)];
}
