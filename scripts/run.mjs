// Runs a task of package.json on the pinned Node, after installing what is missing. Plain JavaScript for old Nodes.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { install, root } from './install.mjs';

/** @type {Record<string, string[]>} */
const tasks = {
  start: ['scripts/start.ts'],
  test: ['scripts/test.ts'],
  'test:desktop': ['scripts/desktop.ts'],
  'test:kernel': ['scripts/kernel.ts'],
  bench: ['scripts/bench.ts'],
  'bench:cma': ['scripts/benchCma.ts'],
  build: ['scripts/build.ts'],
  package: ['scripts/package.ts'],
  lint: ['scripts/test.ts', 'lint', 'format'],
  types: ['scripts/test.ts', 'types'],
  format: ['node_modules/prettier/bin/prettier.cjs', '--write', '.'],
};

const nodeMajorMin = 24;

try {
  run(process.argv[2] ?? '', process.argv.slice(3));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/**
 * @param {string} name
 * @param {string[]} parameters
 */
function run(name, parameters) {
  const task = tasks[name];
  if (task === undefined) throw new Error(`No task "${name}". There are: ${Object.keys(tasks).join(', ')}.`);
  install('scripts/node');
  const node = findNode();
  install('.', node);
  const env = { ...process.env, PATH: `${path.dirname(node)}:${process.env['PATH'] ?? ''}` };
  // The channel has no messages; it closes when this process dies, however it dies, and then the task ends too.
  const child = spawn(node, [...task, ...parameters], {
    cwd: root,
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  // A terminal sends Ctrl+C to both; the task decides when it is done. What only this process gets is passed on.
  process.on('SIGINT', () => undefined);
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal));
  onDeathOfNpm(() => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
}

/**
 * npm starts a task through a shell. A signal that ends npm ends the shell at best, and neither tells the task.
 * @param {() => void} end
 */
function onDeathOfNpm(end) {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const ancestors = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const before = ancestors();
  const timer = setInterval(() => {
    if (ancestors() === before) return;
    clearInterval(timer);
    end();
  }, 500);
  timer.unref();
}

/** @param {number} pid */
function parentOf(pid) {
  try {
    return /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** The pinned Node, or the running one where there is no build of it for this system (musl, other processors). */
function findNode() {
  const pinned = path.join(root, `scripts/node/node_modules/node-linux-${process.arch}/bin/node`);
  if (spawnSync(pinned, ['--version']).status === 0) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= nodeMajorMin) return process.execPath;
  throw new Error(
    `This needs Node ${nodeMajorMin} or newer, this is ${process.version}, and there is no Node to install from npm for ` +
      `this system (${process.platform} ${process.arch}). Install Node ${nodeMajorMin} and call again.`,
  );
}
