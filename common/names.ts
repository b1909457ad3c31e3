import { addressFrom, type Address, type AddressText } from './address.ts';
import type { RangeText } from './range.ts';

/** A part of a variable: a member of its structure, or an element of its array. */
export interface NamePart {
  /** What follows the variable's name: `.count`, `[2]`. */
  readonly name: string;
  /** Bytes from the variable's first. */
  readonly offset: number;
  readonly length: number;
  readonly type?: string;
  readonly value?: string;
}

/** Something that the debugger knows by a name, with the bytes that it lies in. */
export interface MemoryName extends RangeText {
  readonly name: string;
  /** Both as the debugger prints them. */
  readonly type?: string;
  readonly value?: string;
  readonly kind: 'argument' | 'local' | 'global';
  /** Ascending by offset; those of a union share bytes. Not all of them where there are many. */
  readonly parts?: readonly NamePart[];
}

/** Where a register of the chosen frame points to. */
export interface MemoryMark {
  readonly register: 'pc' | 'sp' | 'fp';
  readonly address: AddressText;
}

/** What a debugger knows of the memory of a process that it has stopped, in the frame that the user has chosen. */
export interface MemoryNames {
  readonly names: readonly MemoryName[];
  readonly marks: readonly MemoryMark[];
}

export const noNames: MemoryNames = { names: [], marks: [] };

/** Anything that a byte belongs to, as it is shown: `numbers[2]`. */
export interface ShownName {
  readonly name: string;
  readonly type: string | undefined;
  readonly value: string | undefined;
}

/** What a byte of a variable is called: the variable, and the parts of it that the byte belongs to. */
export function namesAt(of: MemoryName, address: Address): readonly ShownName[] {
  const offset = Number(address - addressFrom(of.start));
  const whole = { name: of.name, type: of.type, value: of.value };
  const parts = (of.parts ?? []).filter((part) => offset >= part.offset && offset < part.offset + part.length);
  return [whole, ...parts.map(({ name, type, value }) => ({ name: `${of.name}${name}`, type, value }))];
}
