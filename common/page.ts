import type { Address } from './address.ts';

/** The atom of everything: permission and mapping never change inside one. Divides 16 KiB and 64 KiB kernel pages too. */
export const pageBytes = 4096;
const pageShift = 12n;

/** address / 4096. 2^64 / 2^12 = 2^52, so a plain number is exact for every address. */
export type PageNumber = number;

/** Whether a number is a page of the 64-bit address space. */
export function isPage(page: number): boolean {
  return Number.isInteger(page) && page >= 0 && page < 2 ** 52;
}

export function pageOf(address: Address): PageNumber {
  return Number(address >> pageShift);
}

/** The offset of an address inside its page, 0 to 4095. */
export function offsetInPage(address: Address): number {
  return Number(address & 0xfffn);
}

export function addressOfPage(page: PageNumber): Address {
  return BigInt(page) << pageShift;
}

/** What is known of a page's bytes. Everything but `readable` prints as `??`, never as zero. */
export const PageState = {
  readable: 0,
  /** Not asked for yet, or the answer is on its way. */
  unread: 1,
  unmapped: 2,
  /** Mapped without any access (PROT_NONE). */
  noAccess: 3,
  /** Mapped, but not for reading (`--x` or `-w-` where the kernel honours it). */
  noRead: 4,
  /** A page of a file mapping that lies beyond the file's end: touching it is SIGBUS. */
  beyondFile: 5,
  /** The kernel refuses to let anyone copy it ([vvar], device memory, guard pages). */
  special: 6,
  /** The address space is gone: the process has exited or become another program. */
  gone: 7,
  /**
   * Mapped, and not in memory: the program has not touched it yet, or the system has dropped what a file still holds.
   * Reading it would bring it in.
   */
  absent: 8,
  /** Written to the swap device. Reading it would bring it back. */
  swapped: 9,
  /** Read through a debugger, which gave no bytes for it. */
  withheld: 10,
} as const;
export type PageState = (typeof PageState)[keyof typeof PageState];

const pageStateText: Record<PageState, string> = {
  [PageState.readable]: 'readable',
  [PageState.unread]: 'not read yet',
  [PageState.unmapped]: 'not mapped',
  [PageState.noAccess]: 'mapped without access (PROT_NONE)',
  [PageState.noRead]: 'mapped, but not for reading',
  [PageState.beyondFile]: 'beyond the end of the mapped file',
  [PageState.special]: 'the kernel lets nobody copy it',
  [PageState.gone]: 'the process is gone',
  [PageState.absent]: 'not in memory: the program has not touched it yet',
  [PageState.swapped]: 'swapped out to disk',
  [PageState.withheld]: 'the debugger cannot read it',
};

/** The reason a page's bytes print as `??`, as a person reads it. */
export function printPageState(state: PageState): string {
  return pageStateText[state];
}

/** A state out of a byte of a plan or a frame. */
export function pageStateFrom(byte: number | undefined): PageState {
  return byte === undefined || byte > PageState.withheld ? PageState.unread : (byte as PageState);
}
