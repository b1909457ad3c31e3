import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryError } from '../common/error.ts';
import type { TargetFacts } from '../common/protocol.ts';
import { codeOf, Errno } from './linux/errno.ts';
import { successorsOf } from './list.ts';
import { localAddress, processVmReadv } from './linux/libc.ts';
import { explainDenial, printDenial } from './linux/permission.ts';
import {
  readArguments,
  readLink,
  readName,
  readPointerBytes,
  readStat,
  readStatus,
  userName,
  type Stat,
} from './linux/procfs.ts';
import { assertPid, whyMissing } from './missing.ts';
import { Process, type Descriptors } from './process.ts';
import type { Transport } from './transport.ts';

/** How often a process that is in the middle of an exec is tried again, and after how long: an exec takes less than a millisecond. */
const execTriesMax = 50;
const execTryMs = 2;

/**
 * Attaches to a process without stopping it. Rejects with MemoryError: `Gone` (no such process, zombie), `Denied` (with
 * what would allow it), `Unsupported` (kernel thread, another namespace's /proc), `Invalid` (not a pid, or a thread's).
 */
export async function attach(pid: number): Promise<Process> {
  for (let tries = 1; ; tries++) {
    const attached = attachNow(pid);
    try {
      attached.look();
      return attached;
    } catch (error) {
      attached.dispose();
      // An exec came in between, and what that brings is meant; or it has ended, and the next try says so.
      if (tries === execTriesMax) throw error;
    }
    await sleep(execTryMs);
  }
}

/**
 * Attaches to the newest process that runs the same executable with the same command line, for a program that was started
 * again, also under its own number (exec). `relocate` of common/relocate.ts finds its addresses. Rejects with Gone where there
 * is none, else as `attach`.
 */
export async function reattach(gone: Pick<Process, 'facts'>): Promise<Process> {
  const { executable, commandLine, name } = gone.facts;
  const [newest] = await successorsOf(executable, commandLine);
  if (newest !== undefined) return attach(newest.pid);
  throw new MemoryError('Gone', `No process runs ${commandLine || name} any more. Start it again, then attach to it.`);
}

function attachNow(pid: number): Process {
  assertPid(pid);
  const missing = whyMissing(pid);
  if (missing !== undefined) throw new MemoryError(missing.code, printDenial(missing));
  const begun = readStat(pid);
  if (begun === undefined) throw noSuchProcess(pid);
  const descriptors = open(pid, begun);
  try {
    const stat = readStat(pid);
    // The number may have been given to another process between the first look and the descriptor.
    if (stat?.startTime !== begun.startTime) throw noSuchProcess(pid);
    return new Process(factsOf(pid, stat), descriptors, transportTo(pid));
  } catch (error) {
    closeAll(descriptors);
    throw error;
  }
}

function noSuchProcess(pid: number): MemoryError {
  return new MemoryError(
    'Gone',
    `There is no process with the id ${pid}. It may have exited; choose one from the list.`,
    { errno: Errno.ESRCH },
  );
}

function open(pid: number, stat: Stat): Descriptors {
  const opened: number[] = [];
  const tryOpen = (file: string, flags: string): number | undefined => {
    try {
      const descriptor = openSync(`/proc/${pid}/${file}`, flags);
      opened.push(descriptor);
      return descriptor;
    } catch (error) {
      switch (codeOf(error)) {
        case 'EACCES':
        case 'EPERM':
        case 'EROFS':
          return undefined;
        case 'ENOENT':
        case 'ESRCH':
          for (const descriptor of opened) closeSync(descriptor);
          throw noSuchProcess(pid);
        default:
          for (const descriptor of opened) closeSync(descriptor);
          throw error;
      }
    }
  };
  const writable = tryOpen('mem', 'r+');
  const memory = writable ?? tryOpen('mem', 'r');
  const maps = memory === undefined ? undefined : tryOpen('maps', 'r');
  if (memory === undefined || maps === undefined) {
    for (const descriptor of opened) closeSync(descriptor);
    // A process on its way out has no address space and refuses as if it were forbidden.
    if (readStatus(pid)?.hasMemory !== true)
      throw new MemoryError('Gone', `${readName(pid, stat)} (${pid}) has exited. Choose another process.`);
    throw new MemoryError('Denied', explainDenial(pid), { errno: Errno.EACCES });
  }
  return { memory, isWritable: writable !== undefined, maps, pagemap: tryOpen('pagemap', 'r') };
}

function closeAll(descriptors: Descriptors): void {
  closeSync(descriptors.memory);
  closeSync(descriptors.maps);
  if (descriptors.pagemap !== undefined) closeSync(descriptors.pagemap);
}

function factsOf(pid: number, stat: Stat): TargetFacts {
  return {
    pid,
    name: readName(pid, stat),
    user: userName(readStatus(pid)?.uids[1] ?? 0),
    commandLine: readArguments(pid).join(' '),
    executable: readLink(`/proc/${pid}/exe`),
    startTime: stat.startTime,
    pointerBytes: readPointerBytes(pid) ?? 8,
  };
}

/**
 * Tries the call on address 0, because only the call itself tells whether it is allowed: EFAULT where it is, and nothing of
 * the target was touched. A kernel without it, and a filter that forbids it with whatever errno, leave /proc/<pid>/mem, which is
 * open already.
 */
function transportTo(pid: number): Transport {
  const byte = new Uint8Array(new ArrayBuffer(8));
  const vectors = new BigUint64Array(new ArrayBuffer(64));
  vectors[0] = BigInt(localAddress(byte));
  vectors[1] = 1n;
  vectors[3] = 1n;
  const vectorsAt = localAddress(vectors);
  const count = processVmReadv(pid, vectorsAt, 1, vectorsAt + 16, 1);
  switch (count) {
    case 1:
    case -Errno.EFAULT:
      return 'process_vm_readv';
    case -Errno.ESRCH:
      throw noSuchProcess(pid);
    default:
      return '/proc/<pid>/mem';
  }
}
