import { addressMax, printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { addressOfPage, pageBytes, pageOf, PageState } from '../common/page.ts';
import { endOf, isValidRange, type Range } from '../common/range.ts';
import type { Region } from '../common/region.ts';
import type { LiveSource, ReadPlan, WriteOptions, Written } from './source.ts';

/**
 * Memory in an array, for tests and for examples: readable and writable from `start`, nothing else mapped.
 *
 *     const source = new ArraySource(0x1000n, new Uint8Array(8192));
 *     await source.write({ start: 0x1ffen, length: 4 }, Uint8Array.of(1, 2, 3, 4));
 */
export class ArraySource implements LiveSource {
  readonly start: Address;
  /** The memory itself; a test changes it as a program would. */
  readonly bytes: Uint8Array;
  /** Set by a test to the process' end. */
  isGone = false;
  /** Pages that nobody may read, with the state that reads give. */
  readonly unreadable = new Map<number, PageState>();
  /** How often `fill` was called. */
  fills = 0;

  constructor(start: Address, bytes: Uint8Array) {
    if (start % BigInt(pageBytes) !== 0n || bytes.length % pageBytes !== 0) throw new RangeError('whole pages only');
    if (start + BigInt(bytes.length) > addressMax + 1n) throw new RangeError('past 2^64');
    this.start = start;
    this.bytes = bytes;
  }

  regions(): Promise<readonly Region[]> {
    const end = this.start + BigInt(this.bytes.length);
    return Promise.resolve([
      { start: this.start, end, access: 'rw-p', offset: 0n, device: '00:00', inode: 0, name: '[array]', kind: 'named' },
    ]);
  }

  isAlive(): boolean {
    return !this.isGone;
  }

  fill(plan: ReadPlan): boolean {
    this.fills++;
    if (this.isGone) throw goneArray();
    const first = pageOf(this.start);
    plan.pages.forEach((page, i) => {
      if ((plan.states[i] as number) > PageState.unread) return;
      const at = (page - first) * pageBytes;
      const state =
        this.unreadable.get(page) ?? (at >= 0 && at < this.bytes.length ? PageState.readable : PageState.unmapped);
      plan.states[i] = state;
      if (state === PageState.readable) plan.bytes.set(this.bytes.subarray(at, at + pageBytes), i * pageBytes);
    });
    return false;
  }

  async read(plan: ReadPlan): Promise<void> {
    this.fill(plan);
  }

  async write(range: Range, bytes: Uint8Array, options: WriteOptions = {}): Promise<Written> {
    if (this.isGone) throw goneArray();
    if (!isValidRange(range) || range.length !== bytes.length)
      throw new MemoryError('Invalid', 'The range and its bytes differ in length.');
    const at = Number(range.start - this.start);
    if (at < 0 || at + bytes.length > this.bytes.length) {
      throw new MemoryError(
        'Unmapped',
        `Nothing is mapped at ${printAddress(at < 0 ? range.start : endOf(range) - 1n)}.`,
      );
    }
    for (let page = pageOf(range.start); addressOfPage(page) < endOf(range); page++) {
      if (this.unreadable.has(page))
        throw new MemoryError('Protected', `${printAddress(addressOfPage(page))} may not be written.`);
    }
    const before = this.bytes.slice(at, at + bytes.length);
    if (options.expect !== undefined && Buffer.compare(before, options.expect) !== 0) {
      throw new MemoryError('Conflict', 'The bytes have changed since. Nothing was written.');
    }
    this.bytes.set(bytes, at);
    return { before, held: true };
  }

  dispose(): void {
    this.isGone = true;
  }
}

function goneArray(): MemoryError {
  return new MemoryError('Gone', 'The array has been disposed.');
}
