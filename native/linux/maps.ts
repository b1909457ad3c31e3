import { pageBytes, pageOf, type PageNumber } from '../../common/page.ts';
import {
  Access,
  accessBits,
  kindOf,
  printAccess,
  regionKinds,
  type Region,
  type RegionKind,
  type RegionTable,
} from '../../common/region.ts';

/*
 * /proc/<pid>/maps, read by hand: a regular expression a line takes half a second for 65,000 regions, this a twentieth of it.
 *
 *     7f0c7a028000-7f0c7a1bd000 r-xp 00028000 fe:01 1835131                    /usr/lib/x86_64-linux-gnu/libc.so.6
 *     start        end          access offset device inode                     name, "\n" in it printed as \012
 */

/** One line, reused for every line of a scan. Addresses and the offset are in pages: exact as numbers for all of 2^64. */
interface Line {
  start: number;
  end: number;
  access: number;
  offset: number;
  inode: number;
  deviceAt: number;
  deviceEnd: number;
  nameAt: number;
  nameEnd: number;
  /** Whether a guard lies right below it: pages without access, as C libraries put below the stacks of threads. */
  guarded: boolean;
}

/** A guard is a page or a few; what an allocator reserves beside its memory is far larger. */
const guardPagesMax = 16;
/** PTHREAD_STACK_MIN. */
const stackPagesMin = 4;

const newline = 0x0a;
const space = 0x20;
const dash = 0x2d;
const backslash = 0x5c;

/** The value of each hexadecimal digit as the kernel prints it; 16 for other bytes. */
const digits = new Uint8Array(256).fill(16);
for (let digit = 0; digit < 16; digit++) digits[digit.toString(16).charCodeAt(0)] = digit;

/** What `readHex` has read last, as 32-bit halves, the lower one first: no number of JavaScript is exact for all of 2^64. */
const halves = new Uint32Array(2);

/** Reads up to sixteen hexadecimal digits into `halves`; where they end, `at` where there is no such number. */
function readHex(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  let high = 0;
  let low = 0;
  let i = at;
  for (; i < length; i++) {
    const digit = digits[bytes[i] as number] as number;
    if (digit === 16) break;
    high = (high << 4) | (low >>> 28);
    low = (low << 4) | digit;
  }
  halves[0] = low;
  halves[1] = high;
  return i - at > 16 ? at : i;
}

/** The page of the address that was read last. */
function pageRead(): PageNumber {
  return (halves[1] as number) * 0x10_0000 + ((halves[0] as number) >>> 12);
}

function fieldEnd(bytes: Uint8Array, at: number): number {
  const { length } = bytes;
  let i = at;
  while (i < length && bytes[i] !== space && bytes[i] !== newline) i++;
  return i;
}

/** Reads the line that begins at `at`; where it ends, or -1 where it makes no sense. */
function readLine(bytes: Uint8Array, at: number, line: Line): number {
  const { length } = bytes;
  let i = readHex(bytes, at);
  if (i === at || bytes[i] !== dash) return -1;
  const start = pageRead();
  const endAt = i + 1;
  i = readHex(bytes, endAt);
  if (i === endAt || bytes[i] !== space) return -1;
  const end = pageRead();
  if (!(end > start) || bytes[i + 5] !== space) return -1;
  line.start = start;
  line.end = end;
  line.access =
    (bytes[i + 1] === 0x72 ? Access.read : 0) |
    (bytes[i + 2] === 0x77 ? Access.write : 0) |
    (bytes[i + 3] === 0x78 ? Access.execute : 0) |
    (bytes[i + 4] === 0x73 ? Access.shared : 0);
  const offsetAt = i + 6;
  i = readHex(bytes, offsetAt);
  if (i === offsetAt || bytes[i] !== space) return -1;
  line.offset = pageRead();
  line.deviceAt = i + 1;
  i = fieldEnd(bytes, i + 1);
  line.deviceEnd = i;
  let inode = 0;
  if (bytes[i] === space)
    for (i++; i < length && bytes[i] !== space && bytes[i] !== newline; i++)
      inode = inode * 10 + ((bytes[i] as number) - 0x30);
  line.inode = inode;
  while (i < length && bytes[i] === space) i++;
  line.nameAt = i;
  while (i < length && bytes[i] !== newline) i++;
  line.nameEnd = i;
  return i;
}

/** Calls `visit` for each well-formed line. The regions that it sees ascend and do not overlap, whatever the bytes say. */
function scan(bytes: Uint8Array, visit: (line: Line) => void): void {
  const line: Line = {
    start: 0,
    end: 0,
    access: 0,
    offset: 0,
    inode: 0,
    deviceAt: 0,
    deviceEnd: 0,
    nameAt: 0,
    nameEnd: 0,
    guarded: false,
  };
  let last = 0;
  let guardEnd = -1;
  for (let at = 0; at < bytes.length;) {
    const end = readLine(bytes, at, line);
    if (end < 0) {
      const next = bytes.indexOf(newline, at);
      if (next < 0) break;
      at = next + 1;
      continue;
    }
    at = end + 1;
    // A region that grew while the file was being read can come out twice. Each page is to belong to one region.
    if (line.start < last) line.start = last;
    if (line.end <= line.start) continue;
    last = line.end;
    line.guarded = guardEnd === line.start;
    const isGuard = line.access === 0 && line.nameAt === line.nameEnd && line.end - line.start <= guardPagesMax;
    guardEnd = isGuard ? line.end : -1;
    visit(line);
  }
}

/** Names, each decoded once: thousands of regions share a few. */
function createNames(bytes: Uint8Array): (from: number, to: number) => string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const known = new Map<string, string>();
  let last = '';
  let lastFrom = 0;
  let lastTo = 0;
  return (from, to) => {
    if (from === to) return '';
    if (sameBytes(bytes, from, to, lastFrom, lastTo)) return last;
    const raw = buffer.toString('latin1', from, to);
    let name = known.get(raw);
    if (name === undefined) {
      // Bytes that are not UTF-8 become U+FFFD: such a name can be shown, though not typed.
      name = buffer.toString('utf8', from, to);
      if (buffer.subarray(from, to).includes(backslash)) name = name.replaceAll('\\012', '\n');
      known.set(raw, name);
    }
    lastFrom = from;
    lastTo = to;
    return (last = name);
  };
}

function sameBytes(bytes: Uint8Array, from: number, to: number, otherFrom: number, otherTo: number): boolean {
  if (to - from !== otherTo - otherFrom) return false;
  for (let i = from, j = otherFrom; i < to; i++, j++) if (bytes[i] !== bytes[j]) return false;
  return true;
}

/** The kind of a line: `kindOf` sees one region only, and a thread's stack is known by what lies below it. */
function kindOfLine(name: string, line: Line): RegionKind {
  const kind = kindOf(name, line.access);
  return line.guarded && isStackSized(kind, name, line.access, line.end - line.start) ? 'threadStack' : kind;
}

function isStackSized(kind: RegionKind, name: string, access: number, pages: number): boolean {
  return kind === 'anonymous' && name === '' && access === (Access.read | Access.write) && pages >= stackPagesMin;
}

/** Whether a region that came alone is the stack of a thread if a guard lies right below it. */
export function isStackIfGuarded(region: Region): boolean {
  return isStackSized(region.kind, region.name, accessBits(region.access), pagesIn(region));
}

/** Whether a region guards the one above it. */
export function isGuard(region: Region): boolean {
  return region.kind === 'reserved' && pagesIn(region) <= guardPagesMax;
}

function pagesIn({ start, end }: Region): number {
  return pageOf(end) - pageOf(start);
}

const kindIndex = new Map<RegionKind, number>(regionKinds.map((kind, i) => [kind, i]));

const accessTexts = Array.from({ length: 16 }, (_, bits) => printAccess(bits));

/** The regions of a maps file, as a library's user wants them. Lines that make no sense are left out. */
export function parseMaps(bytes: Uint8Array): Region[] {
  const regions: Region[] = [];
  const text = createNames(bytes);
  const device = createNames(bytes);
  // Making bigints is what takes the time here: neighbours share one, and none is made by arithmetic.
  const words = new Uint32Array(2);
  const wide = new BigUint64Array(words.buffer);
  const addressOf = (page: number): bigint => {
    if (page === 0) return 0n;
    words[0] = (page % 0x10_0000) * pageBytes;
    words[1] = page / 0x10_0000;
    return wide[0] as bigint;
  };
  let lastPage = 0;
  let last = 0n;
  scan(bytes, (line) => {
    const name = text(line.nameAt, line.nameEnd);
    const start = line.start === lastPage ? last : addressOf(line.start);
    lastPage = line.end;
    last = addressOf(line.end);
    regions.push({
      start,
      end: last,
      access: accessTexts[line.access] as string,
      offset: addressOf(line.offset),
      device: device(line.deviceAt, line.deviceEnd),
      inode: line.inode,
      name,
      kind: kindOfLine(name, line),
    });
  });
  return regions;
}

/** The same as columns, without a bigint or an object a region. */
export function parseMapsTable(bytes: Uint8Array, version: number): RegionTable {
  let lines = 1;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++;
  const starts = new Float64Array(lines);
  const ends = new Float64Array(lines);
  const access = new Uint8Array(lines);
  const kinds = new Uint8Array(lines);
  const nameOf = new Uint32Array(lines);
  const names: string[] = [];
  const indexes = new Map<string, number>();
  const text = createNames(bytes);
  let count = 0;
  scan(bytes, (line) => {
    const name = text(line.nameAt, line.nameEnd);
    let index = indexes.get(name);
    if (index === undefined) {
      index = names.push(name) - 1;
      indexes.set(name, index);
    }
    starts[count] = line.start;
    ends[count] = line.end;
    access[count] = line.access;
    kinds[count] = kindIndex.get(kindOfLine(name, line)) as number;
    nameOf[count] = index;
    count++;
  });
  // Copies, not views: a table crosses channels whose other end would get the whole backing buffer.
  return {
    version,
    starts: starts.slice(0, count),
    ends: ends.slice(0, count),
    access: access.slice(0, count),
    kinds: kinds.slice(0, count),
    nameOf: nameOf.slice(0, count),
    names,
  };
}
