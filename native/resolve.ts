import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { evaluateExpression, parseExpression } from '../common/expression.ts';
import { listedRangesMax } from '../common/limits.ts';
import { addressOfPage, pageOf, pageStateFrom, PageState, printPageState } from '../common/page.ts';
import type { ResolvedAddress } from '../common/protocol.ts';
import { endOf, type Range } from '../common/range.ts';
import { baseName, expressionNames, findRegion, printLabel, regionName, type RegionTable } from '../common/region.ts';

/** What an address expression is looked up in. */
export interface ResolveScope {
  readonly table: RegionTable;
  /** 4 or 8. */
  readonly pointerBytes: number;
  /** Fills `bytes`; a `PageState` for each page that the range touches. Throws MemoryError. */
  read(range: Range, bytes: Uint8Array): Uint8Array;
}

/** The address that an expression stands for. Rejects with MemoryError, and with `Unmapped` where nothing is there. */
export async function resolve(text: string, scope: ResolveScope): Promise<ResolvedAddress> {
  const { table } = scope;
  const names = new Set([...expressionNames(table), ...table.names.filter((name) => name !== '')]);
  const address = await evaluateExpression(parseExpression(text, names), {
    name: (name) => addressOfName(table, name),
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

/** The lowest region of a file or of a name: exact, then in any case where only one is meant. */
function addressOfName(table: RegionTable, name: string): Address {
  const found =
    only(table, name, (full) => full === name) ??
    only(table, name, (full) => baseName(full) === name) ??
    only(table, name, (full) => baseName(full).toLowerCase() === name.toLowerCase());
  if (found !== undefined) return addressOfPage(table.starts[table.nameOf.indexOf(found)] as number);
  const symbol = /^(.+)!.+$/.exec(name);
  if (symbol !== null)
    throw new MemoryError(
      'Invalid',
      `Symbols such as ${name} cannot be looked up yet. Use the file and an offset: ${symbol[1]}+0x1234.`,
    );
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

/** Names that somebody may have meant: those that hold what was typed, and those a few letters away. */
export function nearNames(names: readonly string[], typed: string): string[] {
  const wanted = typed.toLowerCase().slice(0, 64);
  const scored = names.map((name) => {
    const lower = name.toLowerCase();
    const holds = lower.includes(wanted) || (wanted.length > 3 && wanted.includes(lower.replace(/^\[|\]$/g, '')));
    return { name, distance: holds ? 0 : editDistance(lower.slice(0, 64), wanted) };
  });
  const closest = Math.max(1, Math.floor(wanted.length / 3));
  return scored
    .filter(({ distance }) => distance <= closest)
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
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
