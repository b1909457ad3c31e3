import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { build } from './build.ts';
import { installGdb } from './gdb.ts';
import { root } from './install.mjs';
import { makeLibrary, makePackage } from './package.ts';
import { run, runTask } from './processes.ts';
import { installPackages, installServer, type NeedName } from './setup.ts';
import type { Count } from './tally.ts';

/**
 * npm test                           everything, in the order below
 * npm test -- unit live              some stages
 * npm test -- extension smoke        the tests of a stage whose file's path holds "smoke"
 * npm test -- extension -t 'opens'   what follows a stage's name goes to vitest
 */
interface Stage {
  readonly name: string;
  /** What it needs of the system. */
  readonly needs?: readonly NeedName[];
  readonly run: (filters: readonly string[]) => Promise<Count>;
  /** Goes on beside what follows, up to the stages whose tests measure time. */
  readonly isBeside?: boolean;
  readonly measuresTime?: boolean;
}

const artifacts = path.join(root, '.run/artifacts');
const tool = (file: string): string => path.join(root, 'node_modules', file);

const stages: readonly Stage[] = [
  { name: 'lint', isBeside: true, run: () => check([tool('eslint/bin/eslint.js'), '--max-warnings', '0', '.']) },
  { name: 'format', run: () => check([tool('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.']) },
  { name: 'types', run: () => check([tool('typescript-7/bin/tsc'), '--build']) },
  {
    name: 'package',
    run: async () => {
      build('production', { tests: true });
      await makePackage();
      makeLibrary();
      return one(true);
    },
  },
  { name: 'unit', run: (filters) => vitest('unit', filters) },
  { name: 'live', measuresTime: true, needs: ['cc', 'strace', 'python3'], run: (filters) => vitest('live', filters) },
  { name: 'webview', measuresTime: true, needs: ['chromium'], run: (filters) => vitest('webview', filters) },
  {
    name: 'extension',
    measuresTime: true,
    needs: ['cc', 'c++', 'chromium', 'python3', 'redis', 'strace', 'lldb', 'gdb', 'debugpy'],
    run: (filters) => {
      installServer();
      installGdb();
      return vitest('extension', filters);
    },
  },
];

/** What the tests of a stage run on. */
const builtFirst = new Set(['extension']);

function one(passed: boolean): Count {
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, notes: [], retried: [] };
}

async function check(parameters: readonly string[]): Promise<Count> {
  return one((await run(process.execPath, parameters, { cwd: root })) === 0);
}

async function vitest(project: string, filters: readonly string[]): Promise<Count> {
  mkdirSync(artifacts, { recursive: true });
  const tally = path.join(artifacts, `${project}.json`);
  rmSync(tally, { force: true });
  const parameters = [tool('vitest/vitest.mjs'), 'run', '--project', project, ...filters];
  const code = await run(process.execPath, parameters, { cwd: root, env: { ...process.env, TALLY: tally } });
  if (!existsSync(tally)) return one(false);
  const count = JSON.parse(readFileSync(tally, 'utf8')) as Count;
  // Vitest has reasons of its own to fail, such as a filter that finds nothing.
  return code !== 0 && count.failed === 0 ? { ...count, failed: 1 } : count;
}

async function main(parameters: readonly string[]): Promise<number> {
  const named = parameters.filter((parameter) => stages.some(({ name }) => name === parameter));
  const first = parameters.findIndex((parameter) => !named.includes(parameter));
  const filters = first < 0 ? [] : parameters.slice(first);
  if (named.length === 0 && filters.length > 0) {
    throw new Error(`No stage "${filters[0]}". There are: ${stages.map(({ name }) => name).join(', ')}.`);
  }
  const wanted = stages.filter(
    ({ name }) =>
      named.length === 0 ||
      named.includes(name) ||
      (name === 'package' && named.some((other) => builtFirst.has(other))),
  );
  installPackages([...new Set(wanted.flatMap(({ needs }) => needs ?? []))]);

  const total = { passed: 0, failed: 0, skipped: 0 };
  const notes: string[] = [];
  const retried: string[] = [];
  const lines: string[] = [];
  const runStage = async (stage: Stage): Promise<void> => {
    console.log(`\n── ${stage.name}`);
    const from = performance.now();
    let count: Count;
    try {
      count = await stage.run(filters);
    } catch (error) {
      console.error((error as Error).message);
      count = one(false);
    }
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    lines.push(`${stage.name.padEnd(10)} ${print(count).padEnd(36)} ${seconds.padStart(6)} s`);
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
    notes.push(...count.notes);
    retried.push(...count.retried);
  };
  const beside: Promise<void>[] = [];
  for (const stage of wanted) {
    if (stage.measuresTime === true) await Promise.all(beside);
    const running = runStage(stage);
    if (stage.isBeside === true) beside.push(running);
    else await running;
  }
  await Promise.all(beside);

  console.log(`\n${lines.join('\n')}`);
  if (notes.length > 0) console.log(`\nSkipped:\n${notes.join('\n')}`);
  if (retried.length > 0) console.log(`\nPassed at the second try only:\n${retried.join('\n')}`);
  console.log(`\n${print(total)}`);
  return total.failed;
}

function print({ passed, failed, skipped }: Pick<Count, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

await runTask(
  async () => {
    process.exitCode = (await main(process.argv.slice(2))) > 0 ? 1 : 0;
  },
  (reason) => (reason === 'SIGINT' ? 130 : 143),
);
