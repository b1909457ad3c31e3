import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { evaluateExpression, parseExpression } from '../common/expression.ts';
import { listedRangesMax } from '../common/limits.ts';
import { addressOfPage, pageOf, pageStateFrom, PageState, printPageState } from '../common/page.ts';
import type { ResolvedAddress } from '../common/protocol.ts';
import { endOf, type Range } from '../common/range.ts';
import { baseName, expressionNames, findRegion, printLabel, regionName, type RegionTable } from '../common/region.ts';
import { nearNames } from './nearNames.ts';
import { addressOfSymbol } from './resolveSymbol.ts';
import type { Symbols } from './symbols.ts';

/** What an address expression is looked up in. */
export interface ResolveScope {
  readonly table: RegionTable;
  /** 4 or 8. */
  readonly pointerBytes: number;
  readonly symbols: Pick<Symbols, 'find' | 'like' | 'files'>;
  /** Fills `bytes`; a `PageState` for each page that the range touches. Throws MemoryError. */
  read(range: Range, bytes: Uint8Array): Uint8Array;
}

/** The address that an expression stands for. Rejects with MemoryError, and with `Unmapped` where nothing is there. */
export async function resolve(text: string, scope: ResolveScope): Promise<ResolvedAddress> {
  const { table, symbols } = scope;
  const names = new Set([...expressionNames(table), ...table.names.filter((name) => name !== '')]);
  const address = await evaluateExpression(parseExpression(text, names), {
    name: (name) => addressOfPage(table.starts[table.nameOf.indexOf(indexOfName(table, name))] as number),
    symbol: (file, symbol) =>
      addressOfSymbol(table, symbols, file === undefined ? undefined : table.names[indexOfName(table, file)], symbol),
    pointer: (at) => Promise.resolve().then(() => pointerAt(scope, at)),
  });
  if (findRegion(table, pageOf(address)) < 0) throw unmapped(table, address);
  const label = printLabel(table, address);
  return { address: printAddress(address), ...(label !== undefined && { label }) };
}

function pointerAt(scope: ResolveScope, at: Address): Address {
  const range = { start: at, length: scope.pointerBytes };
  if (endOf(range) > 2n ** 64n)
    throw new MemoryError(
      'Invalid',
      `There is no pointer at ${printAddress(at)}: it would reach past 2^64. Choose a lower address.`,
    );
  const bytes = new Uint8Array(new ArrayBuffer(8));
  const states = scope.read(range, bytes.subarray(0, range.length));
  const bad = states.find((state) => state !== PageState.readable);
  if (bad !== undefined) {
    throw new MemoryError(
      bad === PageState.unmapped ? 'Unmapped' : 'Protected',
      `There is no pointer to follow at ${printAddress(at)}: ${printPageState(pageStateFrom(bad))}. Check the address after the *.`,
    );
  }
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** The index of a file or another name that is meant: exact, then in any case where only one is. */
function indexOfName(table: RegionTable, name: string): number {
  const found =
    only(table, name, (full) => full === name) ??
    only(table, name, (full) => baseName(full) === name) ??
    only(table, name, (full) => baseName(full).toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const near = nearNames([...expressionNames(table)], name);
  throw new MemoryError(
    'Unmapped',
    near.length > 0
      ? `Nothing is called ${name} here. Did you mean ${near.join(', ')}?`
      : `Nothing is called ${name} here. Take a name from the list of regions, such as [heap] or a file’s name.`,
  );
}

/** The index of the one name that fits; `undefined` where none does. Two files of one name are never guessed between. */
function only(table: RegionTable, asked: string, fits: (full: string) => boolean): number | undefined {
  const indexes = table.names.flatMap((name, i) => (name !== '' && fits(name) ? [i] : []));
  if (indexes.length > 1) {
    const paths = indexes.slice(0, listedRangesMax).map((i) => JSON.stringify(table.names[i]));
    throw new MemoryError(
      'Invalid',
      `More than one is called ${asked}. Write the whole one, in quotes: ${paths.join(' or ')}.`,
    );
  }
  return indexes[0];
}

function unmapped(table: RegionTable, address: Address): MemoryError {
  const after = -1 - findRegion(table, pageOf(address));
  const place = (index: number): string => {
    const start = printAddress(addressOfPage(table.starts[index] as number));
    const end = printAddress(addressOfPage(table.ends[index] as number));
    return `${baseName(regionName(table, index)) || 'a region without a name'} (${start} to ${end})`;
  };
  const near: string[] = [];
  if (after > 0) near.push(`${place(after - 1)} below`);
  if (after < table.starts.length) near.push(`${place(after)} above`);
  return new MemoryError('Unmapped', `Nothing is mapped at ${printAddress(address)}. The nearest: ${near.join(', ')}.`);
}
