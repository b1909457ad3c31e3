import type { Address } from '../../../common/address.ts';
import { offsetInPage, pageBytes, pageOf, type PageNumber } from '../../../common/page.ts';
import { localAddress, processVmReadv, processVmWritev } from '../../../native/linux/libc.ts';
import type { Case, Local } from './cases.ts';
import type { World } from './world.ts';

export const calls = { read: processVmReadv, write: processVmWritev } as const;
export type CallName = keyof typeof calls;

/** A range of either side: its base and its length, which may be nonsense. */
export type Piece = readonly [base: bigint, length: number | bigint];

/** The iovecs of a call: { u64 base, u64 length } each. */
export function vectorOf(pieces: readonly Piece[]): BigUint64Array {
  const words = new BigUint64Array(new ArrayBuffer(Math.max(16, pieces.length * 16)));
  pieces.forEach(([base, length], i) => {
    words[i * 2] = BigInt.asUintN(64, base);
    words[i * 2 + 1] = BigInt.asUintN(64, BigInt(length));
  });
  return words;
}

/** What came of a call: what it returned, and a sentence for the first byte on either side that is not as that says. */
export interface Outcome {
  readonly found: number;
  readonly wrong: string | undefined;
}

/** Bytes of the buffer before the first range and after the last one, which no call may touch. */
const guardBytes = 64;
const wild = { null: 0n, kernel: 0xffff_8880_0000_0000n } as const;

/**
 * Makes one call as a case says, and compares every byte of both sides with what an oracle makes of the count that the call
 * gave: so many bytes have moved, in order, and no other has changed. The target's memory is looked at through
 * /proc/<pid>/mem, and put back afterwards.
 */
export function run(name: CallName, one: Case, world: World, pid: number): Outcome {
  const remote = (one.remote ?? []).map(([place, offset, length]): Piece => [
    (world.at.get(place) as Address) + BigInt(offset),
    length,
  ]);
  const local = one.local ?? [remote.reduce((sum, [, length]) => sum + Number(length), 0)];
  const room = local.reduce<number>((sum, range) => sum + roomOf(range), 0);
  const buffer = new Uint8Array(new ArrayBuffer(room + 2 * guardBytes));
  for (let i = 0; i < buffer.length; i++) buffer[i] = name === 'read' ? 0xee : (i * 13 + (i >>> 8) * 5 + 1) & 0xff;
  const base = localAddress(buffer);
  let used = guardBytes;
  const locals = local.map((range): Piece => {
    if (typeof range !== 'number' && range[0] !== 'buffer') return [wild[range[0]], range[1]];
    const at = BigInt(base + used);
    used += roomOf(range);
    return [at, typeof range === 'number' ? range : range[1]];
  });

  const before = snapshot(world, remote, room);
  const localVector = vectorOf(locals);
  const remoteVector = vectorOf(remote);
  const expected = { local: buffer.slice(), remote: copyOf(before) };
  const found = calls[name](
    pid,
    one.vectors?.local ?? localAddress(localVector),
    one.counts?.local ?? locals.length,
    one.vectors?.remote ?? localAddress(remoteVector),
    one.counts?.remote ?? remote.length,
    one.flags,
  );
  const after = snapshot(world, remote, room);
  for (const [page, bytes] of before) if (name === 'write') world.restore(page, bytes);

  // The ranges of the buffer follow each other, so byte i that moves is byte i after the guard; a bad one ends it.
  const reach = local.findIndex((range) => typeof range !== 'number' && range[0] !== 'buffer');
  const limit = (reach < 0 ? local : local.slice(0, reach)).reduce<number>((sum, range) => sum + roomOf(range), 0);
  const wrong =
    move(name, found, limit, remote, expected) ??
    differing('local', buffer, expected.local) ??
    [...expected.remote]
      .map(([page, bytes]) => differing(`remote page ${page.toString(16)}`, after.get(page), bytes))
      .find((sentence) => sentence !== undefined);
  return { found, wrong };
}

function roomOf(range: Local): number {
  if (typeof range === 'number') return range;
  return range[0] === 'buffer' ? pageBytes : 0;
}

type Pages = Map<PageNumber, Buffer | undefined>;

/** All pages that the ranges touch, and the page after each of them; of a nonsensical length, as much as could move. */
function snapshot(world: World, remote: readonly Piece[], room: number): Pages {
  const pages: Pages = new Map();
  for (const [start, length] of remote) {
    const bytes = Math.min(Math.max(Number(length), 0), room);
    const first = pageOf(start);
    const last = pageOf(start + BigInt(bytes)) + 1;
    for (let page = first; page <= last; page++) if (!pages.has(page)) pages.set(page, world.peek(page));
  }
  return pages;
}

function copyOf(pages: Pages): Pages {
  return new Map([...pages].map(([page, bytes]) => [page, bytes && Buffer.from(bytes)]));
}

/** The oracle: moves `count` bytes one by one. A sentence where there is none to move. */
function move(
  name: CallName,
  count: number,
  limit: number,
  remote: readonly Piece[],
  sides: { readonly local: Uint8Array; readonly remote: Pages },
): string | undefined {
  let done = 0;
  for (const [start, length] of remote) {
    const first = pageOf(start);
    const offset = offsetInPage(start);
    for (let i = 0; i < Number(length) && done < count; i++, done++) {
      const bytes = sides.remote.get(first + Math.floor((offset + i) / pageBytes));
      if (bytes === undefined) return `byte ${done} of ${count} came from, or went, where nothing is`;
      const at = (offset + i) % pageBytes;
      if (name === 'read') sides.local[guardBytes + done] = bytes[at] as number;
      else bytes[at] = sides.local[guardBytes + done] as number;
    }
  }
  if (count <= Math.min(done, limit)) return undefined;
  return `it says that ${count} bytes have moved, of ${Math.min(done, limit)} that could`;
}

function differing(side: string, found: Uint8Array | undefined, expected: Uint8Array | undefined): string | undefined {
  if (found === undefined || expected === undefined) {
    return found === expected ? undefined : `${side} is there now and was not before, or the other way round`;
  }
  if (Buffer.compare(found, expected) === 0) return undefined;
  const at = found.findIndex((byte, i) => byte !== expected[i]);
  return `${side}: byte ${at} is ${found[at]}, not ${expected[at]}`;
}
