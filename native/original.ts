import { addressOfPage, pageBytes, type PageNumber } from '../common/page.ts';
import type { OriginalPage } from '../common/protocol.ts';
import type { Region } from '../common/region.ts';
import type { ByteSource } from './elf/bytes.ts';
import { readElf } from './elf/elf.ts';
import { openMapped } from './elf/openMapped.ts';

/*
 * What the mapped file has where a program's code is, so that what a debugger has put there can be told from the program's own.
 */

/** By the machine of an ELF file, what debuggers plant there. ARM's 32 bits have several, none of them everybody's. */
const breakpoints: Readonly<Record<number, readonly number[]>> = {
  3: [0xcc], // 386: int3
  62: [0xcc], // x86-64
  183: [0x00, 0x00, 0x20, 0xd4], // AArch64: brk #0
};

/** The file's bytes for a page of code that nobody shares; nothing where it is not such a page, or not that file any more. */
export function originalPage(pid: number, page: PageNumber, region: Region | undefined): OriginalPage {
  if (region === undefined || !/^..xp$/.test(region.access) || !region.name.startsWith('/')) return {};
  const file = openMapped(pid, [region]);
  if (typeof file === 'string') return {};
  try {
    const elf = readElf(file);
    const breakpoint = typeof elf === 'string' ? undefined : breakpoints[elf.machine];
    const bytes = pageOfFile(file, Number(region.offset + addressOfPage(page) - region.start));
    return {
      ...(bytes !== undefined && { bytes }),
      ...(breakpoint !== undefined && { breakpoint: Uint8Array.from(breakpoint) }),
    };
  } finally {
    file.dispose();
  }
}

/** The last page of a file goes on with zeros, as it does in memory. */
function pageOfFile(file: ByteSource, offset: number): Uint8Array | undefined {
  const length = Math.min(pageBytes, file.length - offset);
  if (length <= 0) return undefined;
  const bytes = new Uint8Array(new ArrayBuffer(pageBytes));
  return file.read(offset, bytes.subarray(0, length)) ? bytes : undefined;
}
