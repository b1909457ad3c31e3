import process from 'node:process';
import { codeOf } from '../linux/errno.ts';

/** What could not be printed: the disk is full, the terminal is gone. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

/**
 * Prints to standard output, and resolves when it is taken: the bytes are the caller's again, and nothing piles up before
 * a slow reader. A reader that has closed its end, as `head` does, has all that it wants: that ends the program, quietly,
 * with the exit code that is set by then, or 0.
 */
export function print(text: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else if (codeOf(error) === 'EPIPE') process.exit();
      else reject(new OutputError(`The output cannot be written: ${error.message}`));
    });
  });
}

export function printJson(value: unknown): Promise<void> {
  return print(`${jsonOf(value)}\n`);
}

/** An array with one element a line, which `grep` and people can read too. */
export function printJsonLines(values: readonly unknown[]): Promise<void> {
  return print(`[${values.map((value) => `\n${jsonOf(value)}`).join(',')}\n]\n`);
}

/** Says a sentence on standard error, and what belongs under it. Names in it are strangers': a line break is one of theirs. */
export function say(sentence: string, ...below: readonly string[]): void {
  process.stderr.write([`live-memory: ${sentence}`, ...below].map((line) => `${harmless(line)}\n`).join(''));
}

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** JSON escapes the control characters of ASCII alone; escaped, the others are the same text. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(steering, (character) =>
    Array.from({ length: character.length }, (_, i) => {
      return `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
    }).join(''),
  );
}

/** A name that a stranger chose, without what would move the cursor, colour the terminal or turn the text round. */
export function harmless(text: string): string {
  return text.replace(steering, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
  });
}

/** A line cut to the width of the terminal; whole where there is none. */
export function fitted(line: string): string {
  const columns = process.stdout.isTTY ? process.stdout.columns : Infinity;
  if (line.length <= columns) return line;
  return `${[...line].slice(0, columns - 1).join('')}…`;
}

export interface Column {
  readonly title: string;
  readonly align?: 'right';
}

/** Rows under their titles. The last column is as wide as it comes. */
export function printTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const widths = columns.map(({ title }, i) =>
    rows.reduce((width, row) => Math.max(width, (row[i] ?? '').length), title.length),
  );
  const line = (cells: readonly string[]): string => {
    const padded = columns.map(({ align }, i) => {
      const cell = cells[i] ?? '';
      if (align === 'right') return cell.padStart(widths[i] ?? 0);
      return i === columns.length - 1 ? cell : cell.padEnd(widths[i] ?? 0);
    });
    return `${fitted(padded.join('  ').trimEnd())}\n`;
  };
  return [columns.map(({ title }) => title), ...rows].map(line).join('');
}
