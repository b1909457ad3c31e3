import { MemoryError } from '../common/error.ts';
import { livingThread, readName, readStat, readStatus } from './linux/procfs.ts';

/** What became of a process whose address space is gone, as a sentence. `startTime` is the one it had at attach. */
export function whyGone(pid: number, name: string, startTime: string): string {
  const stat = readStat(pid);
  const thread = stat?.state === 'Z' && stat.startTime === startTime ? livingThread(pid) : undefined;
  if (thread !== undefined)
    return `The first thread of ${name} (${pid}) has ended, and the others run on with numbers of their own, ${thread} for one.`;
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X' || stat.startTime !== startTime) {
    return `${name} (${pid}) has exited.`;
  }
  // The address space goes first and the process after it: one without memory is on its way out.
  if (readStatus(pid)?.hasMemory !== true) return `${name} (${pid}) has exited.`;
  return `${name} (${pid}) became another program (exec): ${readName(pid, stat)} runs under its number now, with memory of its own.`;
}

/** The error for everything asked of an address space that is gone. */
export function goneError(reason: string): MemoryError {
  return new MemoryError('Gone', `${reason} Attach again to go on.`);
}
