import { closeSync } from 'node:fs';
import type { Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { readPieceBytes } from '../common/limits.ts';
import { pageOf, PageState, type PageNumber } from '../common/page.ts';
import type { TargetFacts } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { accessBits, Access, type Region, type RegionTable } from '../common/region.ts';
import { goneError, whyGone } from './gone.ts';
import { guardOf } from './guard.ts';
import { createIdentity, type Identity } from './identity.ts';
import { Errno } from './linux/errno.ts';
import { pread, processVmReadv, processVmWritev, pwrite } from './linux/libc.ts';
import { createPageMap, type PageMap } from './linux/pagemap.ts';
import { explainDenial } from './linux/permission.ts';
import { readProc, readStat } from './linux/procfs.ts';
import { parseSmaps, type RegionUsage } from './linux/smaps.ts';
import { moveParts, piecesOf, type Part } from './linux/scatter.ts';
import { createVector, transfer, type Span, type Vector, type VectorCall } from './linux/vector.ts';
import { createRegionLook, type RegionLook } from './look.ts';
import { refusedIn, spanOf, unreadableRanges } from './pages.ts';
import { createDirectRead, type DirectRead } from './direct.ts';
import { joinStates, outcomeOf, pageCount, WholeOutcome, type ReadOutcome } from './outcome.ts';
import { createPlanned, follow, type Planned } from './planned.ts';
import { createFileEnds, createPresence, missingState, type Presence } from './presence.ts';
import { breathe, settle } from './promises.ts';
import { assertAddress, assertRange } from './ranges.ts';
import { readResidency, unknownFigures, type CountedFigures } from './residency.ts';
import type { LiveSource, ReadOptions, ReadPlan, WriteOptions, Written } from './source.ts';
import { streamRange, type Piece, type StreamOptions } from './stream.ts';
import { moveThrough, throughDescriptor, type Transport } from './transport.ts';
import { writeMemory, writeParts, type PartToWrite, type PartWritten, type WriteAccess } from './write.ts';

/** The descriptors that hold on to one address space; `attach` opens them and the process closes them. */
export interface Descriptors {
  /** /proc/<pid>/mem: reads as empty once the address space is gone, and never names another. The identity. */
  readonly memory: number;
  readonly isWritable: boolean;
  readonly maps: number;
  /** Undefined where the kernel has none or does not show it. */
  readonly pagemap: number | undefined;
}

/** The memory of a running process. Made by `attach`. */
export class Process implements LiveSource {
  readonly facts: TargetFacts;
  readonly pid: number;
  readonly startTime: string;
  readonly #descriptors: Descriptors;
  readonly #identity: Identity;
  readonly #look: RegionLook;
  readonly #pageMap: PageMap | undefined;
  readonly #presence: Presence;
  readonly #forcedReadv: VectorCall;
  readonly #unforcedWritev: VectorCall;
  #transport: Transport;
  readonly #plans = new WeakMap<ReadPlan, Planned>();
  readonly #vector: Vector;
  #direct: DirectRead | undefined;
  readonly #fileEndOf: (region: Region) => PageNumber;
  #disposed = false;

  constructor(facts: TargetFacts, descriptors: Descriptors, transport: Transport = 'process_vm_readv') {
    const { pid } = facts;
    this.facts = facts;
    this.pid = pid;
    this.startTime = facts.startTime;
    this.#transport = transport;
    this.#descriptors = descriptors;
    this.#identity = createIdentity(pid, descriptors.memory, facts.pointerBytes);
    this.#look = createRegionLook(descriptors.maps);
    this.#fileEndOf = createFileEnds(pid);
    this.#pageMap = descriptors.pagemap === undefined ? undefined : createPageMap(descriptors.pagemap);
    this.#presence = createPresence(this.#pageMap, this.#look.at, this.#fileEndOf);
    this.#forcedReadv = throughDescriptor(descriptors.memory, pread);
    this.#unforcedWritev = throughDescriptor(descriptors.memory, pwrite, (page) => {
      const region = this.#look.at(page);
      return region !== undefined && (accessBits(region.access) & Access.write) !== 0;
    });
    this.#vector = createVector(this.#identity.witness);
    const { witness } = this.#identity;
    this.#direct =
      this.#isByCall && witness !== undefined && this.#pageMap !== undefined
        ? createDirectRead(pid, this.#pageMap, witness)
        : undefined;
  }

  /** How bytes are read and written. */
  get transport(): Transport {
    return this.#transport;
  }

  get #isByCall(): boolean {
    return this.#transport === 'process_vm_readv';
  }

  /**
   * The call asks each time whether it may, the descriptor was asked when it was opened. A process that has closed itself
   * since is read and written through that from now on; whether there is such a way, where the call was refused.
   */
  #leavesCall(errno: number): boolean {
    const isRefused = errno > 0 && errno !== Errno.ESRCH && errno !== Errno.ENOMEM;
    if (!isRefused || !this.#isByCall || !this.isAlive()) return false;
    this.#transport = '/proc/<pid>/mem';
    this.#direct = undefined;
    return true;
  }

  readonly #readv: VectorCall = ({ localAt, locals, remoteAt, remotes }) =>
    processVmReadv(this.pid, localAt, locals, remoteAt, remotes);

  #callFor(force: boolean): VectorCall {
    return force || !this.#isByCall ? this.#forcedReadv : this.#readv;
  }

  readonly #writev: VectorCall = ({ localAt, locals, remoteAt, remotes }) =>
    processVmWritev(this.pid, localAt, locals, remoteAt, remotes);

  /** The regions as the last look found them. */
  get table(): RegionTable {
    return this.#look.table;
  }

  /** Reads the regions; whether they differ from the last look's. Throws Gone. */
  look(): boolean {
    this.#assertOpen();
    const changed = this.#look.look();
    if (changed === undefined || !this.isAlive()) throw this.gone();
    return changed;
  }

  regions(): Promise<readonly Region[]> {
    return settle(() => {
      this.look();
      return this.#look.all();
    });
  }

  /** The region that holds an address, as it is now; `undefined` where nothing is mapped. */
  regionAt(address: Address): Promise<Region | undefined> {
    return settle(() => {
      this.#assertOpen();
      assertAddress(address);
      const region = this.#look.at(pageOf(address));
      if (!this.isAlive()) throw this.gone();
      return region;
    });
  }

  /**
   * How much of each region of a table is in memory, swapped out, the zero page, and huge pages; touches none of it. `pause`
   * is awaited between pieces of work of about a millisecond, and ends it by rejecting.
   */
  async residency(table: RegionTable = this.table, pause: () => Promise<void> = breathe): Promise<CountedFigures> {
    this.#assertOpen();
    const paused = async (): Promise<void> => {
      await pause();
      // Its descriptors are closed, and their numbers may be those of another process's.
      this.#assertOpen();
    };
    const figures =
      this.#pageMap === undefined
        ? { ...unknownFigures(table.starts.length), costMs: 0 }
        : await readResidency(this.#pageMap, table, paused);
    if (!this.isAlive()) throw this.gone();
    return figures;
  }

  /** What the kernel counts of each region and only smaps tells; it walks all page tables for it, so not for a loop. */
  smaps(): Promise<RegionUsage[]> {
    return settle(() => {
      this.look();
      // Opened anew: a descriptor of its own for what is asked this seldom would be one too many.
      const text = readProc(`/proc/${this.pid}/smaps`)?.toString();
      if (!this.isAlive()) throw this.gone();
      if (text === undefined) throw new MemoryError('Unsupported', 'This kernel has no /proc/<pid>/smaps.');
      return parseSmaps(text);
    });
  }

  /** Whether it is stopped, by a signal or by a debugger. */
  isStopped(): boolean {
    this.#assertOpen();
    const state = readStat(this.pid)?.state;
    return state === 'T' || state === 't';
  }

  /** Whether the address space that was attached to is still there, and still the process's own. */
  isAlive(): boolean {
    this.#assertOpen();
    return this.#identity.isOurs();
  }

  /** The error to throw when it is gone, with what became of it. */
  gone(): MemoryError {
    return goneError(whyGone(this.pid, this.facts.name, this.startTime));
  }

  fill(plan: ReadPlan, options: ReadOptions = {}): boolean {
    this.#assertOpen();
    let planned = this.#plans.get(plan);
    if (planned === undefined) this.#plans.set(plan, (planned = createPlanned(plan, this.#identity.witness)));
    else follow(planned);
    return this.#move(planned.span, planned.vector, options, plan.faultIn);
  }

  /**
   * Moves what may be moved; whether the bytes are proven to be this address space's, and that the process's own. What goes
   * through the descriptor is always that address space's, whoever has it by now.
   */
  #move(span: Span, vector: Vector, options: ReadOptions, faultInPages?: Uint8Array): boolean {
    const force = options.force === true;
    this.#choose(span.pages, span.states, options.faultIn === true, force, faultInPages);
    const call = this.#callFor(force);
    const moved = transfer(call, span, vector, this.#onHole);
    if (moved >= 0) return vector.proven && call === this.#readv;
    if (!this.#leavesCall(-moved)) throw this.#refusal(-moved);
    return this.#move(span, vector, options, faultInPages);
  }

  /** Leaves out what is not in memory, and what must not be read where the way of reading would not refuse it. */
  #choose(pages: Float64Array, states: Uint8Array, faultIn: boolean, force: boolean, faultInPages?: Uint8Array): void {
    if (faultIn) for (let i = 0; i < states.length; i++) states[i] = triedAgain(states[i] as PageState);
    else this.#presence.mark({ pages, states, faultIn: faultInPages });
    if (force || this.#isByCall) return;
    for (let i = 0; i < states.length; i++) {
      if ((states[i] as number) > PageState.unread) continue;
      const page = pages[i] as number;
      const region = this.#look.at(page);
      if (region === undefined) states[i] = PageState.unmapped;
      else if ((accessBits(region.access) & Access.read) === 0) states[i] = refusedIn(region);
    }
  }

  /** Why a page that was tried did not come. */
  readonly #onHole = (page: PageNumber): PageState => {
    const region = this.#look.at(page);
    if (region === undefined) return PageState.unmapped;
    const state = refusedIn(region);
    // A guard page of a file's mapping lies before its end, which cannot be seen of every file.
    const end = state === PageState.beyondFile ? this.#fileEndOf(region) : Infinity;
    return end !== Infinity && page < end ? PageState.special : state;
  };

  read(plan: ReadPlan, options?: ReadOptions): Promise<void> {
    return settle(() => {
      if (!this.fill(plan, options) && !this.isAlive()) throw this.gone();
    });
  }

  /** Reads a range of any alignment and length into a buffer that is as long, WebAssembly memory included. */
  readInto(range: Range, bytes: Uint8Array, options?: ReadOptions): Promise<ReadOutcome> {
    // Not async: what that brings along is cold after a large copy, and takes a percent of it.
    try {
      if (range.length <= readPieceBytes) return Promise.resolve(this.readIntoSync(range, bytes, options));
      assertRange(range, bytes.length);
      return this.#inTurns(this.#readPieces(range, bytes, options));
    } catch (error) {
      return settle(() => {
        throw error;
      });
    }
  }

  /** `readInto` at once, however long it takes. Throws MemoryError. */
  readIntoSync(range: Range, bytes: Uint8Array, options?: ReadOptions): ReadOutcome {
    const landed = this.#readDirect(range, bytes, options);
    if (landed >= range.length && landed > 0) return new WholeOutcome(range);
    assertRange(range, bytes.length);
    if (range.length <= readPieceBytes) return outcomeOf(range, this.#readRest(range, bytes, landed, options));
    const pieces = this.#readPieces(range, bytes, options);
    for (;;) {
      const { done, value } = pieces.next();
      if (done === true) return value;
    }
  }

  /** A gigabyte takes a fifth of a second: others on this thread get their turn in between. */
  async #inTurns(pieces: Generator<undefined, ReadOutcome>): Promise<ReadOutcome> {
    for (;;) {
      const { done, value } = pieces.next();
      if (done === true) return value;
      await breathe();
    }
  }

  /** Reads what is too long for the short way a piece at a time. */
  *#readPieces(range: Range, bytes: Uint8Array, options?: ReadOptions): Generator<undefined, ReadOutcome> {
    let states: Uint8Array | undefined;
    for (let done = 0, page = 0; done < range.length;) {
      if (done > 0) yield;
      if (bytes.length !== range.length)
        throw new MemoryError(
          'Invalid',
          'The buffer has been detached or resized while it was read into. Read again, into one that stays as it is.',
        );
      const start = range.start + BigInt(done);
      const length = Math.min(readPieceBytes - Number(start & 0xfffn), range.length - done);
      const piece = { start, length };
      const part = bytes.subarray(done, done + length);
      const landed = this.#readDirect(piece, part, options);
      if (landed < length) {
        states ??= new Uint8Array(pageCount(range));
        states.set(this.#readRest(piece, part, landed, options), page);
      }
      done += length;
      page += pageCount(piece);
    }
    return states === undefined ? new WholeOutcome(range) : outcomeOf(range, states);
  }

  /** What the short way has not brought of a range. */
  #readRest(range: Range, bytes: Uint8Array, landed: number, options: ReadOptions = {}): Uint8Array {
    this.#assertOpen();
    if (range.length === 0) {
      if (!this.isAlive()) throw this.gone();
      return new Uint8Array(0);
    }
    // What has landed is read, whatever becomes of its pages: the rest begins on the page where the call stopped.
    const rest = { start: range.start + BigInt(landed), length: range.length - landed };
    const span = spanOf(rest, bytes.subarray(landed));
    if (!this.#move(span, this.#vector, options) && !this.isAlive()) throw this.gone();
    if (landed === 0) return span.states;
    return joinStates(new Uint8Array(pageCount({ start: range.start, length: landed })), span.states);
  }

  /** The bytes that came the short way, none of what is no range; all of them only where they are proven. Throws Gone. */
  #readDirect(range: Range, bytes: Uint8Array, options?: ReadOptions): number {
    if (this.#direct === undefined || range.length > readPieceBytes || range.length !== bytes.length) return 0;
    // Faulting in is only for what is not in memory; what is may be read the short way all the same.
    if (options?.force === true) return 0;
    const landed = this.#direct(range.start, bytes);
    if (landed === range.length && landed > 0 && !this.isAlive()) throw this.gone();
    return landed;
  }

  /** Reads many ranges into as many buffers, up to 1,024 pieces of them in one call. */
  readMany(parts: readonly Part[], options: ReadOptions = {}): Promise<ReadOutcome[]> {
    return settle(() => {
      this.#assertOpen();
      for (const { range, bytes } of parts) assertRange(range, bytes.length);
      const pieces = piecesOf(parts);
      const landed = new Float64Array(parts.length);
      const force = options.force === true;
      for (;;) {
        this.#choose(pieces.pages, pieces.states, options.faultIn === true, force);
        const refused = moveParts(this.#callFor(force), parts, pieces, landed.fill(0), this.#onHole);
        if (refused === 0) break;
        if (!this.#leavesCall(-refused)) throw this.#refusal(-refused);
      }
      if (!this.isAlive()) throw this.gone();
      let at = 0;
      return parts.map(({ range }, p) => {
        const from = at;
        while (at < pieces.parts.length && pieces.parts[at] === p) at++;
        const states = pieces.states.slice(from, at);
        const unreadable = unreadableRanges(range, states).map((hole) => hole.range);
        return { read: landed[p] as number, states, unreadable };
      });
    });
  }

  /**
   * Streams a range of any size, a piece at a time, as fast as they are taken and no faster. What is not in memory or not
   * mapped comes as one piece without bytes, whatever its size.
   */
  stream(range: Range, options: StreamOptions = {}): AsyncGenerator<Piece, void, undefined> {
    assertRange(range, range.length);
    const stateOf = (page: PageNumber): PageState => missingState(this.#look.at(page), page, this.#fileEndOf);
    return streamRange(
      {
        look: () => (this.look(), this.table),
        assertAlive: () => {
          if (!this.isAlive()) throw this.gone();
        },
        ...(this.#pageMap !== undefined && { pageMap: this.#pageMap }),
        missing: stateOf,
        read: (part, bytes) => this.readIntoSync(part, bytes, options).states,
      },
      range,
      options,
    );
  }

  write(range: Range, bytes: Uint8Array, options: WriteOptions = {}): Promise<Written> {
    return settle(() => {
      assertRange(range, bytes.length);
      this.look();
      if (range.length === 0) return { before: new Uint8Array(0), held: true };
      return writeMemory(this.#access, range, bytes, options);
    });
  }

  /**
   * Writes many ranges, up to 1,024 pieces of them in one call. Each stands for itself: what becomes of it is in its own
   * outcome. Rejects, with nothing written, where the parts make no sense together or the process is gone.
   */
  writeMany(parts: readonly PartToWrite[], options: Pick<WriteOptions, 'force'> = {}): Promise<PartWritten[]> {
    return settle(() => {
      for (const { range, bytes } of parts) assertRange(range, bytes.length);
      this.look();
      return writeParts(this.#access, parts, options);
    });
  }

  readonly #access: WriteAccess = {
    table: () => this.table,
    isAlive: () => this.isAlive(),
    gone: () => this.gone(),
    readThrough: (address, bytes) => this.readThrough(address, bytes),
    writeThrough: (address, bytes) => {
      if (!this.#descriptors.isWritable) return -Errno.EACCES;
      return moveThrough(pwrite, this.#descriptors.memory, address, bytes);
    },
    writeVector: (parts, landed) => {
      const { isWritable } = this.#descriptors;
      const guard = this.#isByCall
        ? guardOf(this.facts, this.table, (at, bytes) => this.readThrough(at, bytes))
        : undefined;
      // Without a guard the descriptor is the better way, which never names another process; if it may be written to.
      if (guard !== undefined || (this.#isByCall && !isWritable)) {
        const refused = moveParts(this.#writev, parts, piecesOf(parts), landed, 'nextPart', guard);
        // The program may have taken its stack away: then all is written once more.
        const isGuardGone = refused === -Errno.ESRCH && isWritable && this.isAlive();
        if (!isGuardGone && !this.#leavesCall(-refused)) return refused;
        landed.fill(0);
      }
      if (!isWritable) return -Errno.EACCES;
      return moveParts(this.#unforcedWritev, parts, piecesOf(parts), landed, 'nextPart');
    },
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
        return new MemoryError('Denied', explainDenial(this.pid), { errno });
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
    this.#direct = undefined;
    closeSync(this.#descriptors.memory);
    closeSync(this.#descriptors.maps);
    if (this.#descriptors.pagemap !== undefined) closeSync(this.#descriptors.pagemap);
  }
}

function triedAgain(state: PageState): PageState {
  return state === PageState.absent || state === PageState.swapped ? PageState.unread : state;
}
