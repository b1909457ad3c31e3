import { printMachine, type Machine } from '../machine.ts';
import type { Figure } from './plot.ts';
import { printSize, sizes, ways, type Way } from './ways.ts';

export interface CmaRecord {
  readonly machine: Machine;
  readonly date: string;
  /** How many runs a figure is the median of. */
  readonly runs: number;
  readonly figures: readonly Figure[];
}

/** docs/cma.md: what was measured, and what it says; and what other machines came to. */
export function report(record: CmaRecord, others: readonly CmaRecord[]): string {
  const figure = (way: Way['id'], bytes: number): Figure | undefined =>
    record.figures.find((one) => one.way === way && one.bytes === bytes);
  const calls = (way: Way, bytes: number): string => {
    const found = figure(way.id, bytes)?.calls;
    return found === undefined ? '–' : String(Math.round(found * 10) / 10);
  };
  return `# What Cross Memory Attach is good for

Messages of ${printSize(sizes[0] as number)} to ${printSize(sizes.at(-1) as number)} go from a buffer of one process into a buffer of another. Cross Memory Attach (\`process_vm_readv\`)
copies them once, straight from the one to the other; shared memory and pipes copy them twice, in and out again.

![Bandwidth by message size](cma.svg)

Measured on ${record.date}: ${printMachine(record.machine)}. \`npm run bench:cma\` measures
again and writes this page, the plot and [cma.json](cma.json), which keeps the figures of every machine that did.${others.length > 0 ? ' They [differ much](#other-machines).' : ''}

## Bandwidth

GB/s (10⁹ bytes a second), the median of ${record.runs} runs and their quartiles; the fastest of a size in bold.

${bandwidths(record.figures, ({ median, low, high }) => `${print(median)} (${print(low)}–${print(high)})`)}

## Copies and system calls

Calls are those that move bytes, for one message, of both sides together.

${table(
  ['Way', 'Copies', ...sizes.map(printSize), 'How'],
  ways.map((way) => [nameOf(way), String(way.copies), ...sizes.map((bytes) => calls(way, bytes)), way.how]),
)}

## How to read it

${reading(record.figures)
  .map((sentence) => `- ${sentence}`)
  .join('\n')}

## How it is measured

Two processes that nothing pins to a processor, \`test/bench/peers/cma.c\`; all ways and sizes take turns, so that they meet the same
noise. Before a run the producer fills its buffer with new words; each message then carries its number in the first word of every
64 KiB and in its last. The consumer looks at those of every message, and compares every word after the last one: what
has not arrived is not counted as fast.

Both sides use the same buffer again for each message, as the benchmarks of MPI do, so that small messages come out of the
processor's caches. “Ready” and “done” are flags in shared memory that the other side spins on, for all ways; within a pipe the
kernel makes them wait. Node cannot map that memory: it reads and sets the flags with a small \`pread\` and \`pwrite\`, which are
in its time and not among its calls. CMA, vmsplice and \`/proc/<pid>/mem\` have one message on its way at a time, because the
producer must leave it alone until it has been read; the ring and the pipe let the producer run ahead.
${others.length > 0 ? `\n## Other machines\n` : ''}${others.map((other) => `\n${printMachine(other.machine)}; ${other.date}:\n\n${bandwidths(other.figures, ({ median }) => print(median))}\n`).join('')}`;
}

function bandwidths(figures: readonly Figure[], cell: (figure: Figure) => string): string {
  return table(
    ['Message', ...ways.map(nameOf)],
    sizes.map((bytes) => {
      const best = fastest(figures, bytes);
      return [
        printSize(bytes),
        ...ways.map(({ id }) => {
          const found = figures.find((one) => one.way === id && one.bytes === bytes);
          return found === undefined ? '–' : found === best ? `**${cell(found)}**` : cell(found);
        }),
      ];
    }),
  );
}

function reading(figures: readonly Figure[]): string[] {
  const at = (way: Way['id'], bytes: number): number =>
    figures.find((one) => one.way === way && one.bytes === bytes)?.median ?? NaN;
  const named = new Map(ways.map((way) => [way.id as string, nameOf(way)]));
  const isCma = (figure: Figure): boolean => figure.way === 'call' || figure.way === 'ours';
  const lost = sizes.filter((bytes) => !isCma(fastest(figures, bytes)));
  const best = figures.filter((one) => one.way === 'call').reduce((a, b) => (b.median > a.median ? b : a));
  const factor = (way: Way['id'], bytes: number): string => print(at('call', bytes) / at(way, bytes));
  const large = sizes.at(-1) as number;
  const small = sizes[0] as number;
  return [
    `CMA is at its best with messages of ${printSize(best.bytes)}: ${print(best.median)} GB/s, ${factor('shared', best.bytes)} times the double copy through shared memory, ${factor('pipe', best.bytes)} times a pipe and ${factor('file', best.bytes)} times \`/proc/<pid>/mem\`, which takes the same way and copies once more.`,
    lost.length === 0
      ? 'No other way was faster at any size.'
      : `It is not the fastest at ${lost.map((bytes) => `${printSize(bytes)} (${named.get(fastest(figures, bytes).way)}, ${print(fastest(figures, bytes).median / at('call', bytes))} times as fast)`).join(', ')}.`,
    `A system call, and finding and holding each page, is the price of the single copy, and one processor does all of the copying, where the ring keeps two at it. What is small, or can be made in shared memory in the first place, is better off there.${at('file', small) > at('call', small) ? ` For ${printSize(small)} even \`/proc/<pid>/mem\` is faster (${print(at('file', small) / at('call', small))} times): copying that little twice is cheaper than holding the page.` : ''}`,
    at('shared', large) > at('call', large)
      ? `At ${printSize(large)} neither buffer fits the caches. The cells of the ring do, so its second copy costs little and a second processor makes it: ${print(at('shared', large))} GB/s, where CMA reaches ${print(at('call', large))}.`
      : `At ${printSize(large)} neither buffer fits the caches, and all wait for memory: ${print(at('call', large))} GB/s by CMA, ${print(at('shared', large))} through the ring.`,
    `vmsplice saves the same copy, but hands over page by page and waits in the kernel: ${print(at('vmsplice', best.bytes))} GB/s at ${printSize(best.bytes)}.`,
    `This library pays for its two questions (which pages are in memory; whose they are) and for Node: ${print((small / at('ours', small) - small / at('call', small)) / 1000)} µs a message of ${printSize(small)}, waiting and answering included; at ${sizes.slice(4).map(printSize).join(', ')} it reaches ${sizes
      .slice(4)
      .map((bytes) => Math.round((100 * at('ours', bytes)) / at('call', bytes)))
      .join(', ')} % of C.`,
    `What a debugger or a viewer wants is one-sided: the target takes no part, gives no buffer, and is not asked. Of these ways only CMA and \`/proc/<pid>/mem\` can do that at all.`,
  ];
}

/** A name as Markdown, which takes `<pid>` for a tag. */
function nameOf(way: Way): string {
  return way.name.includes('<') ? `\`${way.name}\`` : way.name;
}

function fastest(figures: readonly Figure[], bytes: number): Figure {
  return figures.filter((one) => one.bytes === bytes).reduce((a, b) => (b.median > a.median ? b : a));
}

function print(value: number): string {
  return value >= 10 ? value.toFixed(0) : value >= 1 ? value.toFixed(1) : value.toFixed(2);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
