import { printAddress, type Address } from './address.ts';
import { isBareName } from './expression.ts';
import { addressOfPage, pageOf, type PageNumber } from './page.ts';

export const regionKinds = [
  'heap',
  'stack',
  'anonymous',
  'text',
  'rodata',
  'data',
  'shared',
  'vdso',
  'named',
  'reserved',
  'threadStack',
] as const;
/**
 * - `text`, `rodata`, `data`: private file mappings, by access (executable, read-only, writable)
 * - `shared`: mapped MAP_SHARED, file or not
 * - `vdso`: what the kernel maps by itself: [vdso], [vvar], [vsyscall]
 * - `named`: anonymous memory that the program gave a name ([anon:…])
 * - `reserved`: anonymous, without any access
 * - `threadStack`: anonymous, with a guard right below it: the stack of a thread, as far as the regions tell
 */
export type RegionKind = (typeof regionKinds)[number];

/** One line of /proc/<pid>/maps. `end` is the address after the last byte; both are page-aligned. */
export interface Region {
  readonly start: Address;
  readonly end: Address;
  /** As the kernel prints it: `rw-p`. */
  readonly access: string;
  readonly offset: bigint;
  readonly device: string;
  readonly inode: number;
  /** The path or `[name]` as the kernel prints it, unescaped; empty for plain anonymous memory. */
  readonly name: string;
  readonly kind: RegionKind;
}

/** Bits of `RegionTable.access`. */
export const Access = { read: 1, write: 2, execute: 4, shared: 8 } as const;

/**
 * All regions of a target as columns, ascending and disjoint, so that 65,000 of them cross a channel as a few
 * buffers. Row i of every column is region i.
 */
export interface RegionTable {
  /** Rises with every change; residency names the table that it goes with. */
  readonly version: number;
  /** First page of each region. */
  readonly starts: Float64Array;
  /** The page after the last of each region. */
  readonly ends: Float64Array;
  /** `Access` bits. */
  readonly access: Uint8Array;
  /** Indexes into `regionKinds`. */
  readonly kinds: Uint8Array;
  /** Indexes into `names`. */
  readonly nameOf: Uint32Array;
  readonly names: readonly string[];
}

export const emptyRegionTable: RegionTable = {
  version: 0,
  starts: new Float64Array(0),
  ends: new Float64Array(0),
  access: new Uint8Array(0),
  kinds: new Uint8Array(0),
  nameOf: new Uint32Array(0),
  names: [],
};

export function tableOfRegions(regions: readonly Region[], version: number): RegionTable {
  const starts = new Float64Array(regions.length);
  const ends = new Float64Array(regions.length);
  const access = new Uint8Array(regions.length);
  const kinds = new Uint8Array(regions.length);
  const nameOf = new Uint32Array(regions.length);
  const names: string[] = [];
  const nameIndex = new Map<string, number>();
  regions.forEach((region, i) => {
    starts[i] = pageOf(region.start);
    ends[i] = pageOf(region.end);
    access[i] = accessBits(region.access);
    kinds[i] = regionKinds.indexOf(region.kind);
    let name = nameIndex.get(region.name);
    if (name === undefined) {
      name = names.push(region.name) - 1;
      nameIndex.set(region.name, name);
    }
    nameOf[i] = name;
  });
  return { version, starts, ends, access, kinds, nameOf, names };
}

export function accessBits(text: string): number {
  return (
    (text[0] === 'r' ? Access.read : 0) |
    (text[1] === 'w' ? Access.write : 0) |
    (text[2] === 'x' ? Access.execute : 0) |
    (text[3] === 's' ? Access.shared : 0)
  );
}

/** `rw-p`, as the kernel prints it. */
export function printAccess(bits: number): string {
  return (
    (bits & Access.read ? 'r' : '-') +
    (bits & Access.write ? 'w' : '-') +
    (bits & Access.execute ? 'x' : '-') +
    (bits & Access.shared ? 's' : 'p')
  );
}

/** What the kernel calls memory of nobody's file that it has a file for: huge pages, and private /dev/zero. */
const filesOfNobody = new Set(['/anon_hugepage', '/anon_hugepage (deleted)', '/dev/zero', '/dev/zero (deleted)']);

/** The kind of a region by its name as the kernel prints it and its `Access` bits alone. */
export function kindOf(name: string, access: number): RegionKind {
  if (access & Access.shared) return 'shared';
  if (name === '') return access & (Access.read | Access.write | Access.execute) ? 'anonymous' : 'reserved';
  if (name.startsWith('[')) {
    if (name === '[heap]') return 'heap';
    if (name === '[stack]' || name.startsWith('[stack:')) return 'stack';
    // Android's C library names them itself.
    if (name.startsWith('[anon:stack_and_tls:')) return 'threadStack';
    return name.startsWith('[anon') ? 'named' : 'vdso';
  }
  if (filesOfNobody.has(name)) return 'anonymous';
  if (access & Access.execute) return 'text';
  return access & Access.write ? 'data' : 'rodata';
}

/** The index of the region that holds `page`, or of the first one after it as `-1 - index`. */
export function findRegion(table: RegionTable, page: PageNumber): number {
  const { starts, ends } = table;
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) <= page) low = middle + 1;
    else high = middle;
  }
  return low < starts.length && (starts[low] as number) <= page ? low : -1 - low;
}

export function regionName(table: RegionTable, index: number): string {
  return table.names[table.nameOf[index] ?? -1] ?? '';
}

export function regionKind(table: RegionTable, index: number): RegionKind {
  return regionKinds[table.kinds[index] ?? -1] ?? 'anonymous';
}

/** The names that an address expression may use, as people see them in labels. */
export function expressionNames(table: RegionTable): ReadonlySet<string> {
  return new Set(table.names.map(baseName).filter((name) => name !== ''));
}

/** The last part of a path; `[heap]` and the like stay whole. */
export function baseName(name: string): string {
  return name.startsWith('/') ? name.slice(name.lastIndexOf('/') + 1) : name;
}

/**
 * Where labels of region `index` count from: the lowest region of the same name, which is where a file is loaded, so that
 * `libc.so.6+0x1234` is the same in every run. An address expression counts from there too.
 */
export function labelBase(table: RegionTable, index: number): PageNumber {
  return table.starts[table.nameOf.indexOf(table.nameOf[index] ?? 0)] ?? 0;
}

const ambiguousNames = new WeakMap<readonly string[], ReadonlySet<string>>();

/** Last parts of paths that more than one file of the target has. */
function ambiguous(names: readonly string[]): ReadonlySet<string> {
  let found = ambiguousNames.get(names);
  if (found === undefined) {
    const seen = new Set<string>();
    const twice = new Set<string>();
    for (const name of names.map(baseName)) (seen.has(name) ? twice : seen).add(name);
    found = twice;
    ambiguousNames.set(names, found);
  }
  return found;
}

const labelNames = new WeakMap<readonly string[], Map<string, string>>();

/**
 * What labels call the regions with a name: its last part, in quotes where an expression would take that for something
 * else (a file called `4096`), or all of it in quotes where two files share it.
 */
export function labelName(table: RegionTable, full: string): string {
  const { names } = table;
  const known = labelNames.get(names) ?? new Map<string, string>();
  labelNames.set(names, known);
  let name = known.get(full);
  if (name === undefined) {
    const base = baseName(full);
    if (ambiguous(names).has(base)) name = JSON.stringify(full);
    else name = isBareName(base, [...names, ...expressionNames(table)]) ? base : JSON.stringify(base);
    known.set(full, name);
  }
  return name;
}

/** `[heap]+0x2b0`, `libc.so.6+0x1234`; `undefined` where nothing with a name is mapped. An address expression reads it back. */
export function printLabel(table: RegionTable, address: Address): string | undefined {
  const index = findRegion(table, pageOf(address));
  if (index < 0) return undefined;
  const full = regionName(table, index);
  if (full === '') return undefined;
  const name = labelName(table, full);
  const offset = address - addressOfPage(labelBase(table, index));
  return offset === 0n ? name : `${name}+${printAddress(offset)}`;
}
