import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';
import { findOnPath } from './setup.ts';

/** Where a gdb that speaks the Debug Adapter Protocol is put, with all that it needs, where the system's own is too old. */
export const bedGdb = path.join(root, 'test/bed/gdb');

/** From this version on gdb has `--interpreter=dap`. */
const versionMin = 14;

/** The Debian that has one; its packages are unpacked, never installed. */
const suite = 'trixie';

/**
 * Fetches gdb out of a later Debian than this one may be, where the system's cannot do it. What stands in the way is said, and
 * no reason to fail: the tests that need it say that they were skipped.
 */
export function installGdb(): void {
  const program = path.join(bedGdb, 'gdb');
  if (existsSync(program) || systemGdbVersion() >= versionMin) return;
  rmSync(bedGdb, { recursive: true, force: true });
  try {
    fetchPackages();
    const libraries = path.join(bedGdb, 'root/usr/lib/x86_64-linux-gnu');
    // Its own loader and libraries, for they are newer than the system's. The debuggee gets the system's.
    writeFileSync(
      program,
      [
        '#!/bin/sh',
        `export PYTHONHOME=${quoted(path.join(bedGdb, 'root/usr'))}`,
        `exec ${quoted(path.join(libraries, 'ld-linux-x86-64.so.2'))} --library-path ${quoted(libraries)} \\`,
        `  ${quoted(path.join(bedGdb, 'root/usr/bin/gdb'))} --data-directory ${quoted(path.join(bedGdb, 'root/usr/share/gdb'))} \\`,
        `  -iex 'unset environment PYTHONHOME' -iex 'set auto-load safe-path /' "$@"`,
        '',
      ].join('\n'),
    );
    chmodSync(program, 0o755);
    run(program, ['-batch', '-ex', 'python import gdb.dap']);
  } catch (error) {
    rmSync(bedGdb, { recursive: true, force: true });
    console.log(`No gdb ${versionMin} or later for the tests: ${(error as Error).message}`);
  }
}

/** The major version of the gdb on the PATH; 0 where there is none. */
function systemGdbVersion(): number {
  if (findOnPath('gdb') === undefined) return 0;
  const { stdout } = spawnSync('gdb', ['--version'], { encoding: 'utf8' });
  return Number(/(\d+)\.\d+/.exec(stdout.replace(/\(.*?\)/, ''))?.[1] ?? 0);
}

function fetchPackages(): void {
  if (process.arch !== 'x64') throw new Error(`this is ${process.arch}.`);
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'root'])
    mkdirSync(path.join(bedGdb, folder), { recursive: true });
  const status = path.join(bedGdb, 'status');
  const sources = path.join(bedGdb, 'sources.list');
  // Nothing counts as installed, so that all that gdb needs comes along.
  writeFileSync(status, '');
  writeFileSync(
    sources,
    `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${suite} main\n`,
  );
  const options = [
    ...[`Dir::State=${bedGdb}/state`, `Dir::Cache=${bedGdb}/cache`, `Dir::State::status=${status}`],
    ...[`Dir::Etc::sourcelist=${sources}`, 'Dir::Etc::sourceparts=/dev/null', 'APT::Install-Recommends=0'],
    ...['APT::Sandbox::User=root', 'Acquire::http::Timeout=20', 'Acquire::Retries=1'],
  ].flatMap((option) => ['-o', option]);
  console.log(`Fetching gdb out of Debian ${suite} into test/bed/gdb…`);
  run('apt-get', [...options, '-qq', 'update']);
  run('apt-get', [...options, '-qq', '-y', '--download-only', 'install', 'gdb']);
  const archives = path.join(bedGdb, 'cache/archives');
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb')))
    run('dpkg-deb', ['-x', path.join(archives, file), path.join(bedGdb, 'root')]);
  for (const folder of ['state', 'cache']) rmSync(path.join(bedGdb, folder), { recursive: true });
}

function run(program: string, parameters: readonly string[]): void {
  const { status, error, stderr } = spawnSync(program, parameters, { encoding: 'utf8', timeout: 300_000 });
  if (status === 0) return;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw new Error(`${path.basename(program)} ${error === undefined ? `says “${said}”` : `fails: ${error.message}`}.`);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
