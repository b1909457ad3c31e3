import { addressFrom, type Address } from '../common/address.ts';
import { printLabel } from '../common/region.ts';
import type { Process } from './process.ts';
import { resolve } from './resolve.ts';
import { createSymbols, type Symbols } from './symbols.ts';

/** What an address expression stands for. */
export interface Resolved {
  readonly address: Address;
  /** `[heap]+0x40`, `libc.so.6+0x1234`; not there where nothing with a name is mapped. */
  readonly label?: string;
}

/** What was parsed of a process's files goes with it. */
const symbolsOf = new WeakMap<Process, Symbols>();

function symbols(process: Process): Symbols {
  let known = symbolsOf.get(process);
  if (known === undefined) {
    known = createSymbols(process);
    symbolsOf.set(process, known);
  }
  return known;
}

/**
 * The address that an expression stands for now: `0x…`, decimal digits, `[heap]+0x40`, `libc.so.6+0x1234`,
 * `libc.so.6!malloc`, `!main`, `*(…)` for the pointer there, with `+` and `-` between them. Rejects with MemoryError:
 * `Invalid` (not an expression, or ambiguous), `Unmapped` (no such name, or nothing is mapped there), `Protected` (a pointer
 * that cannot be read), `Gone`.
 */
export async function resolveAddress(process: Process, expression: string): Promise<Resolved> {
  process.look();
  const { address, label } = await resolve(expression, {
    table: process.table,
    pointerBytes: process.facts.pointerBytes,
    symbols: symbols(process),
    read: (range, bytes) => process.readIntoSync(range, bytes).states,
  });
  return { address: addressFrom(address), ...(label !== undefined && { label }) };
}

/**
 * What an address is called: `libc.so.6!malloc+0x10` where a symbol holds it whose name means no other, else `[heap]+0x40`;
 * `undefined` where nothing with a name is mapped. `resolveAddress` reads it back, in another run as well. Rejects with `Gone`.
 */
export async function labelAddress(process: Process, address: Address): Promise<string | undefined> {
  if ((await process.regionAt(address)) === undefined) return undefined;
  const label = await symbols(process).label(address);
  return label ?? printLabel(process.table, address);
}
