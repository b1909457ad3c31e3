import { addressMax, parseAddress, printAddress } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { expressionCharactersMax, pidMax } from '../common/limits.ts';
import { isValidRange, type Range } from '../common/range.ts';

/** What attach, open, goTo, detach and explainAccess take. */
export interface TargetArgument {
  readonly pid?: number;
  /** Any expression of the address box. */
  readonly address?: string;
}

export interface SaveArgument {
  readonly pid: number;
  readonly range: Range;
  readonly file?: string;
}

/**
 * Whether a command was run by hand: without an argument, or with what VS Code passes from the menus of a tree, an editor
 * title, a webview or the debugger's variables.
 */
export function isMenuContext(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  if (typeof value !== 'object') return false;
  return (
    ['webview', 'groupId', 'fsPath', 'container'].some((name) => name in value) ||
    ('type' in value && 'target' in value)
  );
}

/** Throws MemoryError `Invalid`. A pid may come as text, for the variables of tasks and keybindings are text. */
export function parseTargetArgument(value: unknown): TargetArgument {
  if (isMenuContext(value)) return {};
  const { pid, address } = fields(value, '{ "pid": 1234, "address": "[heap]" }');
  return {
    ...(pid !== undefined && { pid: parsePid(pid) }),
    ...(address !== undefined && { address: parseAddressArgument(address) }),
  };
}

/** Throws MemoryError `Invalid`. `start` is an address in text or as a whole number. */
export function parseSaveArgument(value: unknown): SaveArgument {
  const { pid, start, length, file } = fields(value, '{ "pid": 1234, "start": "0x7f…", "length": 4096 }');
  const isNumber = typeof length === 'number' || (typeof length === 'string' && length.trim() !== '');
  const range = { start: parseStart(start), length: isNumber ? Number(length) : NaN };
  if (!(range.length >= 1) || !isValidRange(range)) {
    throw invalid(`"length" has to be a whole number of bytes from 1 that ends before 2^64, not ${quote(length)}.`);
  }
  if (file !== undefined && (typeof file !== 'string' || !file.startsWith('/'))) {
    throw invalid(`"file" has to be an absolute path, not ${quote(file)}.`);
  }
  return { pid: parsePid(pid), range, ...(file !== undefined && { file }) };
}

export function parsePid(value: unknown): number {
  const pid = typeof value === 'string' && /^\d{1,7}$/.test(value.trim()) ? Number(value) : value;
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1 || pid > pidMax) {
    throw invalid(`${quote(value)} is not a process id; those are whole numbers from 1 to ${pidMax}.`);
  }
  return pid;
}

/**
 * `[heap]+0x40 4096`: an expression, a blank and a length, which may be hex or end in K, M or G. Throws MemoryError
 * `Invalid`.
 */
export function parseSaveText(text: string): { readonly expression: string; readonly length: number } {
  const match = /^(.*\S)\s+(0x[0-9a-f]+|\d+)\s*([kmg]?)i?b?$/i.exec(text.trim());
  const [, expression = '', digits = '', unit = ''] = match ?? [];
  const length = Number(digits) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ');
  if (match === null || length < 1 || !Number.isSafeInteger(length)) {
    throw invalid('Type an address and how many bytes, such as "[heap] 4096" or "0x7f00 64K".');
  }
  return { expression, length };
}

function parseAddressArgument(value: unknown): string {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
  if (typeof value === 'bigint' && value >= 0n && value <= addressMax) return printAddress(value);
  if (typeof value === 'string' && value.trim() !== '' && value.length <= expressionCharactersMax) return value;
  throw invalid(`"address" has to be text such as "0x7f…" or "[heap]+0x40".`);
}

function parseStart(value: unknown): bigint {
  const start =
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
      ? BigInt(value)
      : typeof value === 'bigint'
        ? value
        : typeof value === 'string'
          ? parseAddress(value)
          : undefined;
  if (start === undefined || start < 0n || start > addressMax) {
    throw invalid(`"start" has to be an address such as "0x7f…", not ${quote(value)}.`);
  }
  return start;
}

function fields(value: unknown, example: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`The command takes an object such as ${example}, not ${quote(value)}.`);
  }
  return value as Record<string, unknown>;
}

/** What was given, for a message; never throws. */
function quote(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`;
  if (Array.isArray(value)) return 'a list';
  // An object's own toString may throw, or be none.
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function invalid(message: string): MemoryError {
  return new MemoryError('Invalid', message);
}
