import type { Address } from '../../common/address.ts';
import { adapterRegionsMax } from '../../common/limits.ts';
import { addressOfPage, pageBytes, pageOf } from '../../common/page.ts';
import { accessBits, kindOf, type Region } from '../../common/region.ts';

/*
 * Regions out of what debuggers print for people. What looks like none of their lines is passed over; what they say twice
 * counts once.
 */

/** A region as somebody tells of it: `end` is after the last byte, `access` as the kernel prints it. */
export interface Told {
  readonly start: Address;
  readonly end: Address;
  readonly access: string;
  readonly name: string;
}

/**
 * gdb's `info proc mappings`: start, end, size, offset, access (of a live process, since gdb 12), name. Where no access is told,
 * the file can be read, and no more is known.
 *
 *     0x555555555000     0x555555557000     0x2000     0x1000  r-xp   /tmp/debuggee
 */
export function parseGdbMappings(text: string): Told[] {
  const line =
    /^\s*(0x[0-9a-f]+)\s+(0x[0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+(?:\s+([r-][w-][x-][psS-]))?(?:[^\S\n]+(\S.*?))?\s*$/gim;
  return [...text.matchAll(line)].map(([, start, end, access, name]) => ({
    ...bounds(start, end),
    access: access ?? 'r--p',
    name: name ?? '',
  }));
}

/**
 * The parts of a core file in gdb's `maint info sections`, which are what the program had in memory:
 *
 *     [18]     0x55555555a000->0x55555557b000 at 0x00005468: load5 ALLOC LOAD READONLY CODE HAS_CONTENTS
 */
export function parseGdbSections(text: string): Told[] {
  const line = /^\s*(?:\[\d+\]\s+)?(0x[0-9a-f]+)->(0x[0-9a-f]+) at 0x[0-9a-f]+: load\d+\w*((?: [A-Z_]+)*)\s*$/gim;
  return [...text.matchAll(line)].map(([, start, end, flags = '']) => ({
    ...bounds(start, end),
    access: `r${flags.includes('READONLY') ? '-' : 'w'}${flags.includes('CODE') ? 'x' : '-'}p`,
    name: '',
  }));
}

/**
 * lldb's `memory region --all`. A region without access that has a section is of a file that the core left out, which lldb reads
 * from the file itself; one that has nothing is not mapped.
 *
 *     [0x0000555555555000-0x0000555555557000) r-x /tmp/debuggee PT_LOAD[1]
 */
export function parseLldbRegions(text: string): Told[] {
  const line = /^\s*\[(0x[0-9a-f]+)-(0x[0-9a-f]+)\) ([r-][w-][x-])(.*)$/gim;
  return [...text.matchAll(line)].flatMap(([, start, end, access = '---', rest = '']) => {
    const name = rest.trim().replace(/\s*PT_[A-Z_]+\[\d+\]$/, '');
    if (access === '---' && rest.trim() === '') return [];
    const told = access === '---' && name === '' ? 'r--' : access;
    return [{ ...bounds(start, end), access: `${told}p`, name }];
  });
}

function bounds(start: string | undefined, end: string | undefined): Pick<Told, 'start' | 'end'> {
  return { start: BigInt(start ?? 0), end: BigInt(end ?? 0) };
}

/**
 * Regions ascending, of whole pages and disjoint, as the rest of the extension wants them. Where two are told of one place, the
 * earlier one in the list counts, and takes the name of the later one if it has none; too many are cut off.
 */
export function regionsFrom(told: readonly Told[]): Region[] {
  const names = disjoint(told.filter(({ name }) => name !== ''));
  return disjoint(told).map(({ start, end, access, name: own }) => {
    const around = names[firstEndingAfter(names, start)];
    const isInside = around !== undefined && around.start <= start && around.end >= end;
    const name = own === '' && isInside ? around.name : own;
    const kind = kindOf(name, accessBits(access));
    return { start, end, access, name, offset: 0n, device: '', inode: 0, kind };
  });
}

function disjoint(told: readonly Told[]): readonly Told[] {
  const found: Told[] = [];
  for (const one of told.slice(0, adapterRegionsMax)) {
    let start = addressOfPage(pageOf(one.start));
    const end = addressOfPage(pageOf(one.end + BigInt(pageBytes - 1)));
    if (end > 2n ** 64n) continue;
    // Debuggers list them in order, so that nearly all go to the end.
    for (let at = firstEndingAfter(found, start); start < end; at++) {
      const next = found[at];
      const gapEnd = next === undefined || next.start > end ? end : next.start;
      if (start < gapEnd) found.splice(at++, 0, { ...one, start, end: gapEnd });
      start = next === undefined ? end : next.end;
    }
  }
  return found;
}

/** The index of the first of a list, ascending and disjoint, that ends after an address. */
function firstEndingAfter(list: readonly Told[], address: Address): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] as Told).end <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}
