import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { MemoryError } from '../common/error.ts';
import { pidMax } from '../common/limits.ts';
import { addressOfPage } from '../common/page.ts';
import type { TargetFacts } from '../common/protocol.ts';
import { codeOf, Errno } from './linux/errno.ts';
import { localAddress, processVmReadv } from './linux/libc.ts';
import { explainDenial } from './linux/permission.ts';
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
import { noCrossMemoryAttach, pagesToTry, Process, settle, type Descriptors } from './process.ts';

/**
 * Attaches to a process without stopping it. Rejects with MemoryError: `Gone` (no such process, zombie), `Denied` (with
 * what would allow it), `Unsupported` (kernel thread, no CMA), `Invalid` (not a pid, or a thread's).
 */
export function attach(pid: number): Promise<Process> {
  return settle(() => attachNow(pid));
}

function attachNow(pid: number): Process {
  if (process.platform !== 'linux') {
    throw new MemoryError(
      'Unsupported',
      'Live Memory reads processes of Linux. Run it where the process runs: in WSL, over SSH or in a container.',
    );
  }
  if (!Number.isInteger(pid) || pid < 1 || pid > pidMax) {
    throw new MemoryError('Invalid', `${pid} is not a process id. Those are whole numbers from 1 to ${pidMax}.`);
  }
  const stat = readLivingStat(pid);
  const descriptors = open(pid, stat);
  try {
    const attached = new Process(factsOf(pid, stat), descriptors);
    // The number may have been given to another process between the first look and the descriptor.
    if (readStat(pid)?.startTime !== stat.startTime) throw noSuchProcess(pid);
    attached.look();
    proveReadable(attached);
    return attached;
  } catch (error) {
    closeAll(descriptors);
    throw error;
  }
}

function readLivingStat(pid: number): Stat {
  const stat = readStat(pid);
  if (stat === undefined) throw noSuchProcess(pid);
  if (stat.isKernelThread) {
    throw new MemoryError(
      'Unsupported',
      `${stat.name} (${pid}) is a thread of the kernel, which has no memory of its own. Choose a program.`,
    );
  }
  const status = readStatus(pid);
  if (stat.state === 'Z' || stat.state === 'X') {
    throw new MemoryError(
      'Gone',
      `${readName(pid, stat)} (${pid}) has exited already: it is a zombie that waits for its parent (${stat.parent}) to take note. Its memory is gone.`,
    );
  }
  if (status !== undefined && status.threadGroup !== pid) {
    throw new MemoryError(
      'Invalid',
      `${pid} is a thread of process ${status.threadGroup}. Attach to ${status.threadGroup}; its threads share its memory.`,
    );
  }
  return stat;
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

/** Reads one byte, because only the call itself tells whether it is allowed. */
function proveReadable(attached: Process): void {
  const byte = new Uint8Array(new ArrayBuffer(8));
  const vectors = new BigUint64Array(new ArrayBuffer(64));
  vectors[0] = BigInt(localAddress(byte));
  vectors[1] = 1n;
  vectors[3] = 1n;
  const vectorsAt = localAddress(vectors);
  for (const page of pagesToTry(attached.table)) {
    vectors[2] = addressOfPage(page);
    const count = processVmReadv(attached.pid, vectorsAt, 1, vectorsAt + 16, 1);
    switch (count) {
      case 1:
        return;
      case -Errno.EFAULT:
        continue;
      case -Errno.ESRCH:
        throw attached.gone();
      case -Errno.EPERM:
        throw new MemoryError('Denied', explainDenial(attached.pid, true), { errno: Errno.EPERM });
      case -Errno.ENOSYS:
        throw noCrossMemoryAttach(Errno.ENOSYS);
      default:
        throw new Error(`process_vm_readv gave ${count}`);
    }
  }
  // Nothing that could be tried is readable, which is the program's own doing and no reason not to show its regions.
}
