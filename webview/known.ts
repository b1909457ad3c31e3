import type { Address } from '../common/address.ts';
import type { MemoryMark, ShownName } from '../common/names.ts';
import { offsetInPage, pageOf, PageState } from '../common/page.ts';
import type { Names } from './names.ts';
import type { PageStore } from './store.ts';

/** What the debugger, and the mapped file, tell of a byte. */
export interface Known {
  /** The variable that it belongs to, then the parts of that. */
  readonly names: readonly ShownName[];
  readonly marks: readonly MemoryMark['register'][];
  /** What the file has there, where a breakpoint has been planted. */
  readonly planted: number | undefined;
}

export function whatIsKnown(store: PageStore, names: Names, address: Address): Known {
  const page = store.get(pageOf(address));
  const offset = offsetInPage(address);
  const isPlanted = page?.state === PageState.readable && page.planted?.[offset] === 1;
  return {
    names: names.at(address),
    marks: names.marksAt(address),
    planted: isPlanted ? page.own[offset] : undefined,
  };
}

const markTexts: Readonly<Record<MemoryMark['register'], string>> = {
  pc: '$pc: the chosen frame goes on here',
  sp: '$sp: the stack of the chosen frame ends here',
  fp: '$fp: the base of the chosen frame',
};

export function printMark(register: MemoryMark['register']): string {
  return markTexts[register];
}

export function printPlanted(file: number): string {
  return `breakpoint planted by the debugger; the file has ${file.toString(16).padStart(2, '0')}`;
}

/** The name that says most of a byte: the innermost one, and of what shares the byte the first. */
export function innermost({ names }: Pick<Known, 'names'>): string | undefined {
  return names.reduce<string | undefined>(
    (outer, { name }) => (outer === undefined || isPartOf(name, outer) ? name : outer),
    undefined,
  );
}

function isPartOf(name: string, outer: string): boolean {
  return name.startsWith(outer) && /^[.[]/.test(name.slice(outer.length));
}

/** How many names it is made of: `own.numbers[2]` of three. */
export function depthOf(name: string): number {
  return name.split(/[.[]/).length;
}

/** What a screen reader says of it after its value. */
export function printKnown(known: Known): string[] {
  const name = innermost(known);
  return [
    ...(name === undefined ? [] : [name]),
    ...known.marks.map(printMark),
    ...(known.planted === undefined ? [] : [printPlanted(known.planted)]),
  ];
}
