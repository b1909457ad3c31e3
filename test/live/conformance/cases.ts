import { Errno } from '../../../native/linux/errno.ts';
import { pageBytes } from '../../../common/page.ts';
import { callBytesMax, iovecsMax } from '../../../common/limits.ts';

/** Memory of the target that cases name; `world.ts` maps it. Each of the eight-page ones has its hole in the page that the name says. */
export const places = [
  ...(['data', 'untouched', 'none', 'readOnly', 'writeOnly', 'execOnly', 'readExec', 'all', 'readOnlyAt1'] as const),
  ...(['noneAt0', 'noneAt3', 'noneAt7', 'gapAt0', 'gapAt3', 'gapAt7', 'noneAt1500', 'gapAfter'] as const),
  ...(['file', 'shared', 'heap', 'stack', 'constant', 'code', 'vdso', 'vvar', 'vvarClock', 'vsyscall'] as const),
  // Addresses without memory: the null page, the kernel's half, no address at all, the last page of 2^64.
  ...(['null', 'kernel', 'hole', 'last'] as const),
] as const;
export type Place = (typeof places)[number];

/** A remote range: a place, where in it, and how long. */
export type Remote = readonly [place: Place, offset: number, length: number | bigint];
/** A local range: so many bytes of our buffer after those of the one before; or a bad address, or a length that is not the buffer's. */
export type Local = number | readonly [at: 'buffer' | 'null' | 'kernel', length: number | bigint];

export interface Case {
  readonly name: string;
  /** Bytes, or -errno; `write` where process_vm_writev differs. */
  readonly expected: number;
  readonly write?: number;
  readonly remote?: readonly Remote[];
  /** Without it, one range as long as the remote ones together. */
  readonly local?: readonly Local[];
  readonly pid?: 'unused' | 'kernel thread' | 'zombie' | 'exited' | number;
  readonly flags?: number;
  /** Hands over this address as a vector, not the vector. */
  readonly vectors?: { readonly local?: number; readonly remote?: number };
  /** Hands over these counts, not the vectors' own. */
  readonly counts?: { readonly local?: number; readonly remote?: number };
  readonly relied?: string;
  readonly fact?: string;
}

const { EFAULT, EINVAL, ESRCH } = { EFAULT: -Errno.EFAULT, EINVAL: -Errno.EINVAL, ESRCH: -Errno.ESRCH };
const page = pageBytes;
const lengthMax = 2n ** 63n - 1n;
const all: readonly Remote[] = [['data', 0, page]];
const bytesEach = (count: number): Remote[] => Array.from({ length: count }, (_, i) => ['data', i * 5, 1]);
const pagesOf = (place: Place, count: number): Remote[] =>
  Array.from({ length: count }, (_, i) => [place, i * page, page]);

const partial = 'vector.ts goes on after the page where a short call stopped';
const faults = 'vector.ts takes EFAULT for the first page of a call';
const gone = 'process.ts takes ESRCH for a process that is gone';
const many = 'limits.ts: iovecsMax';

// prettier-ignore
export const cases: readonly Case[] = [
  // Sane parameters.
  { name: 'one byte', remote: [['data', 17, 1]], expected: 1, relied: 'everything' },
  { name: 'eight bytes across the border of two pages', remote: [['data', page - 4, 8]], expected: 8, relied: 'everything' },
  { name: 'a page', remote: all, expected: page, relied: 'everything' },
  { name: 'a mebibyte in one piece', remote: [['data', 0, 256 * page]], expected: 256 * page, relied: 'everything' },
  { name: 'a mebibyte from an odd address', remote: [['data', 4001, 256 * page]], expected: 256 * page, relied: 'everything' },
  { name: 'scattered pages in descending order', remote: [['data', 9 * page, page], ['data', 4 * page, page], ['data', 0, page]], expected: 3 * page, relied: 'vector.ts' },
  { name: 'the same page twice', remote: [['data', 0, page], ['data', 0, page]], expected: 2 * page, relied: 'read() takes a page twice' },
  { name: 'three pieces on one side, one on the other', remote: [['data', 5, 10], ['data', 9000, 20], ['data', 70_000, 30]], expected: 60, relied: 'vector.ts' },
  { name: 'one piece on one side, three on the other', remote: [['data', 5, 60]], local: [10, 20, 30], expected: 60, relied: 'vector.ts' },
  { name: 'pages that were never touched', remote: [['untouched', 0, 4 * page]], expected: 4 * page },

  // Flags.
  { name: 'flags 1', remote: all, flags: 1, expected: EINVAL },
  { name: 'flags with the highest of 32 bits', remote: all, flags: 2 ** 31, expected: EINVAL },
  { name: 'flags with a bit above the 32nd only', remote: all, flags: 2 ** 40, expected: EINVAL },
  { name: 'flags 1 and nothing to move', remote: all, flags: 1, counts: { local: 0, remote: 0 }, expected: EINVAL },
  { name: 'flags 1 and an unused pid', remote: all, flags: 1, pid: 'unused', expected: EINVAL },

  // Bad vectors.
  { name: 'the local vector null', remote: all, vectors: { local: 0 }, expected: EFAULT },
  { name: 'the remote vector null', remote: all, vectors: { remote: 0 }, expected: EFAULT },
  { name: 'the local vector at an unmapped address', remote: all, vectors: { local: 8 }, expected: EFAULT },
  { name: 'the remote vector at an unmapped address', remote: all, vectors: { remote: 8 }, expected: EFAULT },
  { name: 'the local vector null, of no ranges', remote: all, vectors: { local: 0 }, counts: { local: 0 }, expected: 0 },
  { name: 'the remote vector null, of no ranges', remote: all, vectors: { remote: 0 }, counts: { remote: 0 }, expected: 0 },
  { name: 'the remote vector at an unmapped address, and no local ranges', remote: all, vectors: { remote: 8 }, counts: { local: 0 }, expected: 0, fact: 'the remote vector is looked at after the local bytes are counted' },

  // Bad ranges, local.
  { name: 'a local range at null', remote: all, local: [['null', page]], expected: EFAULT },
  { name: 'a local range in the kernel’s half', remote: all, local: [['kernel', page]], expected: EFAULT },
  { name: 'the second local range at null', remote: [['data', 0, 2 * page]], local: [page, ['null', page]], expected: page },
  { name: 'the second local range at null, after 100 bytes', remote: [['data', 0, 2 * page]], local: [100, ['null', page]], expected: 100 },
  { name: 'the second local range in the kernel’s half', remote: [['data', 0, 2 * page]], local: [page, ['kernel', page]], expected: EFAULT, fact: 'local addresses are checked as the vector is copied, before a byte moves' },
  { name: 'a local length of −1', remote: all, local: [['buffer', -1]], expected: EINVAL },
  { name: 'the second local length −1', remote: all, local: [page, ['buffer', -1]], expected: EINVAL },
  { name: 'a local length of 2^63 − 1', remote: all, local: [['buffer', lengthMax]], expected: page, fact: 'one range is cut to the cap before its end is checked' },
  { name: 'local lengths of 2^63 − 1 twice', remote: all, local: [['buffer', lengthMax], ['buffer', lengthMax]], expected: EFAULT, fact: 'of several ranges each end is checked before it is cut to the cap' },

  // Bad ranges, remote.
  { name: 'a remote range at null', remote: [['null', 0, page]], expected: EFAULT, relied: faults },
  { name: 'a remote range in the kernel’s half', remote: [['kernel', 0, page]], expected: EFAULT, relied: faults },
  { name: 'a remote range at an address that none is', remote: [['hole', 0, page]], expected: EFAULT, relied: faults },
  { name: 'a remote range on the last page of 2^64', remote: [['last', 0, page]], expected: EFAULT, relied: faults },
  { name: 'a remote range past the end of 2^64', remote: [['last', page - 100, page]], expected: EFAULT },
  { name: 'the second remote range at null', remote: [['data', 0, page], ['null', 0, page]], expected: page, relied: partial },
  { name: 'the second remote range at null, after 100 bytes', remote: [['data', 0, 100], ['null', 0, page]], expected: 100, relied: partial },
  { name: 'the second remote range in the kernel’s half', remote: [['data', 0, page], ['kernel', 0, page]], expected: page, relied: partial },
  { name: 'a remote length of −1', remote: [['data', 0, -1]], local: [page], expected: EINVAL },
  { name: 'the second remote length −1', remote: [['data', 0, page], ['data', 0, -1]], local: [2 * page], expected: EINVAL },
  { name: 'a remote length of 2^63 − 1', remote: [['data', 0, lengthMax]], local: [page], expected: page },
  { name: 'remote lengths of 2^63 − 1 twice', remote: [['data', 0, lengthMax], ['data', 0, lengthMax]], local: [page], expected: page },
  { name: 'a bad range on either side', remote: [['null', 0, page]], local: [['null', page]], expected: EFAULT },

  // Nothing to move.
  { name: 'no local ranges', remote: all, counts: { local: 0 }, expected: 0 },
  { name: 'no remote ranges', remote: all, counts: { remote: 0 }, expected: 0 },
  { name: 'no ranges at all', remote: all, counts: { local: 0, remote: 0 }, expected: 0 },
  { name: 'a local length of 0', remote: all, local: [0], expected: 0 },
  { name: 'a remote length of 0', remote: [['data', 0, 0]], local: [page], expected: 0 },
  { name: 'a remote length of 0 at null', remote: [['null', 0, 0]], local: [page], expected: 0 },
  { name: 'empty ranges among others', remote: [['data', 0, 0], ['data', 7, 50], ['null', 0, 0], ['data', 99, 50]], local: [0, 30, 0, 70], expected: 100 },
  { name: 'no local ranges and an unused pid', remote: all, pid: 'unused', counts: { local: 0 }, expected: 0 },
  { name: 'no remote ranges and an unused pid', remote: all, pid: 'unused', counts: { remote: 0 }, expected: 0 },
  { name: 'a length of 0 and an unused pid', remote: [['data', 0, 0]], pid: 'unused', expected: 0 },
  { name: 'no local ranges and 1,025 remote ones', remote: bytesEach(1025), counts: { local: 0 }, expected: 0 },

  // Uneven vectors; `uneven.ts` has all proportions.
  { name: 'local longer than remote', remote: [['data', 3, 100]], local: [page], expected: 100 },
  { name: 'local shorter than remote', remote: all, local: [100], expected: 100 },
  { name: 'local shorter than remote, and the remote bytes after it unmapped', remote: [['gapAt3', 2 * page, 2 * page]], local: [page], expected: page },

  // How many ranges.
  { name: '1,024 remote ranges', remote: bytesEach(iovecsMax), expected: 1024, relied: many },
  { name: '1,024 local ranges', remote: [['data', 0, 1024]], local: Array<number>(iovecsMax).fill(1), expected: 1024, relied: many },
  { name: '1,024 ranges on either side', remote: pagesOf('data', iovecsMax), local: Array<number>(iovecsMax).fill(page), expected: 1024 * page, relied: many },
  { name: '1,025 remote ranges', remote: bytesEach(1025), expected: EINVAL },
  { name: '1,025 local ranges', remote: [['data', 0, 1025]], local: Array<number>(1025).fill(1), expected: EINVAL },
  { name: '2^31 remote ranges', remote: all, counts: { remote: 2 ** 31 }, expected: EINVAL },
  { name: '2^31 local ranges', remote: all, counts: { local: 2 ** 31 }, expected: EINVAL },
  { name: '2^32 remote ranges', remote: all, counts: { remote: 2 ** 32 }, expected: EINVAL },
  { name: '2^32 local ranges', remote: all, counts: { local: 2 ** 32 }, expected: 0, fact: 'the count of local ranges is cut to 32 bits' },

  // Which process.
  { name: 'an unused pid', remote: all, pid: 'unused', expected: ESRCH, relied: gone },
  { name: 'pid −1', remote: all, pid: -1, expected: ESRCH },
  { name: 'pid 0', remote: all, pid: 0, expected: ESRCH },
  { name: 'the least pid', remote: all, pid: -(2 ** 31), expected: ESRCH },
  { name: 'a thread of the kernel', remote: all, pid: 'kernel thread', expected: ESRCH },
  { name: 'a zombie', remote: all, pid: 'zombie', expected: ESRCH, relied: gone },
  { name: 'a process that has exited', remote: all, pid: 'exited', expected: ESRCH, relied: gone },
  { name: 'an unused pid and a bad local range', remote: all, local: [['null', page]], pid: 'unused', expected: ESRCH },

  // Which memory.
  { name: 'PROT_NONE', remote: [['none', 0, page]], expected: EFAULT, relied: faults },
  { name: 'read-only', remote: [['readOnly', 0, page]], expected: page, write: EFAULT, relied: 'a write that the access forbids needs force' },
  { name: 'write-only', remote: [['writeOnly', 0, page]], expected: EFAULT, write: page, fact: 'reading asks for VM_READ, although x86 cannot map write-only' },
  { name: 'exec-only', remote: [['execOnly', 0, page]], expected: EFAULT, fact: 'reading asks for VM_READ, also where the processor would allow it' },
  { name: 'read and execute', remote: [['readExec', 0, page]], expected: page, write: EFAULT },
  { name: 'read, write and execute', remote: [['all', 0, page]], expected: page },
  { name: 'a constant of the program', remote: [['constant', 0, 8]], expected: 8, write: EFAULT, relied: 'a write that the access forbids needs force' },
  { name: 'code of the program', remote: [['code', 0, 64]], expected: 64, write: EFAULT, relied: 'a write that the access forbids needs force' },
  { name: '[heap]', remote: [['heap', 0, page]], expected: page, relied: 'everything' },
  { name: '[stack]', remote: [['stack', 0, page]], expected: page, relied: 'everything' },
  { name: '[vdso]', remote: [['vdso', 0, page]], expected: page, write: EFAULT },
  { name: '[vvar]', remote: [['vvar', 0, page]], expected: EFAULT, fact: 'pages of the kernel’s own have no struct page for a user (VM_PFNMAP)' },
  { name: '[vvar_vclock]', remote: [['vvarClock', 0, page]], expected: EFAULT, fact: 'a region apart since Linux 6.13' },
  { name: '[vsyscall]', remote: [['vsyscall', 0, page]], expected: EFAULT, fact: 'vsyscall=xonly, the default since Linux 5.3' },
  { name: 'the last bytes of a file', remote: [['file', 90, 10]], expected: 10 },
  { name: 'the page where a file ends', remote: [['file', 0, page]], expected: page, relied: 'a page is wholly readable or wholly not' },
  { name: 'the page after a file’s end', remote: [['file', page, page]], expected: EFAULT, relied: faults },
  { name: 'a file from its beginning past its end', remote: [['file', 0, 3 * page]], expected: page, relied: partial },
  { name: 'a shared mapping', remote: [['shared', 0, 4 * page]], expected: 4 * page, relied: 'everything' },

  // Holes: the first bad page ends the whole call, at its border, however the bytes were cut into ranges.
  { name: 'PROT_NONE in the first of eight pages', remote: [['noneAt0', 0, 8 * page]], expected: EFAULT, relied: faults },
  { name: 'PROT_NONE in a middle page', remote: [['noneAt3', 0, 8 * page]], expected: 3 * page, relied: partial },
  { name: 'PROT_NONE in the last page', remote: [['noneAt7', 0, 8 * page]], expected: 7 * page, relied: partial },
  { name: 'PROT_NONE in the first page, a range a page', remote: pagesOf('noneAt0', 8), expected: EFAULT, relied: faults },
  { name: 'PROT_NONE in a middle page, a range a page', remote: pagesOf('noneAt3', 8), expected: 3 * page, relied: partial },
  { name: 'PROT_NONE in the last page, a range a page', remote: pagesOf('noneAt7', 8), expected: 7 * page, relied: partial },
  { name: 'PROT_NONE in the first page, from 100 on', remote: [['noneAt0', 100, 8 * page - 100]], expected: EFAULT, relied: faults },
  { name: 'PROT_NONE in a middle page, from 100 on', remote: [['noneAt3', 100, 8 * page - 100]], expected: 3 * page - 100, relied: partial },
  { name: 'PROT_NONE in the last page, from 100 on', remote: [['noneAt7', 100, 8 * page - 100]], expected: 7 * page - 100, relied: partial },
  { name: 'unmapped in the first of eight pages', remote: [['gapAt0', 0, 8 * page]], expected: EFAULT, relied: faults },
  { name: 'unmapped in a middle page', remote: [['gapAt3', 0, 8 * page]], expected: 3 * page, relied: partial },
  { name: 'unmapped in the last page', remote: [['gapAt7', 0, 8 * page]], expected: 7 * page, relied: partial },
  { name: 'unmapped in the first page, from 4095 on', remote: [['gapAt0', 4095, 7 * page]], expected: EFAULT, relied: faults },
  { name: 'unmapped in a middle page, from 4095 on', remote: [['gapAt3', 4095, 7 * page]], expected: 2 * page + 1, relied: partial },
  { name: 'unmapped in the last page, from 4095 on', remote: [['gapAt7', 4095, 7 * page]], expected: 6 * page + 1, relied: partial },
  { name: 'a hole in the middle of a range, with good ranges after it', remote: [['noneAt3', page, 4 * page], ['data', 0, page]], expected: 2 * page, relied: partial },
  { name: 'a hole between odd ranges', remote: [['data', 3, 11], ['noneAt3', 3 * page - 5, 10], ['data', 77, 11]], expected: 16, relied: partial },
  { name: 'a hole, and the local ranges end elsewhere', remote: [['noneAt3', 0, 8 * page]], local: [5000, 5000, 5000, 17_768], expected: 3 * page, relied: partial },
  { name: 'a read that begins in a hole', remote: [['noneAt3', 3 * page, 2 * page]], expected: EFAULT, relied: faults },
  { name: 'a read that ends before a hole', remote: [['noneAt3', 0, 3 * page]], expected: 3 * page, relied: partial },
  { name: 'a hole past the thousand pages that the kernel takes at a time', remote: [['noneAt1500', 0, 1600 * page]], expected: 1500 * page, relied: partial },
  { name: 'the end of a region, with nothing after it', remote: [['gapAfter', 0, 3 * page]], expected: page, relied: partial },
  { name: 'read-write pages, the second one read-only', remote: [['readOnlyAt1', 0, 3 * page]], expected: 3 * page, write: page, relied: 'a short write says what has landed' },
  { name: 'read-write pages, the second one read-only, a range a page', remote: pagesOf('readOnlyAt1', 3), expected: 3 * page, write: page, relied: 'a short write says what has landed' },
];

export const capRelied = `limits.ts: callBytesMax = ${callBytesMax}`;
