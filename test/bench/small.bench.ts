// What one read of eight bytes costs over the bare call from C.
import { attach } from '../../native/attach.ts';
import { startTarget } from '../target/target.ts';
import { inTurn, median, medianOf, timeEach, type BenchResult } from './bench.ts';
import { startPeer } from './peer.ts';

const times = 4000;

export const isOnOneProcessor = true;

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask('map 1 rw 7'));
  const source = await attach(target.pid);
  const peer = await startPeer('read', [String(target.pid), at.toString(16), '8', '8', 'call', '0']);
  const buffer = new Uint8Array(8);
  const range = { start: at, length: 8 };
  await source.readInto(range, buffer);
  if (buffer.some((byte) => byte !== 7)) throw new Error('read something else');
  const took = await inTurn(41, {
    awaited: async () => {
      const begun = process.hrtime.bigint();
      for (let i = 0; i < times; i++) await source.readInto(range, buffer);
      return Number(process.hrtime.bigint() - begun) / times / 1000;
    },
    atOnce: () => timeEach(times, () => source.readIntoSync(range, buffer)),
    theirs: async () => (await peer.ask(times)) / 1000,
  });
  peer.dispose();
  source.dispose();
  target.dispose();
  const over = (ours: readonly number[]): number => medianOf(ours, took.theirs, (a, b) => a - b);
  return [
    { name: '8 bytes, readInto', value: median(took.awaited), unit: 'µs' },
    { name: '8 bytes, readIntoSync', value: median(took.atOnce), unit: 'µs' },
    { name: '8 bytes, process_vm_readv from C', value: median(took.theirs), unit: 'µs' },
    { name: '8 bytes, readInto over C', value: over(took.awaited), unit: 'µs', limit: 2, tolerance: 0.15 },
    { name: '8 bytes, readIntoSync over C', value: over(took.atOnce), unit: 'µs' },
  ];
}
