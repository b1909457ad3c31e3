import type { Address } from '../common/address.ts';
import { offsetInPage, pageBytes } from '../common/page.ts';
import type { Range } from '../common/range.ts';
import { unreadableRanges } from './pages.ts';

export interface ReadOutcome {
  /** Bytes that were read. */
  readonly read: number;
  /** A `PageState` for each page that the range touches. Often made when it is asked for: a copy of an outcome may lack it. */
  readonly states: Uint8Array;
  /** What could not be read; its bytes in the buffer are as they were. */
  readonly unreadable: readonly Range[];
}

/** What a read comes to, by the states of its pages. */
export function outcomeOf(range: Range, states: Uint8Array): ReadOutcome {
  const unreadable = unreadableRanges(range, states).map((hole) => hole.range);
  return { read: unreadable.reduce((left, hole) => left - hole.length, range.length), states, unreadable };
}

const nothing: readonly Range[] = Object.freeze([]);

/** All of a range was read. A state for each page is made for whoever asks: it would cost a fiftieth of reading a megabyte. */
export class WholeOutcome implements ReadOutcome {
  readonly read: number;
  readonly unreadable = nothing;
  readonly #start: Address;
  #states: Uint8Array | undefined;

  constructor({ start, length }: Range) {
    this.read = length;
    this.#start = start;
  }

  get states(): Uint8Array {
    return (this.#states ??= new Uint8Array(pageCount({ start: this.#start, length: this.read })));
  }
}

/** The states of two stretches of pages, one after the other. */
export function joinStates(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

/** How many pages a range touches. */
export function pageCount(range: Range): number {
  return Math.ceil((offsetInPage(range.start) + range.length) / pageBytes);
}
