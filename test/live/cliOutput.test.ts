import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { cliFile } from './cli.ts';
import { startScratch, text } from './support.ts';

/** Runs a line of bash, in which `live-memory` is the command line; gives its exit code and what standard error has. */
function bash(line: string): { status: number | null; stderr: string } {
  const script = `live-memory() { "${process.execPath}" "${cliFile}" "$@"; }; ${line}`;
  const { status, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  return { status, stderr };
}

test('what is refused ends with 1, whether or not anybody reads the output', async () => {
  const { pid } = await startScratch();
  for (const call of [`read ${pid} 0x10 16`, `write ${pid} 0x10 aa`, `watch ${pid} 0x10 16`, `read ${pid} nonsense 1`])
    expect(bash(`live-memory ${call} --json | true; exit \${PIPESTATUS[0]}`), call).toEqual({
      status: 1,
      stderr: saying(/^live-memory: Noth.*\n$/),
    });
});

test('what is done ends with 0, quietly, where nobody reads the output', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const range = `${target.pid} ${text(at)}`;
  for (const call of [
    '--help',
    'read --help',
    'ps',
    `read ${range} 16`,
    `write ${range} 02`,
    `watch ${range} 1 --count 0`,
  ])
    expect(bash(`live-memory ${call} | true; exit \${PIPESTATUS[0]}`), call).toEqual({ status: 0, stderr: '' });
  expect(await target.peek(at, 1)).toEqual(Buffer.of(2));
});

const cannot = 'live-memory: The output cannot be written: .*ENOSPC.*\n';

test.each(['--help', '--version', 'help', 'read --help', 'ps', 'ps --json'])(
  '%s says in one line why its output cannot be written, and ends with 1',
  (call) => {
    expect(bash(`live-memory ${call} > /dev/full`)).toEqual({ status: 1, stderr: saying(new RegExp(`^${cannot}$`)) });
  },
);

test('what is refused says so, and why its JSON cannot be written, and ends with 1', async () => {
  const { pid } = await startScratch();
  for (const call of [`read ${pid} 0x10 16`, `write ${pid} 0x10 aa`, `watch ${pid} 0x10 16`])
    expect(bash(`live-memory ${call} --json > /dev/full`), call).toEqual({
      status: 1,
      stderr: saying(new RegExp(`^live-memory: Nothing .*\n${cannot}$`)),
    });
});

test('wrong usage ends with 2, wherever the output goes', () => {
  for (const to of ['> /dev/full', '| true'])
    expect(bash(`live-memory read 1 '' 16 --json ${to}; exit \${PIPESTATUS[0]}`)).toMatchObject({ status: 2 });
});
