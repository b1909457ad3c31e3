// The only import of koffi. Whoever needs a system call that Node does not have adds it here, and nothing else.
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { address, errno, load } from 'koffi';

/**
 * The C library that this process runs on, out of the text of /proc/self/maps: glibc's `libc.so.6`, `libc-2.31.so` before
 * 2.34, or musl's `ld-musl-<arch>.so.1`. `undefined` where there is none, or where an update has replaced the file (a second
 * C library would be loaded beside ours).
 */
export function findLibc(maps: string): string | undefined {
  return /^[0-9a-f]+-[0-9a-f]+ r.*? (\/(?:.*\/)?(?:libc\.so\.6|libc-2\.\d+\.so|(?:ld-musl-\w+|libc\.musl-\w+)\.so\.1))$/m.exec(
    maps,
  )?.[1];
}

interface Libc {
  readonly readv: Call;
  readonly writev: Call;
  readonly pread: Call;
  readonly pwrite: Call;
  readonly ioctl: Call;
  readonly signal: Call;
}
type Call = (...args: (number | bigint)[]) => number;

let bound: Libc | undefined;

function libc(): Libc {
  return (bound ??= bind());
}

function bind(): Libc {
  // With no name, the symbols of the running program itself are searched, its C library among them.
  const library = load(findLibc(readFileSync('/proc/self/maps', 'latin1')) ?? null);
  // Pointers are declared as integers: ours are addresses already, and an integer is the cheapest thing to hand over.
  const vector = ['int', 'uint64_t', 'unsigned long', 'uint64_t', 'unsigned long', 'unsigned long'];
  return {
    readv: library.func('process_vm_readv', 'long', vector),
    writev: library.func('process_vm_writev', 'long', vector),
    pread: library.func('pread', 'long', ['int', 'uint64_t', 'unsigned long', 'int64_t']),
    pwrite: library.func('pwrite', 'long', ['int', 'uint64_t', 'unsigned long', 'int64_t']),
    ioctl: library.func('ioctl', 'int', ['int', 'unsigned long', 'uint64_t']),
    signal: library.func('signal', 'uint64_t', ['int', 'uint64_t']),
  };
}

/** The count that a call gave, or -errno. */
function outcome(count: number): number {
  return count === -1 ? -errno() : count;
}

/**
 * Where the bytes of a view are in our own memory. Stable for as long as the view's ArrayBuffer is neither detached nor
 * collected: the caller keeps it. (V8 moves what lies on its heap, so koffi gives small arrays a buffer outside first.)
 */
export function localAddress(view: ArrayBufferView): number {
  return Number(address(view));
}

/** process_vm_readv(2). Vectors are arrays of { u64 base, u64 length }. Bytes moved, or -errno. No kernel knows a flag yet. */
export function processVmReadv(
  pid: number,
  local: number,
  locals: number,
  remote: number,
  remotes: number,
  flags = 0,
): number {
  return outcome((bound ?? libc()).readv(pid, local, locals, remote, remotes, flags));
}

/** process_vm_writev(2). As `processVmReadv`. */
export function processVmWritev(
  pid: number,
  local: number,
  locals: number,
  remote: number,
  remotes: number,
  flags = 0,
): number {
  return outcome((bound ?? libc()).writev(pid, local, locals, remote, remotes, flags));
}

/** pread(2) into our own memory. Unlike Node's it takes no exception to say EIO. Bytes read, or -errno. */
export function pread(descriptor: number, local: number, length: number, position: number | bigint): number {
  return outcome((bound ?? libc()).pread(descriptor, local, length, position));
}

/** pwrite(2) from our own memory. Bytes written, or -errno. */
export function pwrite(descriptor: number, local: number, length: number, position: number | bigint): number {
  return outcome((bound ?? libc()).pwrite(descriptor, local, length, position));
}

/** ioctl(2) with the address of an argument. What it returns, or -errno. */
export function ioctl(descriptor: number, request: number, argument: number): number {
  return outcome((bound ?? libc()).ioctl(descriptor, request, argument));
}

/**
 * Leaves SIGINT and SIGTERM to the kernel, which ends this process at them. Node catches both to end by itself, and a caught
 * signal does not wake a thread that sleeps in a page fault of another process: Ctrl+C would do nothing.
 */
export function leaveSignalsToKernel(): void {
  const SIG_DFL = 0;
  for (const number of [constants.signals.SIGINT, constants.signals.SIGTERM]) (bound ?? libc()).signal(number, SIG_DFL);
}
