import { pageBytes } from '../common/page.ts';

/*
 * Breakpoints that the debugger has planted in a program's code: instructions of its own in the place of the file's. They are
 * shown for what they are, and to the program they never happened: neither planting nor removing one is a change of its memory.
 */

/** What the mapped file has of a page of code. */
export interface Original {
  readonly bytes: Uint8Array;
  /** The instruction that debuggers plant. */
  readonly breakpoint: Uint8Array;
}

/** Where in a page of code breakpoints are planted: 1 for each of their bytes; `undefined` where none is. */
export function findPlanted(bytes: Uint8Array, { bytes: file, breakpoint }: Original): Uint8Array | undefined {
  const size = breakpoint.length;
  let planted: Uint8Array | undefined;
  for (let at = 0; at + size <= pageBytes; at += size) {
    if (!stands(breakpoint, bytes, at) || stands(breakpoint, file, at)) continue;
    planted ??= new Uint8Array(pageBytes);
    planted.fill(1, at, at + size);
  }
  return planted;
}

function stands(instruction: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < instruction.length; i++) if (bytes[at + i] !== instruction[i]) return false;
  return true;
}

/** The program's own bytes: the file's where a breakpoint is planted. */
export function withoutPlanted(bytes: Uint8Array, original: Original): Uint8Array {
  const planted = findPlanted(bytes, original);
  if (planted === undefined) return bytes;
  return bytes.map((byte, i) => (planted[i] === 1 ? (original.bytes[i] as number) : byte));
}
