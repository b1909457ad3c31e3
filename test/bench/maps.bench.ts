// A target with 65,000 regions: reading its maps file, and parsing it.
import { readFileSync } from 'node:fs';
import { attach } from '../../native/attach.ts';
import { parseMaps, parseMapsTable } from '../../native/linux/maps.ts';
import { startTarget } from '../target/target.ts';
import { median, timeEach, type BenchResult } from './bench.ts';

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  await target.ask('regions 65000');
  const bytes = readFileSync(`/proc/${target.pid}/maps`);
  const source = await attach(target.pid);
  const time = (body: () => void): number => median(Array.from({ length: 15 }, () => timeEach(1, body) / 1000));
  const results = [
    {
      name: '65,000 regions parsed into a table',
      value: time(() => void parseMapsTable(bytes, 1)),
      unit: 'ms',
      limit: 60,
    },
    { name: '65,000 regions parsed into objects', value: time(() => void parseMaps(bytes)), unit: 'ms', limit: 60 },
    { name: '65,000 regions looked at, nothing changed', value: time(() => void source.look()), unit: 'ms' },
  ];
  source.dispose();
  target.dispose();
  return results;
}
