import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Address } from '../../common/address.ts';
import { PageState } from '../../common/page.ts';
import { saying } from '../saying.ts';
import { nobody, text, type Scratch } from './support.ts';

const { readable, noAccess, noRead, unmapped, absent } = PageState;

/** Six pages to be met without the calls: readable, without access, execute-only, read-only, unmapped, not in memory. */
export async function sixPages(target: Scratch): Promise<Address> {
  const at = await target.map(6, 'rw', 1);
  await target.protect(at + 4096n, 1, '-');
  await target.protect(at + 2n * 4096n, 1, 'x');
  await target.protect(at + 3n * 4096n, 1, 'r');
  await target.unmap(at + 4n * 4096n, 1);
  await target.ask(`drop ${(at + 5n * 4096n).toString(16)} 1`);
  return at;
}

/** What `without-call.ts` prints of them. */
export const foundWithoutCalls = {
  transport: '/proc/<pid>/mem',
  states: [readable, noAccess, noRead, readable, unmapped, absent],
  firstBytes: [1, 0xee, 0xee, 4, 0xee, 0xee],
  ranges: [3996, 0],
  written: { before: [1, 1, 1], held: true },
  many: [2, 2, 0],
  refused: { code: 'Protected', message: saying(/may not write.*Nothing was written/) },
  forced: true,
  afterExit: 'Gone',
};

/** `without-call.ts` as a plain user, which attaches when it is told to and does the rest when it is told to go on. */
export interface Reader {
  readonly pid: number;
  /** How it reads by then. */
  attach(): Promise<string>;
  goOn(): Promise<unknown>;
}

export function startReader(target: Scratch, at: Address): Reader {
  const script = fileURLToPath(new URL('without-call.ts', import.meta.url));
  const parameters = ['--no-warnings', script, String(target.pid), text(at), 'waits'];
  const child = spawn(process.execPath, parameters, { uid: nobody, gid: nobody, stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (word: string): Promise<string> => {
    child.stdin.write(`${word}\n`);
    const { value, done } = await lines.next();
    if (done === true) throw new Error('it has ended');
    return value;
  };
  return {
    pid: child.pid as number,
    attach: () => tell('attach'),
    goOn: async () => JSON.parse(await tell('closed')) as unknown,
  };
}
