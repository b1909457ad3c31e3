import { startTarget, type RunningTarget } from './target.ts';

/** `-pthread` and the standard flags of a target do no harm here: nothing is linked. */
const flags = ['-m32', '-ffreestanding', '-fno-stack-protector', '-fno-pic', '-no-pie', '-nostdlib', '-static'];

/**
 * Starts `bits32.c`; a sentence says why not, where the compiler makes no 32-bit programs or the kernel runs none. Whoever
 * gets one skips with it.
 */
export async function startBits32(): Promise<RunningTarget | string> {
  if (process.arch !== 'x64') return `no 32-bit program is built on ${process.arch}`;
  try {
    return await startTarget('bits32', [], { flags });
  } catch (error) {
    return `this machine builds or runs no 32-bit programs: ${(error as Error).message.split('\n')[0]}`;
  }
}
