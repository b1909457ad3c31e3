import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import type { BenchResult } from './bench.ts';
import { printMachine, thisMachine, today, type Machine } from './machine.ts';

/** Found from where the repository's scripts run. */
const docs = join(process.env['LIVE_MEMORY_ROOT'] ?? process.cwd(), 'docs');

/** What one machine has measured: the figures of a `*.bench.ts` and the day that they are from. */
interface BenchRecord {
  readonly machine: Machine;
  readonly benches: Readonly<Record<string, { readonly date: string; readonly figures: Record<string, string> }>>;
}

const benchmarks = 'benchmarks.json';

/** Writes figures by machine and date; those of other machines and of benches that did not run stay as they are. */
export async function recordFigures(measured: Readonly<Record<string, readonly BenchResult[]>>): Promise<void> {
  const records = readRecords<BenchRecord>(benchmarks);
  const machine = thisMachine();
  const known = records.find((record) => isSame(record.machine, machine))?.benches;
  const fresh = Object.entries(measured).map(([name, results]) => {
    const figures = results.map((result) => [result.name, `${Number(result.value.toPrecision(3))} ${result.unit}`]);
    return [name, { date: today(), figures: Object.fromEntries(figures) as Record<string, string> }] as const;
  });
  const benches = Object.fromEntries([...Object.entries(known ?? {}), ...fresh].sort(([a], [b]) => (a < b ? -1 : 1)));
  await writeDoc(benchmarks, JSON.stringify(withRecord(records, { machine, benches })));
}

/** The records of a file in docs/, one a machine. */
export function readRecords<R extends { readonly machine: Machine }>(name: string): readonly R[] {
  const path = join(docs, name);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as R[]) : [];
}

/** The records with one more, in the place of the one of the same machine where there is one. */
export function withRecord<R extends { readonly machine: Machine }>(records: readonly R[], record: R): R[] {
  const index = records.findIndex((one) => isSame(one.machine, record.machine));
  return index < 0 ? [...records, record] : records.with(index, record);
}

function isSame(a: Machine, b: Machine): boolean {
  return printMachine(a) === printMachine(b);
}

/** Writes a file of docs/ as the formatter wants it. */
export async function writeDoc(name: string, text: string): Promise<void> {
  const path = join(docs, name);
  mkdirSync(docs, { recursive: true });
  const isFormatted = name.endsWith('.svg');
  writeFileSync(path, isFormatted ? text : await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
