import { lstatSync } from 'node:fs';
import process from 'node:process';
import type { AccessCause } from '../common/access.ts';
import { MemoryError, type MemoryErrorCode } from '../common/error.ts';
import { pidMax } from '../common/limits.ts';
import { readOurSide } from './linux/credentials.ts';
import { or, startAs, us } from './linux/denial.ts';
import { codeOf } from './linux/errno.ts';
import { livingThread, readLink, readName, readProc, readStat, readStatus } from './linux/procfs.ts';

/** Why a pid names nothing that could be opened, before any question of permission. */
export interface Missing {
  readonly cause: AccessCause;
  readonly detail: string;
  readonly remedies: readonly string[];
  /** What `attach` rejects with. */
  readonly code: MemoryErrorCode;
}

/** Throws MemoryError where the question makes no sense: `Unsupported` (not Linux), `Invalid` (not a pid). */
export function assertPid(pid: number): void {
  if (process.platform !== 'linux') {
    throw new MemoryError(
      'Unsupported',
      'Live Memory reads processes of Linux. Run it where the process runs: in WSL, over SSH or in a container.',
    );
  }
  if (!Number.isInteger(pid) || pid < 1 || pid > pidMax) {
    throw new MemoryError('Invalid', `${pid} is not a process id. Those are whole numbers from 1 to ${pidMax}.`);
  }
}

/** `undefined` where the pid is that of a process with a memory of its own. */
export function whyMissing(pid: number): Missing | undefined {
  const foreign = whyForeign();
  if (foreign !== undefined) return foreign;
  const stat = readStat(pid);
  if (stat === undefined) return exists(pid) ? hidden(pid) : noProcess(pid);
  if (stat.isKernelThread) {
    return {
      cause: 'kernelThread',
      detail: `${stat.name} (${pid}) is a thread of the kernel, which has no memory of its own.`,
      remedies: ['Choose a program.'],
      code: 'Unsupported',
    };
  }
  if (stat.state === 'Z' || stat.state === 'X') {
    const thread = livingThread(pid);
    if (thread !== undefined)
      return {
        cause: 'thread',
        detail: `The first thread of ${readName(pid, stat)} (${pid}) has ended, and the others run on.`,
        remedies: [`Attach to ${thread}, which is one of them and has their memory.`],
        code: 'Invalid',
      };
    return {
      cause: 'zombie',
      detail: `${readName(pid, stat)} (${pid}) has exited already: it is a zombie that waits for its parent (${stat.parent}) to take note. Its memory is gone.`,
      remedies: ['Choose another process.'],
      code: 'Gone',
    };
  }
  const group = readStatus(pid)?.threadGroup ?? pid;
  // A process whose first thread has ended can be reached by the others only.
  if (group === pid || readStatus(group)?.hasMemory !== true) return undefined;
  return {
    cause: 'thread',
    detail: `${pid} is a thread of process ${group}.`,
    remedies: [`Attach to ${group}; its threads share its memory.`],
    code: 'Invalid',
  };
}

/**
 * `undefined` where the processes that /proc shows are those that our system calls mean, as they must be: a process is held by
 * the one and read by the other.
 */
export function whyForeign(): Missing | undefined {
  if (readLink('/proc/self') === String(process.pid)) return undefined;
  // Of another namespace the link is there, and leads nowhere or elsewhere.
  return lstatSync('/proc/self', { throwIfNoEntry: false }) === undefined ? noProc : otherProc;
}

const noProc: Missing = {
  cause: 'hidden',
  detail: '/proc is not mounted here, and without it no process can be looked at.',
  remedies: ['Mount it: sudo mount -t proc proc /proc'],
  code: 'Unsupported',
};

const otherProc: Missing = {
  cause: 'pidNamespace',
  detail: '/proc shows another pid namespace than the one that this runs in, so that its numbers mean other processes.',
  remedies: [
    'Mount the one that belongs here: sudo mount -t proc proc /proc',
    'Or make the namespace with it: unshare --pid --fork --mount-proc',
  ],
  code: 'Unsupported',
};

/** kill(2) with no signal looks for a process without /proc. */
function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function hidden(pid: number): Missing {
  const option = readHidepid();
  return {
    cause: 'hidden',
    detail: `There is a process ${pid}, but /proc does not show it to you${option === undefined ? '' : ` (it is mounted with hidepid=${option})`}: it is another user’s, or closed to other programs.`,
    remedies: [
      'Run: sudo mount -o remount,hidepid=0 /proc (it lasts until the machine restarts).',
      or(startAs(readOurSide(), 'root or as the user of the process')),
    ],
    code: 'Denied',
  };
}

/** How the /proc that is seen is mounted, of proc(5): a number or, since Linux 5.8, a word. */
function readHidepid(): string | undefined {
  const mounts = readProc('/proc/self/mountinfo')?.toString().split('\n') ?? [];
  const proc = mounts.findLast((line) => line.split(' ')[4] === '/proc');
  return /\bhidepid=(\w+)/.exec(proc ?? '')?.[1];
}

function noProcess(pid: number): Missing {
  const detail = `There is no process with the id ${pid}. It may have exited.`;
  const remedies = ['Choose one from the list.'];
  const ours = readOurSide();
  if (ours.isInitialPidNamespace) return { cause: 'noProcess', detail, remedies, code: 'Gone' };
  return {
    cause: 'noProcess',
    detail: `${detail} This runs in a pid namespace of its own, as containers do; programs outside have no number in here.`,
    remedies: [
      ...remedies,
      `If it runs outside, start ${us(ours)} there${ours.isContainer ? ', or this container with --pid=host' : ''}.`,
    ],
    code: 'Gone',
  };
}
