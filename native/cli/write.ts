import process from 'node:process';
import { printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { writeBytesMax } from '../../common/limits.ts';
import { parseValue, units, type Unit } from '../../common/value.ts';
import { UsageError, type Command, type Given } from './command.ts';
import { print, printJson } from './output.ts';
import { addressOf, assertAddress, parseHex, parsePid, withProcess } from './words.ts';

export const write: Command = {
  name: 'write',
  words: ['PID', 'ADDRESS', 'BYTES'],
  lastWord: 'anyNumber',
  summary: 'Writes memory: all of the bytes, or says how many landed. What stood there before is printed.',
  options: {
    text: { value: 'TEXT', help: 'write a text (UTF-8, no 0 at its end) in place of BYTES' },
    type: { value: 'TYPE', help: 'write a value in place of BYTES: i8 … i64, u8 … u64, f32, f64' },
    value: { value: 'NUMBER', help: 'the value, for --type: 7, -1, 0x2a, 1.5' },
    big: { help: 'the value, with its highest byte first' },
    expect: { value: 'BYTES', help: 'write only if these bytes, as many, are there now' },
    force: { help: 'write through /proc/PID/mem, which passes over read-only pages' },
  },
  details: `ADDRESS is 0x7f…, 4096, [heap]+0x40, libc.so.6+0x1234, libc.so.6!malloc or *0x7f… (the pointer there).
BYTES are hex digits, in the order of memory: deadbeef, "de ad be ef"; or - for standard input, as it is.
The program runs on meanwhile: "held" is whether the bytes were still there right after.
JSON: { "landed", "before", "held" }; an error has "landed" and "before" too.`,

  async run([pid = '', expression = '', ...bytes], given) {
    const number = parsePid(pid);
    assertAddress(expression);
    const expected = given.text('expect');
    const expect = expected === undefined ? undefined : parseHex(expected);
    const wanted = await bytesOf(bytes, given);
    if (expect !== undefined && expect.length !== wanted.length)
      throw new UsageError(
        `--expect has ${expect.length} bytes and there are ${wanted.length} to write: give as many.`,
      );
    const { address, before, held } = await withProcess(number, async (target) => {
      const { address } = await addressOf(target, expression);
      const options = { force: given.has('force'), ...(expect !== undefined && { expect }) };
      const range = { start: address, length: wanted.length };
      const written = await target.write(range, wanted, options).catch((error: unknown) => {
        throw inOurWords(error);
      });
      return { address, ...written };
    });
    const digits = Buffer.from(before).toString('hex');
    if (given.has('json')) return printJson({ landed: wanted.length, before: digits, held });
    const words = held ? 'They held.' : 'The program has changed them again already.';
    return print(`${wanted.length} bytes written at ${printAddress(address)}. ${words}\nbefore: ${digits}\n`);
  },
};

/** The library speaks of what a view calls it. */
function inOurWords(error: unknown): unknown {
  if (!(error instanceof MemoryError)) return error;
  return new MemoryError(error.code, error.message.replace(/“write anyway”/gi, '--force'), error);
}

/** The bytes to write, of the one way in which they are given. Throws UsageError. */
async function bytesOf(words: readonly string[], given: Given): Promise<Uint8Array> {
  const text = given.text('text');
  const type = given.text('type');
  const value = given.text('value');
  const ways = [words.length > 0, text !== undefined, type !== undefined || value !== undefined].filter(Boolean).length;
  if (ways === 0) throw new UsageError('BYTES is missing.');
  if (ways > 1) throw new UsageError('BYTES, --text and --type exclude each other.');
  if (given.has('big') && type === undefined) throw new UsageError('--big goes with --type.');
  const bytes = words.join(' ') === '-' ? await standardInput() : textual(words, text, type, value, given.has('big'));
  if (bytes.length === 0) throw new UsageError('There is nothing to write.');
  return bytes;
}

function textual(
  words: readonly string[],
  text: string | undefined,
  type: string | undefined,
  value: string | undefined,
  big: boolean,
): Uint8Array {
  if (text !== undefined) return new TextEncoder().encode(text);
  if (type === undefined && value === undefined) return parseHex(words.join(' '));
  if (type === undefined || value === undefined) throw new UsageError('--type and --value go together.');
  const unit = units.find((one): one is Unit => one === type);
  if (unit === undefined) throw new UsageError(`"${type}" is no type. There are: ${units.join(', ')}.`);
  const bytes = parseValue(value, unit, big ? 'big' : 'little');
  if (typeof bytes === 'string') throw new UsageError(bytes);
  return bytes;
}

/** All of it, or as much as shows that it is too much for one write. */
async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = chunk as Buffer;
    chunks.push(bytes);
    length += bytes.length;
    if (length > writeBytesMax) break;
  }
  return new Uint8Array(Buffer.concat(chunks));
}
