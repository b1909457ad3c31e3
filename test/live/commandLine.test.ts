import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../bundleFile.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { cliFile } from './cli.ts';
import { pause } from './support.ts';

/*
 * What the guides show is what the command line prints: each `$ …` of it runs, on a demo program that stands for
 * 4242. Numbers differ from run to run and are compared by where they are; a line `…` stands for any lines.
 */

const guides = ['README.md', 'docs/command-line.md'];
const blocks = guides.flatMap((guide) => {
  const text = readFileSync(path.join(root, guide), 'utf8');
  return [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block);
});
const calls = blocks.flatMap((block) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((call) => {
      const end = call.indexOf('\n');
      return { line: call.slice(0, end), expected: call.slice(end + 1) };
    }),
);

/** Text columns, digits and the widths that follow from them, told by what they are. */
function shape(text: string): string[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) =>
      line
        .replace(/\|.*\|$/, '|text|')
        .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'time')
        .replace(/"?\b(0x)?[0-9a-f?]*\d[0-9a-f?]*\b(\.\d+)?"?/g, '#')
        .replace(/(?<=[ "])[0-9a-f?]{2}(?=[ ",]|$)/g, '#')
        .replace(/#( +#)+/g, '#')
        .replace(/\b[KMG]iB\b/g, 'size')
        .replace(/ +/g, ' '),
    );
}

/** Whether lines are as expected, where `…` stands for any. */
function fits(expected: readonly string[], found: readonly string[]): boolean {
  const [first, ...rest] = expected;
  if (first === undefined) return found.length === 0;
  if (first !== '…') return found[0] === first && fits(rest, found.slice(1));
  return Array.from({ length: found.length + 1 }, (_, i) => i).some((i) => fits(rest, found.slice(i)));
}

let target: RunningTarget;
beforeAll(async () => {
  target = await startTarget('demo');
  // After its first second all of its fields have something in them.
  await pause(1200);
});
afterAll(() => target?.dispose());

describe('what the guides show', () => {
  test('is every command but ps, whose output is that of the machine', () => {
    for (const command of ['read', 'write', 'watch', 'maps', 'why'])
      expect(calls.some(({ line }) => line.startsWith(`live-memory ${command} `))).toBe(true);
  });

  // In their order: some go on with what another has written.
  test.each(calls)('$line', ({ line, expected }) => {
    const words = line.replaceAll('4242', String(target.pid));
    const script = `live-memory() { "${process.execPath}" "${cliFile}" "$@"; }; ${words}`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
    const found = shape(`${stdout}${stderr}`.replaceAll(String(target.pid), '4242'));
    const isAsShown = fits(shape(expected), found);
    expect(isAsShown, `${shape(expected).join('\n')}\n\nis not\n\n${found.join('\n')}`).toBe(true);
  });
});
