// How much of 1 GiB is in memory, all of which is: `residency` with its pauses, against the bare PAGEMAP_SCAN from C.
import { pageBytes, pageOf } from '../../common/page.ts';
import { findRegion, type RegionTable } from '../../common/region.ts';
import { attach } from '../../native/attach.ts';
import { startTarget } from '../target/target.ts';
import { inTurn, median, medianOf, type BenchResult } from './bench.ts';
import { startPeer } from './peer.ts';

const gibibyte = 2 ** 30;

export const isOnOneProcessor = true;

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  const at = BigInt(await target.ask(`map ${gibibyte / pageBytes} rw 1`));
  const source = await attach(target.pid);
  const peer = await startPeer('residency', [String(target.pid), at.toString(16), String(gibibyte)]);
  source.look();
  const table = rowOf(source.table, pageOf(at));
  const { resident } = await source.residency(table);
  if (resident[0] !== gibibyte) throw new Error(`${resident[0]} bytes are in memory`);
  const { ours, theirs } = await inTurn(41, {
    ours: async () => {
      const begun = process.hrtime.bigint();
      await source.residency(table);
      return Number(process.hrtime.bigint() - begun) / 1e6;
    },
    theirs: async () => (await peer.ask(1)) / 1e6,
  });
  peer.dispose();
  source.dispose();
  target.dispose();
  return [
    { name: 'residency of 1 GiB', value: median(ours), unit: 'ms' },
    { name: 'residency of 1 GiB, PAGEMAP_SCAN from C', value: median(theirs), unit: 'ms' },
    {
      name: 'residency of 1 GiB, times as long as C',
      value: medianOf(ours, theirs, (a, b) => a / b),
      unit: '×',
      limit: 1.2,
      tolerance: 0.05,
    },
  ];
}

/** A table of the one region that holds a page. */
function rowOf(table: RegionTable, page: number): RegionTable {
  const i = findRegion(table, page);
  return {
    ...table,
    starts: Float64Array.of(page),
    ends: Float64Array.of(page + gibibyte / pageBytes),
    access: table.access.slice(i, i + 1),
    kinds: table.kinds.slice(i, i + 1),
    nameOf: table.nameOf.slice(i, i + 1),
  };
}
