// Runs every `*.bench.ts` beside it and prints a table: `node test/bench/bench.ts [--check] [name…]`. With --check, a figure
// past its limit makes it exit with 1.
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export interface BenchResult {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The worst value that is still good. */
  readonly limit?: number;
  /** Whether `limit` is a floor; else it is a ceiling. */
  readonly higherIsBetter?: boolean;
}

/** What a `*.bench.ts` exports. */
export interface Bench {
  readonly run: () => Promise<BenchResult[]>;
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

/** The medians of two measurements taken in turn, so that both meet the same noise. */
export async function paired(
  rounds: number,
  ours: () => number | Promise<number>,
  theirs: () => number | Promise<number>,
): Promise<[ours: number, theirs: number]> {
  const measured: [number[], number[]] = [[], []];
  for (let i = 0; i < rounds; i++) {
    measured[0].push(await ours());
    measured[1].push(await theirs());
  }
  return [median(measured[0]), median(measured[1])];
}

export function isPast(result: BenchResult): boolean {
  if (result.limit === undefined) return false;
  return result.higherIsBetter === true ? !(result.value >= result.limit) : !(result.value <= result.limit);
}

function print(result: BenchResult): string {
  const digits = result.value >= 100 ? 0 : result.value >= 10 ? 1 : 2;
  const limit = result.limit === undefined ? '' : `${result.higherIsBetter === true ? '≥' : '≤'} ${result.limit}`;
  const verdict = result.limit === undefined ? '' : isPast(result) ? 'PAST ITS LIMIT' : 'ok';
  return [
    result.name.padEnd(64),
    result.value.toFixed(digits).padStart(10),
    result.unit.padEnd(8),
    limit.padStart(8),
    verdict,
  ]
    .join(' ')
    .trimEnd();
}

async function main(words: readonly string[]): Promise<void> {
  const wanted = words.filter((word) => !word.startsWith('--'));
  const folder = new URL('./', import.meta.url);
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.bench.ts') && (wanted.length === 0 || wanted.some((name) => file.startsWith(name))),
  );
  const past: string[] = [];
  for (const file of files.sort()) {
    console.log(file);
    try {
      const { run } = (await import(new URL(file, folder).href)) as Bench;
      for (const result of await run()) {
        console.log(`  ${print(result)}`);
        if (isPast(result)) past.push(result.name);
      }
    } catch (error) {
      // The others are worth having all the same.
      console.error(error);
      past.push(`${file} could not be measured`);
    }
  }
  console.log(
    past.length === 0 ? 'All figures are within their limits.' : `${past.length} past their limits: ${past.join('; ')}`,
  );
  // A bench that failed half-way may have left a program or a browser that would keep this one alive.
  process.exit(words.includes('--check') && past.length > 0 ? 1 : 0);
}

// Not awaited: the files that it imports import this one, which would then never be ready.
if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
