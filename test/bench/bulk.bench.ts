// Reading 256 MiB in chunks, against the same loop in C over the call and over /proc/<pid>/mem; and one chunk again and again.
// Each way reads into one buffer of its own (ours of `createBuffer`, or any), and all of the memory in each round. The file has
// its limit where the caches hold the chunk: what comes from memory waits for memory by either way, in C too, as the last figure
// of each tells. There are processors where C by the call comes no further than that limit: there, ours has to come as near as
// nine tenths to it.
import { pageBytes } from '../../common/page.ts';
import type { Range } from '../../common/range.ts';
import { attach } from '../../native/attach.ts';
import { createBuffer } from '../../native/buffer.ts';
import { localAddress } from '../../native/linux/libc.ts';
import type { Process } from '../../native/process.ts';
import { startTarget } from '../target/target.ts';
import { inTurn, median, speed, type BenchResult } from './bench.ts';
import { startPeer, type Peer } from './peer.ts';

const mebibyte = 2 ** 20;
const regionBytes = 256 * mebibyte;

export const isOnOneProcessor = true;

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask(`map ${regionBytes / pageBytes} rw 1`));
  const source = await attach(target.pid);
  try {
    return [
      ...(await against(source, at, regionBytes, mebibyte / 4, '256 MiB by 256 KiB', { call: 0.95 })),
      ...(await against(source, at, regionBytes, mebibyte, '256 MiB by 1 MiB', { call: 0.95 })),
      ...(await against(source, at, mebibyte / 4, mebibyte / 4, 'the same 256 KiB', { file: 1.5 })),
      ...(await against(source, at, mebibyte, mebibyte, 'the same 1 MiB', {})),
      ...(await against(
        source,
        at,
        regionBytes,
        mebibyte / 4,
        '256 MiB by 256 KiB, any buffer',
        { call: 0.95 },
        anyBuffer,
      )),
      // As large a buffer begins sixteen bytes into a page, wherever it is: malloc puts them before whole pages.
      ...(await against(
        source,
        at,
        regionBytes,
        64 * mebibyte,
        '256 MiB by 64 MiB, any buffer',
        { call: 0.95 },
        anyBuffer,
      )),
    ];
  } finally {
    source.dispose();
    target.dispose();
  }
}

const anyBuffer = (length: number): Uint8Array => new Uint8Array(length);

async function against(
  source: Process,
  at: bigint,
  bytes: number,
  chunk: number,
  what: string,
  limits: { readonly call?: number; readonly file?: number },
  buffer: (length: number) => Uint8Array = createBuffer,
): Promise<BenchResult[]> {
  const took: Took = { awaited: [], atOnce: [], call: [], file: [] };
  // Where a buffer happens to lie decides some percent: each side has many, each at the same place in its page as the others'.
  for (let set = 0; set < 13; set++) {
    const some = await measure(source, at, bytes, buffer(chunk));
    for (const name of Object.keys(took) as (keyof Took)[]) took[name].push(...some[name]);
  }
  const callOverFile = speed(took.call, took.file);
  const bandwidth = (name: string, nanoseconds: readonly number[]): BenchResult => ({
    name: `${what}, ${name}`,
    value: chunk / median(nanoseconds),
    unit: 'GB/s',
  });
  const limit = (atLeast: number | undefined, tolerance: number): Partial<BenchResult> =>
    atLeast === undefined ? {} : { limit: atLeast, tolerance, higherIsBetter: true };
  return [
    bandwidth('readInto', took.awaited),
    bandwidth('readIntoSync', took.atOnce),
    bandwidth('process_vm_readv from C', took.call),
    bandwidth('/proc/<pid>/mem from C', took.file),
    { name: `${what}, as fast as C`, value: speed(took.awaited, took.call), unit: '×', ...limit(limits.call, 0.05) },
    {
      name: `${what}, readIntoSync as fast as C`,
      value: speed(took.atOnce, took.call),
      unit: '×',
      ...limit(limits.call, 0.05),
    },
    {
      name: `${what}, as fast as /proc/<pid>/mem from C`,
      value: speed(took.awaited, took.file),
      unit: '×',
      ...limit(limits.file && (callOverFile < limits.file ? 0.9 * callOverFile : limits.file), 0.1),
    },
    { name: `${what}, C by the call as fast as by the file`, value: callOverFile, unit: '×' },
  ];
}

/** Nanoseconds that a chunk took, for each way. */
type Took = Record<'awaited' | 'atOnce' | 'call' | 'file', number[]>;

async function measure(source: Process, at: bigint, bytes: number, buffer: Uint8Array): Promise<Took> {
  const chunk = buffer.length;
  // A processor copies to the beginning of a cache line in another way than to its middle: 8 % slower, on some. All have the same.
  const offset = localAddress(buffer) % pageBytes;
  const start = (way: string): Promise<Peer> =>
    startPeer('read', [source.pid, at.toString(16), bytes, chunk, way, offset].map(String));
  const call = await start('call');
  const file = await start('file');
  const times = regionBytes / chunk;
  // Made before: what is timed is the read, and a bigint made after each large copy would be two percent of it.
  const ranges = Array.from({ length: bytes / chunk }, (_, i): Range => ({
    start: at + BigInt(i * chunk),
    length: chunk,
  }));
  const rounds = times / ranges.length;
  // What is timed is what was read: page i of the region is full of i + 1.
  const { unreadable } = await source.readInto({ start: at, length: chunk }, buffer);
  if (unreadable.length > 0) throw new Error('not all of it was in memory');
  for (let i = 0; i < chunk; i++)
    if (buffer[i] !== (1 + Math.floor(i / pageBytes)) % 256) throw new Error('read something else');

  const took = await inTurn(3, {
    awaited: async () => {
      const begun = process.hrtime.bigint();
      for (let i = 0; i < rounds; i++) for (const range of ranges) await source.readInto(range, buffer);
      return Number(process.hrtime.bigint() - begun) / times;
    },
    atOnce: () => {
      const begun = process.hrtime.bigint();
      for (let i = 0; i < rounds; i++) for (const range of ranges) source.readIntoSync(range, buffer);
      return Number(process.hrtime.bigint() - begun) / times;
    },
    call: () => call.ask(times),
    file: () => file.ask(times),
  });
  call.dispose();
  file.dispose();
  return took;
}
