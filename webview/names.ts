import { addressFrom, type Address } from '../common/address.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { pagesPerViewMax, stepGraceMs } from '../common/limits.ts';
import {
  namesAt,
  noNames,
  type MemoryMark,
  type MemoryName,
  type MemoryNames,
  type ShownName,
} from '../common/names.ts';
import { addressOfPage, offsetInPage, pageBytes, pageOf, type PageNumber } from '../common/page.ts';
import type { TargetStatus } from '../common/protocol.ts';

/** Tints that variables take in turn, so that neighbours differ. Two would do but for those that share bytes. */
export const tintCount = 3;

/** What the debugger knows of one page. Made when the page is first painted, and then only looked up. */
export interface PageNames {
  /** 1 to `tintCount` for each byte that a variable lies in, else 0. */
  readonly tints: Uint8Array;
  /** 1 where a variable begins. */
  readonly begins: Uint8Array;
  readonly names: readonly MemoryName[];
  readonly marks: readonly { readonly register: MemoryMark['register']; readonly offset: number }[];
}

/** What the debugger has told, by page. */
export interface Names {
  readonly onDidChange: Event<void>;
  set(names: MemoryNames): void;
  /** What was told holds for a stop: a while after the process has gone on it is forgotten. */
  setStatus(status: TargetStatus): void;
  page(page: PageNumber): PageNames | undefined;
  /** What a byte belongs to: a variable first, then the parts of it; after that other variables that share the byte. */
  at(address: Address): readonly ShownName[];
  marksAt(address: Address): readonly MemoryMark['register'][];
}

/** Large ones first, so that what is painted over them can be seen. */
const inOrder = (a: MemoryName, b: MemoryName): number => b.length - a.length;

export function createNames(): Names {
  const changed = createEmitter<void>();
  let told = noNames;
  let tintOf = new Map<MemoryName, number>();
  let pages = new Map<PageNumber, PageNames | undefined>();
  let lastAt: { readonly address: Address; readonly names: readonly ShownName[] } | undefined;
  let grace: ReturnType<typeof setTimeout> | undefined;

  function set(names: MemoryNames): void {
    clearTimeout(grace);
    grace = undefined;
    if (told === names) return;
    told = names;
    const byPlace = [...names.names].sort((a, b) => (addressFrom(a.start) < addressFrom(b.start) ? -1 : 1));
    tintOf = new Map(byPlace.map((name, i) => [name, 1 + (i % tintCount)]));
    pages = new Map();
    lastAt = undefined;
    changed.fire();
  }

  function build(page: PageNumber): PageNames | undefined {
    const start = addressOfPage(page);
    const end = start + BigInt(pageBytes);
    const names = told.names
      .filter(({ start: text, length }) => addressFrom(text) < end && addressFrom(text) + BigInt(length) > start)
      .sort(inOrder);
    const marks = told.marks
      .filter(({ address }) => pageOf(addressFrom(address)) === page)
      .map(({ register, address }) => ({ register, offset: offsetInPage(addressFrom(address)) }));
    if (names.length === 0 && marks.length === 0) return undefined;
    const tints = new Uint8Array(pageBytes);
    const begins = new Uint8Array(pageBytes);
    for (const name of names) {
      const from = Number(addressFrom(name.start) - start);
      tints.fill(tintOf.get(name) ?? 0, Math.max(0, from), from + name.length);
      if (from >= 0) begins[from] = 1;
    }
    return { tints, begins, names, marks };
  }

  function page(number: PageNumber): PageNames | undefined {
    if (told === noNames) return undefined;
    if (pages.size > pagesPerViewMax && !pages.has(number)) pages.clear();
    if (!pages.has(number)) pages.set(number, build(number));
    return pages.get(number);
  }

  return {
    onDidChange: changed.event,
    set,
    setStatus({ state, isDebugged }) {
      if (state === 'stopped' && isDebugged === true) return;
      // A step is over sooner than the eye sees the tints go and come.
      if (isDebugged === true) grace ??= setTimeout(() => set(noNames), stepGraceMs);
      else set(noNames);
    },
    page,
    at(address) {
      if (lastAt?.address === address) return lastAt.names;
      const holding = (page(pageOf(address))?.names ?? []).filter(({ start, length }) => {
        const from = addressFrom(start);
        return from <= address && address < from + BigInt(length);
      });
      // The smallest is the one whose tint is seen.
      lastAt = { address, names: holding.reverse().flatMap((name) => namesAt(name, address)) };
      return lastAt.names;
    },
    marksAt(address) {
      const offset = offsetInPage(address);
      const marks = page(pageOf(address))?.marks ?? [];
      return marks.filter((mark) => mark.offset === offset).map(({ register }) => register);
    },
  };
}
