import { printAddress } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { addressOfPage, pageOf } from '../common/page.ts';
import { endOf, type Range } from '../common/range.ts';
import { Access, findRegion, printAccess, regionKind, regionName, type RegionTable } from '../common/region.ts';

/**
 * Why a plain write to the range is refused although /proc/<pid>/mem would take it, as a sentence. Throws MemoryError
 * where forcing would not help: nothing is mapped there, or the page belongs to more than this process.
 */
export function forcing(table: RegionTable, range: Range): string {
  const last = pageOf(endOf(range) - 1n);
  const reasons = new Set<string>();
  for (let page = pageOf(range.start); page <= last;) {
    const index = findRegion(table, page);
    if (index < 0) {
      throw new MemoryError(
        'Unmapped',
        `Nothing is mapped at ${printAddress(addressOfPage(page))}, so there is nothing to write to.`,
      );
    }
    const bits = table.access[index] ?? 0;
    const name = regionName(table, index);
    const where = name === '' ? printAddress(addressOfPage(table.starts[index] ?? 0)) : name;
    if ((bits & Access.write) === 0) {
      if ((bits & Access.shared) !== 0) {
        throw new MemoryError(
          'Protected',
          `${where} is mapped shared and ${printAccess(bits)}: other processes see the same pages, and the kernel lets nobody force a write to them.`,
        );
      }
      if (regionKind(table, index) === 'vdso' && name !== '[vdso]') {
        throw new MemoryError('Protected', `${where} belongs to the kernel, which lets nobody write to it.`);
      }
      reasons.add(`${where} is mapped ${printAccess(bits)}`);
    }
    page = table.ends[index] ?? last + 1;
  }
  return [...reasons].join(', ') || 'The pages are mapped for writing';
}
