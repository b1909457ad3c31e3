import { printAddress, type Address } from '../../common/address.ts';
import { compareRowsMax } from '../../common/limits.ts';
import { addressOfPage, pageOf, PageState } from '../../common/page.ts';
import type { ReadResult } from '../../common/protocol.ts';
import { endOf, type Range } from '../../common/range.ts';
import { Access, findRegion, printLabel, type RegionTable } from '../../common/region.ts';

/** One memory, read two ways. */
export interface TwoReadings {
  readonly range: Range;
  /** By the process's own agent. */
  readonly direct: ReadResult;
  readonly through: ReadResult;
}

export interface Differences {
  /** Bytes that both can read, and read the same. */
  readonly same: number;
  /** Bytes that neither can read. */
  readonly unread: number;
  /** Where they differ, or only one can read: ascending. */
  readonly differing: readonly Address[];
}

/** The byte at an index of a range; `undefined` where it cannot be read. */
function byteOf({ bytes, states }: ReadResult, { start }: Range, index: number): number | undefined {
  const page = pageOf(start + BigInt(index)) - pageOf(start);
  return states[page] === PageState.readable ? bytes[index] : undefined;
}

export function differencesIn({ range, direct, through }: TwoReadings): Differences {
  const differing: Address[] = [];
  let [same, unread] = [0, 0];
  for (let i = 0; i < range.length; i++) {
    const [one, other] = [byteOf(direct, range, i), byteOf(through, range, i)];
    if (one !== other) differing.push(range.start + BigInt(i));
    else if (one === undefined) unread++;
    else same++;
  }
  return { same, unread, differing };
}

/** Breakpoint instruction of x86: what a debugger plants, and hides when it reads. */
const int3 = 0xcc;
const rowBytes = 16;

/**
 * The rows of sixteen bytes in which the two readings differ: the address with its label, both sides in hex, a mark under each
 * byte that differs, and what a planted breakpoint looks like.
 */
export function printDifferences(
  readings: TwoReadings,
  { differing }: Differences,
  table: RegionTable,
  debuggerName: string,
): string {
  const { range, direct, through } = readings;
  const width = Math.max('process'.length, debuggerName.length);
  const rows = new Map<Address, Address[]>();
  for (const address of differing) {
    const row = address & ~BigInt(rowBytes - 1);
    rows.set(row, [...(rows.get(row) ?? []), address]);
  }
  const digits = endOf(range) > 2n ** 32n ? 16 : 8;
  const printed = [...rows].slice(0, compareRowsMax).map(([row, addresses]) => {
    const line = (name: string, cell: (address: Address) => string): string => {
      const cells = Array.from({ length: rowBytes }, (_, i) => row + BigInt(i)).map((address) =>
        address < range.start || address >= endOf(range) ? '  ' : cell(address),
      );
      return `    ${name.padEnd(width)}  ${cells.join(' ')}`.trimEnd();
    };
    const cellOf = (reading: ReadResult) => (address: Address) =>
      byteOf(reading, range, Number(address - range.start))
        ?.toString(16)
        .padStart(2, '0') ?? '??';
    const marks = line('', (address) => (addresses.includes(address) ? '^^' : '  '));
    const label = printLabel(table, addresses[0] as Address);
    const planted = addresses.filter((address) => isPlanted(readings, table, address));
    return [
      `${printAddress(row, digits)}${label === undefined ? '' : `   ${label}`}`,
      line('process', cellOf(direct)),
      line(debuggerName, cellOf(through)),
      marks,
      ...planted.map(
        (address) =>
          `    cc at ${printAddress(address)} is a breakpoint:\n    the debugger has planted it (int3), and hides it when it reads.`,
      ),
    ].join('\n');
  });
  const more = rows.size - printed.length;
  return `${printed.join('\n\n')}\n${more > 0 ? `\nAnd ${more} more rows that differ.\n` : ''}`;
}

function isPlanted({ range, direct, through }: TwoReadings, table: RegionTable, address: Address): boolean {
  const index = Number(address - range.start);
  const region = findRegion(table, pageOf(address));
  const isCode = region >= 0 && ((table.access[region] ?? 0) & Access.execute) !== 0;
  return isCode && byteOf(direct, range, index) === int3 && byteOf(through, range, index) !== undefined;
}

/** So many pages around an address, within the region that holds it; the page alone where none does. */
export function around(table: RegionTable, address: Address, pages: number): Range {
  const page = pageOf(address);
  const region = findRegion(table, page);
  const first = region < 0 ? page : Math.max(table.starts[region] ?? page, page - Math.floor(pages / 2));
  const end = region < 0 ? page + 1 : Math.min(table.ends[region] ?? page + 1, first + pages);
  return { start: addressOfPage(first), length: Number(addressOfPage(end) - addressOfPage(first)) };
}
