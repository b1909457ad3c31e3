// Runs every `*.bench.ts` beside it and prints a table: `node test/bench/bench.ts [--check] [--record] [name…]`. With --check,
// a figure past its limit makes it exit with 1. With --record, the figures go into docs/benchmarks.json.
import { fork } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { recordFigures } from './record.ts';

export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it has to reach. */
  readonly limit?: number;
  /** The share of the limit that noise may take it past it. */
  readonly tolerance?: number;
  /** Whether `limit` is a floor; else it is a ceiling. */
  readonly higherIsBetter?: boolean;
}

/** What a `*.bench.ts` exports. */
export interface Bench {
  readonly run: () => Promise<BenchResult[]>;
  /** Whether it compares what runs in turns, and so has to be on one processor. */
  readonly isOnOneProcessor?: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** What one of `times` calls takes, in microseconds. */
export function timeEach(times: number, body: () => void): number {
  const begun = process.hrtime.bigint();
  for (let i = 0; i < times; i++) body();
  return Number(process.hrtime.bigint() - begun) / times / 1000;
}

type Way = () => number | Promise<number>;

/**
 * Measures several ways in turn, `rounds` times, so that all meet the same noise: the i-th figures of all ways belong
 * together. Who goes first changes from round to round. A round before them warms up and does not count.
 */
export async function inTurn<Name extends string>(
  rounds: number,
  ways: Readonly<Record<Name, Way>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(ways) as Name[];
  const figures = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -1; round < rounds; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 1) % names.length] as Name;
      const figure = await ways[name]();
      if (round >= 0) figures[name].push(figure);
    }
  }
  return figures;
}

/** The median of what `combine` makes of the figures that belong together. */
export function medianOf(
  ours: readonly number[],
  theirs: readonly number[],
  combine: (ours: number, theirs: number) => number,
): number {
  return median(ours.map((figure, i) => combine(figure, theirs[i] as number)));
}

/** How many times as fast as `theirs` the times of `ours` are. */
export function speed(ours: readonly number[], theirs: readonly number[]): number {
  return medianOf(ours, theirs, (a, b) => b / a);
}

export function isPast(result: BenchResult): boolean {
  return isBeyond(result, result.tolerance ?? 0);
}

function isBeyond({ value, limit, higherIsBetter }: BenchResult, tolerance: number): boolean {
  if (limit === undefined) return false;
  return higherIsBetter === true ? !(value >= limit * (1 - tolerance)) : !(value <= limit * (1 + tolerance));
}

function print(result: BenchResult): string {
  const digits = result.value >= 100 ? 0 : result.value >= 10 ? 1 : 2;
  const limit =
    result.limit === undefined
      ? ''
      : `${result.higherIsBetter === true ? '≥' : '≤'} ${Number(result.limit.toPrecision(3))}`;
  const verdict = isPast(result) ? 'PAST ITS LIMIT' : isBeyond(result, 0) ? 'within its tolerance' : 'ok';
  return [
    result.name.padEnd(64),
    result.value.toFixed(digits).padStart(10),
    result.unit.padEnd(8),
    limit.padStart(8),
    result.limit === undefined ? '' : verdict,
  ]
    .join(' ')
    .trimEnd();
}

/** What a bench gives, run in a process of its own. Rejects where it failed; why is on its stderr. */
async function runAlone(url: string): Promise<readonly BenchResult[]> {
  const child = fork(new URL('./alone.ts', import.meta.url), [url]);
  return new Promise((resolve, reject) => {
    child.once('message', (results) => resolve(results as readonly BenchResult[]));
    child.once('exit', (code) => reject(new Error(`it ended with ${code} before it had a result`)));
  });
}

async function main(words: readonly string[]): Promise<void> {
  const wanted = words.filter((word) => !word.startsWith('--'));
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))),
  );
  const past: string[] = [];
  const measured: Record<string, readonly BenchResult[]> = {};
  for (const file of files.sort()) {
    console.log(file);
    try {
      const results = await runAlone(new URL(file, folder).href);
      for (const result of results) {
        console.log(`  ${print(result)}`);
        if (isPast(result)) past.push(result.name);
      }
      measured[file.replace('.bench.ts', '')] = results;
    } catch (error) {
      // The others are worth having all the same.
      console.error(error);
      past.push(`${file} could not be measured`);
    }
  }
  console.log(
    past.length === 0 ? 'All figures are within their limits.' : `${past.length} past their limits: ${past.join('; ')}`,
  );
  if (words.includes('--record')) await recordFigures(measured);
  process.exitCode = words.includes('--check') && past.length > 0 ? 1 : 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href)
  await main(process.argv.slice(2));
