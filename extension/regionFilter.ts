import { parseAddress } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { pageOf } from '../common/page.ts';
import { printAccess, regionKind, regionKinds, regionName, type RegionTable } from '../common/region.ts';

/** Whether region `index` of a table is to be shown. */
export type RegionFilter = (table: RegionTable, index: number) => boolean;

export const filterHelp =
  'Words that all have to match: a part of the name, an access such as rw-p or r?x (? for any), kind:heap, an address such as 0x7f…';

/** Throws MemoryError `Invalid` where a word makes no sense; an empty text shows everything. */
export function parseRegionFilter(text: string): RegionFilter {
  const filters = text
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
    .map(wordFilter);
  return (table, index) => filters.every((shows) => shows(table, index));
}

function wordFilter(word: string): RegionFilter {
  if (/^[r?-][w?-][x?-][ps?]?$/i.test(word)) {
    const wanted = word.toLowerCase();
    return (table, index) => {
      const access = printAccess(table.access[index] ?? 0);
      return [...wanted].every((letter, i) => letter === '?' || letter === access[i]);
    };
  }
  const kind = /^kind:(.*)$/i.exec(word)?.[1]?.toLowerCase();
  if (kind !== undefined) {
    const wanted = regionKinds.find((name) => name.toLowerCase() === kind);
    if (wanted === undefined) {
      throw new MemoryError('Invalid', `"${kind}" is no kind of region; there are ${regionKinds.join(', ')}.`);
    }
    return (table, index) => regionKind(table, index) === wanted;
  }
  if (/^0x/i.test(word)) {
    const address = parseAddress(word);
    if (address === undefined) throw new MemoryError('Invalid', `"${word}" is not an address.`);
    const page = pageOf(address);
    return (table, index) => (table.starts[index] as number) <= page && page < (table.ends[index] as number);
  }
  const part = word.toLowerCase();
  return (table, index) => regionName(table, index).toLowerCase().includes(part);
}
