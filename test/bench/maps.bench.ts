// A target with 65,000 regions: parsing its maps file, in a thread that has just started, as a command line's is, and warm.
import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { attach } from '../../native/attach.ts';
import { parseMaps, parseMapsTable } from '../../native/linux/maps.ts';
import { startTarget } from '../target/target.ts';
import { median, timeEach, type BenchResult } from './bench.ts';

/** Milliseconds that the first parse of a new thread takes, with nothing compiled yet. */
function firstParse(bytes: Uint8Array): Promise<number> {
  const body = `
    const { parentPort, workerData: { bytes, maps } } = require('node:worker_threads');
    import(maps).then(({ parseMaps }) => {
      const begun = performance.now();
      const regions = parseMaps(bytes);
      parentPort.postMessage({ ms: performance.now() - begun, count: regions.length });
    });`;
  const maps = new URL('../../native/linux/maps.ts', import.meta.url).href;
  return new Promise((resolve, reject) => {
    const worker = new Worker(body, { eval: true, workerData: { bytes, maps } });
    worker.once('error', reject);
    worker.once('message', ({ ms, count }: { ms: number; count: number }) => {
      void worker.terminate();
      if (count < 65_000) reject(new Error(`${count} regions`));
      else resolve(ms);
    });
  });
}

export async function run(): Promise<BenchResult[]> {
  const target = await startTarget('scratch');
  await target.ask('regions 65000');
  const bytes = readFileSync(`/proc/${target.pid}/maps`);
  const source = await attach(target.pid);
  const time = (body: () => void): number => median(Array.from({ length: 15 }, () => timeEach(1, body) / 1000));
  const cold: number[] = [];
  for (let i = 0; i < 9; i++) cold.push(await firstParse(bytes));
  const results = [
    {
      name: '65,000 regions parsed into objects, first of a thread',
      value: median(cold),
      unit: 'ms',
      limit: 60,
      tolerance: 0.1,
    },
    { name: '65,000 regions parsed into objects', value: time(() => void parseMaps(bytes)), unit: 'ms', limit: 60 },
    {
      name: '65,000 regions parsed into a table',
      value: time(() => void parseMapsTable(bytes, 1)),
      unit: 'ms',
      limit: 60,
    },
    { name: '65,000 regions looked at, nothing changed', value: time(() => void source.look()), unit: 'ms' },
  ];
  source.dispose();
  target.dispose();
  return results;
}
