/** A way for bytes to go from one process to another; all but `ours` are those of `peers/cma.c`. */
export interface Way {
  readonly id: 'ours' | 'call' | 'file' | 'shared' | 'pipe' | 'vmsplice';
  readonly name: string;
  /** How often each byte is copied. */
  readonly copies: 1 | 2;
  readonly how: string;
  /** Readable on white and on black. */
  readonly color: string;
}

export const ways: readonly Way[] = [
  {
    id: 'call',
    name: 'CMA, C',
    copies: 1,
    how: '`process_vm_readv` by the consumer',
    color: '#2b7fe0',
  },
  {
    id: 'ours',
    name: 'CMA, Live Memory',
    copies: 1,
    how: '`readIntoSync` of this library on Node: asks which pages are in memory, then reads them and a witness of whose they are',
    color: '#d9483b',
  },
  {
    id: 'shared',
    name: 'shared memory',
    copies: 2,
    how: 'a ring of 16 cells of 32 KiB: the producer copies in while the consumer copies out',
    color: '#2f9e57',
  },
  {
    id: 'vmsplice',
    name: 'vmsplice',
    copies: 1,
    how: 'the producer lends its pages to a pipe of 1 MiB, `read` by the consumer',
    color: '#a06ad4',
  },
  { id: 'pipe', name: 'pipe', copies: 2, how: '`write` and `read`, a pipe of 1 MiB', color: '#c77700' },
  {
    id: 'file',
    name: '/proc/<pid>/mem',
    copies: 2,
    how: '`pread` by the consumer; the kernel copies through a page of its own',
    color: '#7f8a96',
  },
];

/** Message sizes in bytes. */
export const sizes = [4, 16, 64, 256, 1024, 4096, 16_384, 65_536].map((kibibytes) => kibibytes * 1024);

export function printSize(bytes: number): string {
  return bytes >= 2 ** 20 ? `${bytes / 2 ** 20} MiB` : `${bytes / 1024} KiB`;
}
