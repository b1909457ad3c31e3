import type { Address } from './address.ts';
import { addressOfPage, pageOf } from './page.ts';
import { findRegion, labelBase, regionKind, regionName, type RegionTable } from './region.ts';

/**
 * Where the same thing is in another run of a program: as far from where its file or its heap begins as it was, whatever
 * the kernel has drawn for them this time. `undefined` for what no name holds, and where nothing of the same name, access
 * and kind is mapped there now.
 *
 * A stack is counted from its end, where the kernel lays out arguments and the first frames; what follows a file without a
 * name of its own is the rest of its data (.bss) and counts as the file.
 */
export function relocate(from: RegionTable, address: Address, to: RegionTable): Address | undefined {
  const index = findRegion(from, pageOf(address));
  const named = index < 0 ? -1 : nameOwner(from, index);
  if (named < 0) return undefined;
  const name = regionName(from, named);
  const heir = to.names.indexOf(name);
  const heirs = heir < 0 ? -1 : to.nameOf.indexOf(heir);
  if (heirs < 0) return undefined;
  const moved =
    regionKind(from, named) === 'stack'
      ? addressOfPage(to.ends[heirs] as number) - (addressOfPage(from.ends[named] as number) - address)
      : address - addressOfPage(labelBase(from, named)) + addressOfPage(labelBase(to, heirs));
  if (moved < 0n) return undefined;
  const found = findRegion(to, pageOf(moved));
  if (found < 0 || from.access[index] !== to.access[found] || from.kinds[index] !== to.kinds[found]) return undefined;
  return regionName(to, nameOwner(to, found)) === name ? moved : undefined;
}

/** The region whose name a region goes by: its own, or the one of the file right below it. -1 where it has none. */
function nameOwner(table: RegionTable, index: number): number {
  if (regionName(table, index) !== '') return index;
  let below = index;
  while (below > 0 && table.ends[below - 1] === table.starts[below] && regionName(table, below) === '') below--;
  return regionName(table, below).startsWith('/') ? below : -1;
}
