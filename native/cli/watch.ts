import process from 'node:process';
import { printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import type { Frame } from '../../common/frame.ts';
import { pagesPerViewMax, regionLookMs, tickMsMin, watchIntervalMsMax, watchShownBytes } from '../../common/limits.ts';
import { PageState } from '../../common/page.ts';
import { isValidRange, type Range } from '../../common/range.ts';
import { createReader } from '../live/reader.ts';
import { pagesOf } from '../pages.ts';
import type { Process } from '../process.ts';
import { createWatched, type Change, type Watched } from './changes.ts';
import type { Command } from './command.ts';
import { createHexdump, printBytes, printRow, unreadableByte } from './hexdump.ts';
import { holeJson, nothingRead, sayHoles } from './holes.ts';
import { print, printJson } from './output.ts';
import { addressOf, assertAddress, parseLength, parseNumber, parsePid, parseWhole, withProcess } from './words.ts';

const intervalMs = 100;

export const watch: Command = {
  name: 'watch',
  words: ['PID', 'ADDRESS', 'LENGTH'],
  summary: 'Prints memory, and then each change of it, until the process ends or Ctrl+C.',
  options: {
    interval: { value: 'MS', help: `between two looks; ${intervalMs} unless given` },
    count: { value: 'N', help: 'end after N changes' },
    duration: { value: 'SECONDS', help: 'end after so long' },
    'fault-in': { help: 'read what is not in memory too, which brings it in' },
  },
  details: `On a terminal the rows are drawn in place, with what has just changed reversed (not where NO_COLOR is set). Elsewhere
a change is a line: time, address, bytes before → after. JSON is an object a line: first { "time", "address", "length",
"bytes", "unreadable" }, then { "time", "address", "before", "after" } for each change. ?? is what cannot be read.
Ends with 1 when the process has gone.`,

  async run([pid = '', expression = '', length = ''], given) {
    const number = parsePid(pid);
    assertAddress(expression);
    const bytes = parseLength(length);
    const options = {
      intervalMs: parseNumber('interval', given.text('interval'), tickMsMin, watchIntervalMsMax) ?? intervalMs,
      changes: parseWhole('count', given.text('count'), 0, Number.MAX_SAFE_INTEGER) ?? Infinity,
      durationMs: (parseNumber('duration', given.text('duration'), 0, watchIntervalMsMax / 1000) ?? Infinity) * 1000,
      faultIn: given.has('fault-in'),
    };
    await withProcess(number, async (target) => {
      const { address } = await addressOf(target, expression);
      const range = { start: address, length: bytes };
      assertWatchable(range);
      const watched = createWatched(range);
      await follow(target, range, watched, options, formOf(target, range, watched, given.has('json')));
    });
  },
};

interface WatchOptions {
  readonly intervalMs: number;
  readonly changes: number;
  readonly durationMs: number;
  readonly faultIn: boolean;
}

/** How a watched range is printed. */
interface Form {
  first(timeMs: number): Promise<void>;
  changed(timeMs: number, changes: readonly Change[]): Promise<void>;
}

function assertWatchable(range: Range): void {
  if (!isValidRange(range))
    throw new MemoryError('Invalid', 'That range goes past 2^64, where addresses end. Give a smaller length.');
  // Asked of numbers: the list of pages of a length that makes no sense would not fit into memory.
  if (range.length > pagesPerViewMax * 4096 || pagesOf(range).length > pagesPerViewMax)
    throw new MemoryError(
      'Limit',
      `At most ${pagesPerViewMax} pages of 4 KiB can be watched at once. Give a smaller length.`,
    );
}

async function follow(
  target: Process,
  range: Range,
  watched: Watched,
  options: WatchOptions,
  form: Form,
): Promise<void> {
  const frames: Frame[] = [];
  let ended: Error | undefined;
  let isDue: boolean | undefined;
  let wake: () => void = () => undefined;
  const end = (why: Error): void => {
    ended ??= why;
    wake();
  };
  const reader = createReader(target, { intervalMs: options.intervalMs, ended: end });
  const subscription = reader.subscribe((frame) => {
    frames.push(frame);
    wake();
  });
  // The reader leaves pages alone that could not be read. Not only when the regions differ: what went and came back between
  // two looks looks the same.
  const looking = setInterval(() => {
    try {
      target.look();
      reader.retry();
    } catch (error) {
      end(error as Error);
    }
  }, regionLookMs);
  const timer = Number.isFinite(options.durationMs)
    ? setTimeout(() => ((isDue = true), wake()), options.durationMs)
    : undefined;
  try {
    subscription.faultIn(options.faultIn);
    subscription.watch(pagesOf(range));
    let left = options.changes;
    let isFirst = true;
    while (left > 0 || isFirst) {
      const frame = frames.shift();
      if (frame === undefined) {
        // However short it is to last: what is there now is printed.
        if (ended !== undefined || (isDue === true && !isFirst)) break;
        await new Promise<void>((resolve) => (wake = resolve));
        continue;
      }
      const changes = watched.apply(frame);
      if (isFirst) {
        const holes = watched.holes();
        if (holes.every(({ state }) => state === PageState.unmapped) && coversAll(range, holes))
          throw nothingRead(range, holes);
        await form.first(frame.timeMs);
      } else {
        const shown = changes.slice(0, left);
        left -= shown.length;
        if (shown.length > 0) await form.changed(frame.timeMs, shown);
      }
      isFirst = false;
      // The next frame comes when this one is printed, with all that has changed meanwhile: nothing piles up.
      subscription.drawn(frame.seq);
    }
    if (ended !== undefined) throw ended;
  } finally {
    clearInterval(looking);
    clearTimeout(timer);
    reader.dispose();
  }
}

function coversAll(range: Range, holes: readonly { readonly range: Range }[]): boolean {
  return holes.reduce((sum, hole) => sum + hole.range.length, 0) === range.length;
}

function formOf(target: Process, range: Range, watched: Watched, json: boolean): Form {
  if (json) return asJson(range, watched);
  const digits = target.facts.pointerBytes * 2;
  const { stdout } = process;
  const rows = Math.ceil(range.length / 16);
  const width = printRow(range.start, digits, new Int16Array(16)).length;
  // Rows that wrap or scroll away cannot be drawn over.
  const fits = stdout.isTTY && rows + 2 <= stdout.rows && width <= stdout.columns;
  return fits ? inPlace(range, watched, digits) : asLines(range, watched, digits);
}

function asJson(range: Range, watched: Watched): Form {
  const time = (timeMs: number): string => new Date(timeMs).toISOString();
  return {
    first: (timeMs) =>
      printJson({
        time: time(timeMs),
        address: printAddress(range.start),
        length: range.length,
        bytes: printBytes(watched.bytes, ''),
        unreadable: watched.holes().map(holeJson),
      }),
    async changed(timeMs, changes) {
      for (const { offset, before, after } of changes) {
        const address = printAddress(range.start + BigInt(offset));
        await printJson({ time: time(timeMs), address, before: printBytes(before, ''), after: printBytes(after, '') });
      }
    },
  };
}

function asLines(range: Range, watched: Watched, digits: number): Form {
  const shown = (bytes: Int16Array): string => {
    const more = bytes.length > watchShownBytes ? ` … (${bytes.length} bytes)` : '';
    return printBytes(bytes.subarray(0, watchShownBytes), ' ') + more;
  };
  return {
    async first() {
      const dump = createHexdump(range.start, digits);
      let lines = '';
      for (const byte of watched.bytes)
        lines += byte === unreadableByte ? dump.hole(1) : dump.bytes(Uint8Array.of(byte));
      await print(lines + dump.end());
      sayHoles(watched.holes(), false);
    },
    async changed(timeMs, changes) {
      const lines = changes.map(({ offset, before, after }) => {
        const address = (range.start + BigInt(offset)).toString(16).padStart(digits, '0');
        return `${printTime(timeMs)} ${address} ${shown(before)} → ${shown(after)}\n`;
      });
      await print(lines.join(''));
    },
  };
}

function inPlace(range: Range, watched: Watched, digits: number): Form {
  const isColoured = process.env['NO_COLOR'] === undefined || process.env['NO_COLOR'] === '';
  const rows = Math.ceil(range.length / 16);
  const clearToEnd = '\x1b[K';
  function draw(timeMs: number, changed: ReadonlySet<number>): string {
    const lines = Array.from({ length: rows }, (_, row) => {
      const mark = (two: string, i: number): string =>
        isColoured && changed.has(row * 16 + i) ? `\x1b[7m${two}\x1b[27m` : two;
      const bytes = watched.bytes.subarray(row * 16, row * 16 + 16);
      return printRow(range.start + BigInt(row * 16), digits, bytes, mark);
    });
    return [...lines, printTime(timeMs)].map((line) => `${line}${clearToEnd}\n`).join('');
  }
  return {
    async first(timeMs) {
      await print(draw(timeMs, new Set()));
      sayHoles(watched.holes(), false);
    },
    async changed(timeMs, changes) {
      const changed = new Set<number>();
      for (const { offset, after } of changes) for (let i = 0; i < after.length; i++) changed.add(offset + i);
      await print(`\x1b[${rows + 1}A${draw(timeMs, changed)}`);
    },
  };
}

/** The time of day, to the millisecond. */
function printTime(timeMs: number): string {
  const time = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`;
}
