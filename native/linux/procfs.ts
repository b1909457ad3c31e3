import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { codeOf } from './errno.ts';

/** What we use of /proc/<pid>/stat. */
export interface Stat {
  readonly pid: number;
  /** The kernel's short name of the thread, at most 15 bytes. */
  readonly name: string;
  /** R running, S sleeping, D waiting, T stopped, t stopped by a debugger, Z zombie, X dead, I idle kernel thread. */
  readonly state: string;
  readonly parent: number;
  readonly isKernelThread: boolean;
  /** Whether it is on its way out: in its exit, or killed and not there yet. */
  readonly isEnding: boolean;
  /** In clock ticks since boot; a text, because all it is good for is to be the same. */
  readonly startTime: string;
}

/** linux/sched.h */
const PF_EXITING = 4;
const PF_KTHREAD = 0x0020_0000;
/** The bit of SIGKILL, 9, in a set of signals. */
const killed = 1 << 8;

/** Parses /proc/<pid>/stat; `undefined` where it is not one. The name may hold anything, brackets and newlines included. */
export function parseStat(bytes: Buffer): Stat | undefined {
  const open = bytes.indexOf('(');
  const close = bytes.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const fields = bytes.toString('latin1', close + 2, bytes.length).split(' ');
  const startTime = fields[19];
  if (startTime === undefined) return undefined;
  return {
    pid: Number.parseInt(bytes.toString('latin1', 0, open), 10),
    name: bytes.toString('utf8', open + 1, close),
    state: fields[0] as string,
    parent: Number(fields[1]),
    isKernelThread: (Number(fields[6]) & PF_KTHREAD) !== 0,
    isEnding: (Number(fields[6]) & PF_EXITING) !== 0 || (Number(fields[28]) & killed) !== 0,
    startTime,
  };
}

/** What we use of /proc/<pid>/status. */
export interface Status {
  /** The process that the thread belongs to; equal to the pid for a process. */
  readonly threadGroup: number;
  /** The thread that traces it, or 0. */
  readonly tracer: number;
  /** Real, effective, saved, file-system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly residentBytes: number;
  /** Whether it has an address space; a zombie has none, nor has a process on its way out. */
  readonly hasMemory: boolean;
  readonly permittedCapabilities: bigint;
  readonly effectiveCapabilities: bigint;
  readonly noNewPrivileges: boolean;
  /** 0 none, 1 strict, 2 a filter. */
  readonly seccomp: number;
  /** Pids in every pid namespace from ours inwards. */
  readonly namespacePids: readonly number[];
}

/** Parses /proc/<pid>/status. A line that is missing gives what an old kernel means by it. */
export function parseStatus(bytes: Buffer): Status {
  const lines = new Map<string, string>();
  for (const line of bytes.toString('latin1', 0, bytes.length).split('\n')) {
    const colon = line.indexOf(':');
    // The first line of a key counts: the name of a process stands first and has its newlines escaped.
    if (colon > 0 && !lines.has(line.slice(0, colon))) lines.set(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const numbers = (key: string): number[] => (lines.get(key) ?? '').split(/\s+/).filter(Boolean).map(Number);
  const hexadecimal = (key: string): bigint => BigInt(`0x${/^[0-9a-f]+$/.exec(lines.get(key) ?? '')?.[0] ?? '0'}`);
  return {
    threadGroup: numbers('Tgid')[0] ?? 0,
    tracer: numbers('TracerPid')[0] ?? 0,
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    residentBytes: Number.parseInt(lines.get('VmRSS') ?? '0', 10) * 1024,
    hasMemory: lines.has('VmSize'),
    permittedCapabilities: hexadecimal('CapPrm'),
    effectiveCapabilities: hexadecimal('CapEff'),
    noNewPrivileges: lines.get('NoNewPrivs') === '1',
    seccomp: numbers('Seccomp')[0] ?? 0,
    namespacePids: numbers('NSpid'),
  };
}

/** Parses /proc/<pid>/cmdline into arguments for people: control characters become spaces. None for a kernel thread. */
export function parseArguments(bytes: Buffer): string[] {
  return (
    bytes
      .toString('utf8')
      .replace(/\0+$/, '')
      .split('\0')
      // eslint-disable-next-line no-control-regex -- these are what is to go
      .map((word) => word.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' '))
      .filter((word, i) => i > 0 || word !== '')
  );
}

/**
 * What people call a process. The kernel's name of its first thread is that, but for two cases: it is cut after 15 bytes,
 * and Node calls its own `MainThread`. Then the file's name is better.
 */
export function processName(threadName: string, words: readonly string[], executable: string): string {
  const last = (path: string): string => path.replace(/ \(deleted\)$/, '').replace(/^.*\//, '');
  if (threadName === 'MainThread') return last(executable) || last(words[0] ?? '') || threadName;
  if (Buffer.byteLength(threadName) < 15) return threadName;
  return [words[0] ?? '', executable].map(last).find((name) => name.startsWith(threadName)) ?? threadName;
}

/** Parses /etc/passwd into names by uid. */
export function parsePasswd(text: string): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':');
    if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name);
  }
  return names;
}

/** The whole of a file under /proc, or `undefined` where there is none, it may not be read, or its process has gone. */
export function readProc(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'EIO', 'ENOTDIR', 'EINVAL'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

export function readStat(pid: number): Stat | undefined {
  const bytes = readProc(`/proc/${pid}/stat`);
  return bytes && parseStat(bytes);
}

export function readStatus(pid: number | 'self' | 'thread-self'): Status | undefined {
  const bytes = readProc(`/proc/${pid}/status`);
  return bytes && parseStatus(bytes);
}

export function readArguments(pid: number): string[] {
  return parseArguments(readProc(`/proc/${pid}/cmdline`) ?? Buffer.alloc(0));
}

/** The name of a process for people; `stat` is what was read of it already. */
export function readName(pid: number, stat: Stat): string {
  return processName(stat.name, readArguments(pid), readLink(`/proc/${pid}/exe`));
}

/** A thread that still has the memory of a process whose first thread has ended; `undefined` where none has. */
export function livingThread(pid: number): number | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`)
      .map(Number)
      .find((thread) => readStatus(thread)?.hasMemory === true && readStat(thread)?.isEnding === false);
  } catch {
    return undefined;
  }
}

/** What a link under /proc points to, or an empty text. */
export function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/**
 * Where the paths of a process lead. Our own root where it does not let us in, which a process may do after it was attached to:
 * whoever opens a file there makes sure that it is the same one.
 */
export function rootOf(pid: number): string {
  const root = `/proc/${pid}/root`;
  return readLink(root) === '' ? '' : root;
}

/** 4 or 8, out of the header of the file that the process runs; `undefined` where that cannot be read. */
export function readPointerBytes(pid: number): 4 | 8 | undefined {
  let file: number;
  try {
    file = openSync(`/proc/${pid}/exe`, 'r');
  } catch {
    return undefined;
  }
  try {
    const header = Buffer.alloc(5);
    readSync(file, header, 0, 5, 0);
    // elf(5): e_ident[EI_CLASS] is 1 for 32 bits, 2 for 64.
    if (header.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
    return header[4] === 1 ? 4 : 8;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

let users: ReadonlyMap<number, string> | undefined;

/** The name of a user, or the number where /etc/passwd does not have it. */
export function userName(uid: number): string {
  users ??= parsePasswd(readProc('/etc/passwd')?.toString() ?? '');
  return users.get(uid) ?? String(uid);
}
