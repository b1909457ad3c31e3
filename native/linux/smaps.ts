import type { Address } from '../../common/address.ts';

/** What the kernel counts of a region in /proc/<pid>/smaps and the page map does not tell. Bytes. */
export interface RegionUsage {
  readonly start: Address;
  readonly end: Address;
  /** In memory, shared pages and the zero page included as the kernel does. */
  readonly rss: number;
  /** `rss` with each page divided by how many processes share it. */
  readonly pss: number;
  readonly sharedClean: number;
  readonly sharedDirty: number;
  readonly privateClean: number;
  /** Written since it was mapped, and in no other process: what the program costs. */
  readonly privateDirty: number;
  readonly anonymous: number;
  readonly anonHugePages: number;
  readonly swap: number;
  readonly locked: number;
  /** Two letters each, as Documentation/filesystems/proc.rst lists them: `rd`, `wr`, `gd` (grows down), `ht` (hugetlb). */
  readonly flags: readonly string[];
}

const fields: Readonly<Record<string, keyof RegionUsage>> = {
  Rss: 'rss',
  Pss: 'pss',
  Shared_Clean: 'sharedClean',
  Shared_Dirty: 'sharedDirty',
  Private_Clean: 'privateClean',
  Private_Dirty: 'privateDirty',
  Anonymous: 'anonymous',
  AnonHugePages: 'anonHugePages',
  Swap: 'swap',
  Locked: 'locked',
};

const header = /^([0-9a-f]{1,16})-([0-9a-f]{1,16}) [r-][w-][x-][ps] /;
const field = /^(\w+):\s+(\d+) kB$/;

/** Parses a smaps file; lines that make no sense are left out, and what a kernel does not tell is 0. */
export function parseSmaps(text: string): RegionUsage[] {
  const found: RegionUsage[] = [];
  let open: (Record<string, unknown> & RegionUsage) | undefined;
  for (const line of text.split('\n')) {
    const range = header.exec(line);
    if (range !== null) {
      open = { ...nothing(), start: BigInt(`0x${range[1]}`), end: BigInt(`0x${range[2]}`) };
      found.push(open);
      continue;
    }
    if (open === undefined) continue;
    const flags = /^VmFlags:(.*)$/.exec(line)?.[1];
    const [, name = '', kibibytes] = field.exec(line) ?? [];
    const key = fields[name];
    if (flags !== undefined)
      (open as { flags: readonly string[] }).flags = flags.split(' ').filter((flag) => flag !== '');
    else if (key !== undefined) (open as Record<string, unknown>)[key] = Number(kibibytes) * 1024;
  }
  return found;
}

function nothing(): RegionUsage {
  return {
    start: 0n,
    end: 0n,
    rss: 0,
    pss: 0,
    sharedClean: 0,
    sharedDirty: 0,
    privateClean: 0,
    privateDirty: 0,
    anonymous: 0,
    anonHugePages: 0,
    swap: 0,
    locked: 0,
    flags: [],
  };
}
