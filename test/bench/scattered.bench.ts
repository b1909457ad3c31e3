// 1,024 pages that lie apart, in one plan, against the same single call from C.
import { attach } from '../../native/attach.ts';
import { pageBytes, pageOf } from '../../common/page.ts';
import { createPlan } from '../../native/source.ts';
import { startTarget } from '../target/target.ts';
import { inTurn, median, speed, timeEach, type BenchResult } from './bench.ts';
import { startPeer } from './peer.ts';

export const isOnOneProcessor = true;

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask('map 2048 rw 1'));
  const source = await attach(target.pid);
  for (const pages of [16, 256, 1024]) {
    const peer = await startPeer('scattered', [String(target.pid), at.toString(16), String(pages), '2']);
    const plan = createPlan(Array.from({ length: pages }, (_, i) => pageOf(at) + i * 2));
    const times = Math.ceil(40_000 / pages);
    source.fill(plan);
    if (plan.bytes[(pages - 1) * pageBytes] !== (1 + (pages - 1) * 2) % 256) throw new Error('read something else');
    const { ours, theirs } = await inTurn(31, {
      ours: () => timeEach(times, () => source.fill(plan)),
      theirs: async () => (await peer.ask(times)) / 1000,
    });
    peer.dispose();
    results.push(
      { name: `${pages} scattered pages in one plan`, value: median(ours), unit: 'µs' },
      { name: `${pages} scattered pages in one call from C`, value: median(theirs), unit: 'µs' },
      {
        name: `${pages} scattered pages, as fast as C`,
        value: speed(ours, theirs),
        unit: '×',
        ...(pages === 1024 && { limit: 0.85, tolerance: 0.05, higherIsBetter: true }),
      },
    );
  }
  source.dispose();
  target.dispose();
  return results;
}
