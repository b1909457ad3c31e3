import { printAddress, type Address } from './address.ts';
import { MemoryError } from './error.ts';
import { listedRangesMax } from './limits.ts';
import { nearNames } from './nearNames.ts';
import { addressOfPage, pageOf } from './page.ts';
import { baseName, expressionNames, findRegion, regionName, type RegionTable } from './region.ts';

/** The index of a file or another name that is meant: exact, then in any case where only one is. */
export function indexOfName(table: RegionTable, name: string): number {
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

/** The sentence for an address outside all regions: what is nearest. */
export function unmapped(table: RegionTable, address: Address): MemoryError {
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
