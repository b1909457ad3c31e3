import { MemoryError } from '../../common/error.ts';
import { parseExpression } from '../../common/expression.ts';
import { pidMax } from '../../common/limits.ts';
import { resolveAddress, type Resolved } from '../address.ts';
import { attach } from '../attach.ts';
import { leaveSignalsToKernel } from '../linux/libc.ts';
import type { Process } from '../process.ts';
import { addressOfNumbers } from '../resolve.ts';
import { UsageError } from './command.ts';

// The words that commands share. What makes no sense by itself is wrong usage; what only the process can tell is refused by it.

export function parsePid(word: string): number {
  const pid = /^\d+$/.test(word) ? Number(word) : 0;
  if (pid < 1 || pid > pidMax)
    throw new UsageError(`"${word}" is not a process id. Those are whole numbers from 1 to ${pidMax}.`);
  return pid;
}

/**
 * Throws UsageError for an address that makes no sense, whatever the process has. Only of a single word and of a lone operator
 * is that certain: a name may hold any character, as `libstdc++.so.6` does, so the rest waits for those of the process.
 */
export function assertAddress(expression: string): void {
  if (!/^(\w*|[-+*()!])$/.test(expression)) return;
  try {
    parseExpression(expression);
  } catch (error) {
    throw asUsage(error);
  }
}

/** An expression that is none, as wrong usage. */
function asUsage(error: unknown): unknown {
  return error instanceof MemoryError ? new UsageError(error.message) : error;
}

const sizes: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes: `4096`, `0x1000`, `4K`, `2MiB`, `1G`. */
export function parseLength(word: string): number {
  const match = /^(0x[0-9a-f]+|\d+)([kmgt]?)(?:i?b)?$/i.exec(word);
  const length = match === null ? NaN : Number(match[1]) * (sizes[(match[2] ?? '').toLowerCase()] ?? NaN);
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new UsageError(`"${word}" is not a length. Write bytes, at least one, as 256, 0x100, 64K, 16M or 2G.`);
  }
  return length;
}

/** Hex digits, two a byte: `deadbeef`, `de ad be ef`, `0xdeadbeef`; in the order in which they are to lie in memory. */
export function parseHex(text: string): Uint8Array {
  const digits = text.replace(/\b0x/gi, '').replace(/\s+/g, '');
  if (!/^[0-9a-f]+$/i.test(digits))
    throw new UsageError(`"${text}" is not bytes. Write hex digits, two for each, as deadbeef or "de ad be ef".`);
  if (digits.length % 2 !== 0)
    throw new UsageError(`"${text}" has ${digits.length} hex digits, and a byte takes two: one is missing.`);
  return new Uint8Array(Buffer.from(digits, 'hex'));
}

/** A number of an option; `undefined` where it is not given. */
export function parseNumber(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? NaN : Number(text);
  if (!(value >= min && value <= max))
    throw new UsageError(`--${name} takes a number from ${min} to ${max}, and "${text}" is none.`);
  return value;
}

/** A number of an option that counts something. */
export function parseWhole(name: string, text: string | undefined, min: number, max: number): number | undefined {
  const value = parseNumber(name, text, min, max);
  if (value !== undefined && !Number.isInteger(value))
    throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, and "${text}" is none.`);
  return value;
}

/** Attaches for as long as `body` takes. A read may sleep in the kernel meanwhile, and Ctrl+C ends it there too. */
export async function withProcess<T>(pid: number, body: (process: Process) => Promise<T>): Promise<T> {
  leaveSignalsToKernel();
  const target = await attach(pid);
  try {
    return await body(target);
  } finally {
    target.dispose();
  }
}

/**
 * What an expression stands for. Numbers may be where nothing is mapped: the read or the write says what there is. Rejects with
 * UsageError where it makes no sense with the names of the process either, and with MemoryError as `resolveAddress` does.
 */
export async function addressOf(target: Process, expression: string): Promise<Resolved> {
  const address = await addressOfNumbers(expression, target.table).catch((error: unknown) => {
    throw asUsage(error);
  });
  return address === undefined ? resolveAddress(target, expression) : { address };
}
