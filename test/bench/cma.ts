// Copies messages between two processes by Cross Memory Attach and by the ways that there are beside it, and writes what came
// of it: docs/cma.json, docs/cma.md, docs/cma.svg. `npm run bench:cma`.
import { startTarget } from '../target/target.ts';
import { median } from './bench.ts';
import { startOurs, type Pair } from './cma/ours.ts';
import { plot, type Figure } from './cma/plot.ts';
import { report, type CmaRecord } from './cma/report.ts';
import { printSize, sizes, ways, type Way } from './cma/ways.ts';
import { printMachine, thisMachine, today } from './machine.ts';
import { readRecords, withRecord, writeDoc } from './record.ts';

const roundsMax = 21;
const roundsMin = 5;
/** On a slow or a busy machine there are fewer rounds instead. */
const secondsMax = 100;

/** A run moves as much as takes some milliseconds, for a clock and a start to be small against it. */
function messagesOf(bytes: number): number {
  return Math.min(4096, Math.max(2, 2 ** 26 / bytes));
}

async function startPair(way: Way): Promise<Pair> {
  if (way.id === 'ours') return startOurs();
  const pair = await startTarget('../bench/peers/cma', [way.id], { flags: ['-O2'] });
  return {
    async run(bytes, messages, seed) {
      const [nanoseconds = NaN, calls = NaN] = (await pair.ask(`${bytes} ${messages} ${seed}`)).split(' ').map(Number);
      return { nanoseconds, calls };
    },
    dispose: () => pair.dispose(),
  };
}

async function measure(): Promise<{ figures: Figure[]; runs: number }> {
  const pairs = await Promise.all(ways.map(startPair));
  const bandwidths = new Map<string, number[]>();
  const calls = new Map<string, number>();
  const until = performance.now() + secondsMax * 1000;
  let round = -1;
  // The first round warms up.
  for (; round < roundsMax && (round < roundsMin || performance.now() < until); round++) {
    for (const bytes of sizes) {
      for (let i = 0; i < ways.length; i++) {
        const turn = (i + round + 1) % ways.length;
        const key = `${(ways[turn] as Way).id} ${bytes}`;
        const messages = messagesOf(bytes);
        const run = await (pairs[turn] as Pair).run(bytes, messages, 1 + round * sizes.length + i);
        if (round < 0) continue;
        bandwidths.set(key, [...(bandwidths.get(key) ?? []), (bytes * messages) / run.nanoseconds]);
        // A pipe's reads are as many as the two sides' timing makes them: the mean of all.
        calls.set(key, (calls.get(key) ?? 0) + run.calls / messages);
      }
    }
    if (process.stderr.isTTY) process.stderr.write(`\rround ${round + 1} of up to ${roundsMax}`);
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
  for (const pair of pairs) pair.dispose();
  const figures = ways.flatMap((way) =>
    sizes.map((bytes): Figure => {
      const key = `${way.id} ${bytes}`;
      const found = (bandwidths.get(key) ?? []).sort((a, b) => a - b);
      const quartile = (q: number): number => rounded(found[Math.round((found.length - 1) * q)] ?? NaN);
      const counted = (calls.get(key) ?? NaN) / found.length;
      return {
        way: way.id,
        bytes,
        median: rounded(median(found)),
        low: quartile(0.25),
        high: quartile(0.75),
        ...(!Number.isNaN(counted) && { calls: rounded(counted) }),
      };
    }),
  );
  return { figures, runs: round };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}

async function main(): Promise<void> {
  const { figures, runs } = await measure();
  const record: CmaRecord = { machine: thisMachine(), date: today(), runs, figures };
  const records = withRecord(readRecords<CmaRecord>('cma.json'), record);
  await writeDoc('cma.json', JSON.stringify(records));
  await writeDoc(
    'cma.md',
    report(
      record,
      records.filter((one) => one !== record),
    ),
  );
  await writeDoc('cma.svg', plot(figures, `${printMachine(record.machine)}; ${record.date}`));

  console.log(`GB/s, medians of ${runs} runs; system calls a message`);
  for (const way of ways) {
    console.log(way.name);
    for (const bytes of sizes) {
      const figure = figures.find((one) => one.way === way.id && one.bytes === bytes);
      const numbers = [figure?.median, figure?.low, figure?.high, figure?.calls].map((n) => (n ?? NaN).toFixed(2));
      console.log(`  ${printSize(bytes).padStart(8)} ${numbers.map((n) => n.padStart(9)).join('')}`);
    }
  }
}

await main();
process.exit(0);
