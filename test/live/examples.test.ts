import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundleFile, root } from '../bundleFile.ts';
import { addressOf, attachTo, isRoot, nobody, startScratch, text } from './support.ts';

/*
 * The examples of docs/examples run as their readers would run them, against a program; and what the guides show is text of
 * theirs, so it compiles and runs as well.
 */

const folder = path.join(root, 'docs/examples');
const names = readdirSync(folder).map((name) => path.basename(name, '.ts'));
const ran = new Set<string>();

/** Runs an example with the package that it imports; gives the lines that it prints. */
function run(name: string, words: readonly string[], uid?: number): Promise<string[]> {
  ran.add(name);
  const file = bundleFile(`docs/examples/${name}.ts`, `example-${name}.mjs`, {
    format: 'esm',
    alias: { 'live-memory': path.join(root, 'native/index.ts') },
  });
  return new Promise((resolve, reject) => {
    const user = uid === undefined ? {} : { uid, gid: uid };
    execFile(process.execPath, [file, ...words], { timeout: 20_000, ...user }, (error, stdout, stderr) => {
      if (error !== null) reject(new Error(`${error.message}\n${stderr}`));
      else resolve(stdout.trimEnd().split('\n'));
    });
  });
}

test('read-struct reads a structure and follows its pointer', async () => {
  const target = await startScratch();
  expect(await run('read-struct', [String(target.pid), '!known'])).toEqual([
    'at scratch!known',
    'magic live-memory-test',
    'counter 0n',
    'string a string constant',
  ]);
});

test('watch-counter follows a counter as it rises', async () => {
  const target = await startScratch();
  await target.ask(`count ${target.facts['counter']} 1000`);
  const lines = await run('watch-counter', [String(target.pid), target.facts['counter']!, '6']);
  const values = lines.map((line) => Number(/^(\d+)n$/.exec(line)?.[1]));
  expect(values).toHaveLength(6);
  for (let i = 1; i < values.length; i++) expect(values[i]).toBeGreaterThan(values[i - 1]!);
});

test('scattered reads and writes many places, and says of each what came of it', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.protect(at + 4096n, 1, 'r');
  await target.protect(at + 8192n, 1, '-');
  const places = [at + 8n, at + 4096n, at + 8192n].map((place) => text(place));
  expect(await run('scattered', [String(target.pid), ...places])).toEqual([
    `${places[0]} 01010101`,
    `${places[1]} 02020202`,
    `${places[2]} ????????`,
    `${places[0]} 4 bytes written held`,
    `${places[1]} 0 bytes written Protected`,
    `${places[2]} 0 bytes written Protected`,
  ]);
  expect(Buffer.from(await target.peek(at + 7n, 6)).toString('hex')).toBe('01ffffffff01');
});

test('dump-region saves a region and says what is not in it', async () => {
  const target = await startScratch();
  const heap = addressOf(target, 'heap');
  const made = mkdtempSync(path.join(tmpdir(), 'live-memory-example-'));
  onTestFinished(() => rmSync(made, { recursive: true }));
  const file = path.join(made, 'heap.bin');
  const lines = await run('dump-region', [String(target.pid), '[heap]', file]);
  expect(lines.at(-1)).toBe(`[heap] rw-p saved to ${file}`);
  for (const line of lines.slice(0, -1)) expect(line).toMatch(/^0x[0-9a-f]+ \d+ bytes: not in memory/);
  expect(lines.length).toBeGreaterThan(1);
  const maps = readFileSync(`/proc/${target.pid}/maps`, 'utf8');
  const [, start = '', end = ''] = /^(\w+)-(\w+).*\[heap\]$/m.exec(maps) ?? [];
  expect(statSync(file).size).toBe(Number.parseInt(end, 16) - Number.parseInt(start, 16));
  const offset = Number(heap - BigInt(`0x${start}`));
  expect(readFileSync(file).toString('latin1', offset, offset + 11)).toBe('on the heap');
});

test('find-text finds a text across pieces, and none where nothing was read', async () => {
  const target = await startScratch();
  const at = await target.map(400, 'rw');
  const source = await attachTo(target.pid);
  // The kernel may have put the pages to others: the pieces begin where those do.
  const { start } = (await source.regionAt(at))!;
  const [pieceBytes, step] = [256n * 1024n, 256n * 1024n - 8n];
  const piece = start + ((at - start) / step + 1n) * step;
  const places = [piece + 10n, piece + pieceBytes - 3n, piece + 2n * step + 50_000n];
  for (const place of places) await source.write({ start: place, length: 9 }, Buffer.from('it is me.'));
  expect(await run('find-text', [String(target.pid), text(at), 'it is me.'])).toEqual(places.map(text));
});

describe('explain', () => {
  test('opens what may be opened', async () => {
    const target = await startScratch();
    const lines = await run('explain', [String(target.pid)]);
    expect(lines).toEqual(['Some other process can be opened.', 'scratch has regions.']);
  });

  test.skipIf(!isRoot)('says of another user’s process why not, and what would allow it', async () => {
    const target = await startScratch();
    const lines = await run('explain', [String(target.pid)], nobody);
    expect(lines[1]).toMatch(/^Denied otherUser scratch \(\d+\) runs as root, you are nobody/);
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines.slice(2)) expect(line).toMatch(/^- /);
  });
});

test('without-process reads, writes and refuses as a process does', async () => {
  expect(await run('without-process', [])).toEqual([
    'before Uint8Array(2) [ 0, 0 ]',
    'states Uint8Array(3) [ 0, 3, 2 ] byte 2',
    'Protected',
  ]);
});

test('every example is run', () => {
  expect([...ran].sort()).toEqual(names.sort());
});

/** A text without the spaces that its lines begin with: a guide shows what is inside of something as well. */
function flush(text: string): string {
  return text.replace(/^ +/gm, '');
}

describe('what the guides show', () => {
  const examples = names.map((name) => readFileSync(path.join(folder, `${name}.ts`), 'utf8'));
  const guides = ['README.md', 'docs/library.md'];
  const blocks = guides.flatMap((guide) => {
    const found = readFileSync(path.join(root, guide), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms);
    return [...found].map(([, code = '']) => ({ guide, code, first: code.split('\n')[0] ?? '' }));
  });

  test.each(blocks)('$guide: "$first …" is text of an example', ({ code }) => {
    expect(examples.some((example) => flush(example).includes(flush(code)))).toBe(true);
  });

  test('every example is linked from the guide', () => {
    expect(blocks.length).toBeGreaterThan(4);
    const guide = readFileSync(path.join(root, 'docs/library.md'), 'utf8');
    for (const name of names) expect(guide).toContain(`(examples/${name}.ts)`);
  });
});
