import { printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { streamPieceBytes } from '../../common/limits.ts';
import { PageState, printPageState } from '../../common/page.ts';
import type { Range } from '../../common/range.ts';
import type { Process } from '../process.ts';
import type { ReadOptions } from '../source.ts';
import { UsageError, type Command } from './command.ts';
import { createHexdump } from './hexdump.ts';
import { addHole, holeJson, nothingRead, remedyOf, sayHoles, type Hole } from './holes.ts';
import { print, say } from './output.ts';
import { addressOf, assertAddress, parseLength, parsePid, withProcess } from './words.ts';

export const read: Command = {
  name: 'read',
  words: ['PID', 'ADDRESS', 'LENGTH'],
  summary: 'Reads memory, and prints it as "hexdump -C" does. ?? is what cannot be read; standard error says why.',
  options: {
    raw: { help: 'print the bytes themselves; ends with 1 at the first that cannot be read' },
    'zero-unreadable': { help: 'with --raw: print zeros for what cannot be read, and say where' },
    'fault-in': { help: 'read what is not in memory too, which brings it in' },
    force: { help: 'read through /proc/PID/mem, which passes over PROT_NONE' },
  },
  details: `ADDRESS is 0x7f…, 4096, [heap]+0x40, libc.so.6+0x1234, libc.so.6!malloc or *0x7f… (the pointer there).
LENGTH is bytes: 256, 0x100, 64K, 16M, 2G.
JSON: { "address", "length", "bytes": "4865??…", "unreadable": [{ "address", "length", "reason" }] }`,

  async run([pid = '', expression = '', length = ''], given) {
    const number = parsePid(pid);
    assertAddress(expression);
    const bytes = parseLength(length);
    if (given.has('raw') && given.has('json')) throw new UsageError('--raw and --json exclude each other.');
    if (given.has('zero-unreadable') && !given.has('raw')) throw new UsageError('--zero-unreadable goes with --raw.');
    await withProcess(number, async (target) => {
      const { address } = await addressOf(target, expression);
      const range = { start: address, length: bytes };
      const options = { faultIn: given.has('fault-in'), force: given.has('force') };
      if (given.has('raw')) return printRaw(target, range, options, given.has('zero-unreadable'));
      const form = given.has('json') ? asJson(range) : asHexdump(target, range);
      const holes = await printPieces(target, range, options, form);
      // Whoever asked for JSON has them in it.
      if (!given.has('json')) sayHoles(holes);
    });
  },
};

/** How pieces are printed; each gives what is to be printed next. */
interface Form {
  readonly begin: string;
  bytes(bytes: Uint8Array): string;
  /** In parts, because a text of it all may be longer than a text can be. */
  hole(length: number): Iterable<string>;
  end(holes: readonly Hole[]): string;
}

/** Prints a range; gives what could not be read of it. Throws MemoryError, nothing printed, where nothing could. */
async function printPieces(target: Process, range: Range, options: ReadOptions, form: Form): Promise<readonly Hole[]> {
  const holes: Hole[] = [];
  let isBegun = false;
  for await (const { range: part, state, bytes } of target.stream(range, options)) {
    if (state !== PageState.readable) {
      addHole(holes, part, state);
      if (isBegun) for (const text of form.hole(part.length)) await print(text);
      continue;
    }
    if (!isBegun) {
      isBegun = true;
      await print(form.begin);
      for (const hole of holes) for (const text of form.hole(hole.range.length)) await print(text);
    }
    await print(form.bytes(bytes));
  }
  if (!isBegun) throw nothingRead(range, holes);
  await print(form.end(holes));
  return holes;
}

function asHexdump(target: Process, range: Range): Form {
  const dump = createHexdump(range.start, target.facts.pointerBytes * 2);
  return { begin: '', bytes: dump.bytes, hole: (length) => [dump.hole(length)], end: dump.end };
}

const unknown = '??'.repeat(64 * 1024);

function asJson(range: Range): Form {
  return {
    begin: `{"address":"${printAddress(range.start)}","length":${range.length},"bytes":"`,
    bytes: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex'),
    *hole(length) {
      for (let left = length * 2; left > 0; left -= unknown.length) yield unknown.slice(0, left);
    },
    end: (holes) => `","unreadable":${JSON.stringify(holes.map(holeJson))}}\n`,
  };
}

const zeros = new Uint8Array(streamPieceBytes);

async function printRaw(target: Process, range: Range, options: ReadOptions, withZeros: boolean): Promise<void> {
  const holes: Hole[] = [];
  for await (const { range: part, state, bytes } of target.stream(range, options)) {
    if (state === PageState.readable) {
      await print(bytes);
      continue;
    }
    if (!withZeros) throw cannotSay(range, { range: part, state });
    addHole(holes, part, state);
    for (let left = part.length; left > 0; left -= zeros.length)
      await print(zeros.subarray(0, Math.min(left, zeros.length)));
  }
  sayHoles(holes);
  if (holes.length > 0) say('There are zeros in the output in their place.');
}

/** Raw bytes cannot say that they are none. */
function cannotSay(range: Range, hole: Hole): MemoryError {
  const printed = Number(hole.range.start - range.start);
  const message = `The ${hole.range.length} bytes at ${printAddress(hole.range.start)} cannot be read: ${printPageState(hole.state)}. The output ends after ${printed} of ${range.length} bytes. --zero-unreadable prints zeros for such bytes.`;
  const code = hole.state === PageState.unmapped ? 'Unmapped' : 'Protected';
  return new MemoryError(code, [message, remedyOf([hole])].join(' ').trim());
}
