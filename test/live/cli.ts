import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { bundleFile } from '../bundleFile.ts';

/** The command line as one file, as the build makes it; it knows its version from whoever bundles it. */
export const cliFile = bundleFile('native/cli.ts', 'cli.mjs', {
  format: 'esm',
  define: { LIVE_MEMORY_VERSION: '"1.2.3"' },
});

export interface Ended {
  /** The exit code, or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** Its output as it is. */
  readonly bytes: Buffer;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly env?: Record<string, string>;
  readonly uid?: number;
  /** What runs it, as `strace` does. */
  readonly under?: readonly string[];
}

/** Starts `live-memory` with these words. */
export function startCli(words: readonly string[], { env, uid, under = [] }: RunOptions = {}): ChildProcess {
  const [command = '', ...rest] = [...under, process.execPath, cliFile, ...words];
  return spawn(command, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
}

/** Runs `live-memory` with these words to its end. */
export function cli(words: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = startCli(words, options);
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(options.input ?? new Uint8Array(0));
  return endOf(child);
}

export function endOf(child: ChildProcess): Promise<Ended> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const bytes = Buffer.concat(out);
      resolve({
        code: code ?? signal ?? '',
        stdout: bytes.toString(),
        stderr: Buffer.concat(err).toString(),
        bytes,
      });
    });
  });
}

/** Runs it, expects it to be done, and gives the JSON that it printed. */
export async function json(...words: string[]): Promise<unknown> {
  const { code, stdout, stderr } = await cli([...words, '--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  readonly env?: Record<string, string>;
}

/** Runs it on a terminal of its own; gives what it would have drawn, escape sequences and all. */
export function onTerminal(words: readonly string[], { columns, rows, env }: Terminal): Promise<Ended> {
  const script = fileURLToPath(new URL('terminal.py', import.meta.url));
  const child = spawn('python3', [script, String(columns), String(rows), process.execPath, cliFile, ...words], {
    env: { ...process.env, NO_COLOR: '', ...env },
  });
  return endOf(child);
}
