import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { libraryFile, root } from './vscode.ts';

/*
 * The npm package as a program of somebody else meets it: unpacked beside its one dependency, in a folder that knows nothing of
 * this one. It needs no VS Code, but what the package stage made.
 */

let folder: string;
let installed: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'live-memory-consumer-'));
  installed = path.join(folder, 'node_modules/live-memory');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', libraryFile(), '-C', installed, '--strip-components=1', '--no-same-owner']);
  for (const name of ['koffi', '@types'])
    symlinkSync(path.join(root, 'node_modules', name), path.join(folder, 'node_modules', name));
  writeFileSync(path.join(folder, 'package.json'), '{ "type": "module", "private": true }');
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function startScratch(): Promise<RunningTarget> {
  const target = await startTarget('scratch');
  onTestFinished(() => target.dispose());
  return target;
}

function run(file: string, code: string, ...words: string[]): string {
  writeFileSync(path.join(folder, file), code);
  return execFileSync(process.execPath, [file, ...words], { cwd: folder, encoding: 'utf8' });
}

test('holds what a user of the library needs and nothing else', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(installed, name)).isFile())
    .sort();
  const isExpected =
    /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|dist\/(index|cli)\.js|dist\/types\/(common|native)\/.*\.d\.ts|docs\/(library|command-line)\.md|docs\/examples\/[\w-]+\.ts)$/;
  expect(files.filter((name) => !isExpected.test(name))).toEqual([]);
  for (const name of ['dist/index.js', 'dist/cli.js', 'dist/types/native/index.d.ts', 'LICENSE', 'docs/library.md'])
    expect(files).toContain(name);
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as Record<string, unknown>;
  expect(Object.keys(manifest['dependencies'] as object)).toEqual(['koffi']);
  for (const name of ['contributes', 'activationEvents', 'main', 'devDependencies', 'scripts'])
    expect(manifest).not.toHaveProperty(name);
});

const program = `
const target = await attach(Number(process.argv[2]));
const { address } = await resolveAddress(target, '!known');
const bytes = new Uint8Array(16);
await target.readInto({ start: address, length: 16 }, bytes);
console.log(Buffer.from(bytes).toString(), await labelAddress(target, address));
const { held } = await target.write({ start: address, length: 4 }, Buffer.from('LIVE'));
target.dispose();
const error = await attach(4194304).catch((error) => error);
console.log(held, error instanceof MemoryError, error.code, (await list()).length > 0);
`;

test('runs where it is imported, and where it is required', async () => {
  const names = '{ attach, labelAddress, list, MemoryError, resolveAddress }';
  for (const [file, first] of [
    ['import.mjs', `import ${names} from 'live-memory';`],
    ['require.cjs', `const ${names} = require('live-memory');`],
  ] as const) {
    const target = await startScratch();
    const body = file.endsWith('.cjs') ? `void (async () => {${program}})();` : program;
    expect(run(file, `${first}\n${body}`, String(target.pid))).toBe(
      'live-memory-test scratch!known\ntrue true Gone true\n',
    );
    expect(await target.ask(`peek ${target.facts['known']!.slice(2)} 4`)).toBe(Buffer.from('LIVE').toString('hex'));
  }
});

test('has types that stand by themselves, and say no to what is wrong', () => {
  const settings = {
    compilerOptions: { target: 'es2023', module: 'nodenext', strict: true, noEmit: true, types: ['node'] },
    include: ['*.ts'],
  };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(settings));
  const compile = (code: string): string => {
    writeFileSync(path.join(folder, 'consumer.ts'), code);
    const compiler = path.join(root, 'node_modules/typescript-7/bin/tsc');
    return spawnSync(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' }).stdout;
  };
  const good = `import { attach, list, type Process, type ReadOutcome, type Region } from 'live-memory';
export async function first(pid: number): Promise<Region | undefined> {
  const target: Process = await attach(pid);
  const outcome: ReadOutcome = await target.readInto({ start: 0n, length: 1 }, new Uint8Array(1));
  for await (const piece of target.stream({ start: 0n, length: outcome.read })) console.log(piece.state);
  const [entry] = await list();
  console.log(entry?.denied?.length);
  return (await target.regions())[0];
}
`;
  expect(compile(good)).toBe('');
  expect(compile(good.replaceAll('0n', '0'))).toContain("Type 'number' is not assignable to type 'bigint'");
  expect(compile(good.replace('denied', 'refused'))).toContain("Property 'refused' does not exist");
});

test('has a command line that runs by its name', async () => {
  const target = await startScratch();
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };
  const manifest = JSON.parse(readFileSync(path.join(installed, 'package.json'), 'utf8')) as {
    bin: Record<string, string>;
  };
  const file = path.join(installed, manifest.bin['live-memory'] ?? '');
  expect(statSync(file).mode & 0o111).toBe(0o111);
  const cli = (...words: string[]): string => execFileSync(file, words, { encoding: 'utf8' });
  expect(cli('--version')).toBe(`${version}\n`);
  expect(cli('read', String(target.pid), '!known', '16')).toContain('|live-memory-test|');
  expect(JSON.parse(cli('write', String(target.pid), '!known', '--text', 'L', '--json'))).toEqual({
    landed: 1,
    before: '6c',
    held: true,
  });
});

test('is built into dist/ as well, where the VSIX takes the command line from', async () => {
  const target = await startScratch();
  const file = path.join(root, 'dist/cli.js');
  expect(execFileSync(file, ['read', String(target.pid), '!known', '4', '--json'], { encoding: 'utf8' })).toContain(
    '"bytes":"6c697665"',
  );
});
