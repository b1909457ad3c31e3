// Plain JavaScript for old Nodes: this runs before the pinned Node is there.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

export const root = path.resolve(path.dirname(new URL(import.meta.url).pathname), '..');

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockEntry
 */

/**
 * `npm ci` in a folder of the project, unless what is installed is what its lock file says.
 * @param {string} folder relative to the root
 * @param {string} node runs npm: npm leaves out optional packages that the Node it runs on is too old for
 */
export function install(folder, node = process.execPath) {
  const directory = path.join(root, folder);
  if (isInstalled(directory)) return;
  console.log(`Installing ${folder === '.' ? 'the development packages' : folder}…`);
  npm(directory, ['ci', '--ignore-scripts'], node);
}

/**
 * npm leaves a lock file of what it installed, written last; so an install that was cut short, or a package that
 * somebody added by hand, shows.
 * @param {string} directory
 */
function isInstalled(directory) {
  const left = path.join(directory, 'node_modules/.package-lock.json');
  if (!existsSync(left)) return false;
  const wanted = packagesOf(path.join(directory, 'package-lock.json'));
  const installed = packagesOf(left);
  for (const [name, { optional, integrity }] of Object.entries(wanted)) {
    const entry = installed[name];
    if (entry === undefined ? !optional : entry.integrity !== integrity) return false;
  }
  return Object.keys(installed).every((name) => name in wanted);
}

/**
 * @param {string} lockFile
 * @returns {Record<string, LockEntry>}
 */
function packagesOf(lockFile) {
  const { packages } = JSON.parse(readFileSync(lockFile, 'utf8'));
  delete packages[''];
  return packages;
}

/**
 * @param {string} directory
 * @param {readonly string[]} parameters
 */
export function npm(directory, parameters, node = process.execPath) {
  // npm tells its scripts where it is; a task that is run without npm takes the one on the PATH.
  const given = process.env['npm_execpath'];
  const [command, first] = given?.endsWith('npm-cli.js') ? [node, [given]] : ['npm', []];
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // npm by its name is a script that takes the first Node on the PATH.
  const env = { ...process.env, PATH: `${path.dirname(node)}:${process.env['PATH'] ?? ''}` };
  try {
    execFileSync(command, [...first, ...parameters, ...quiet], {
      cwd: directory,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch {
    throw new Error(
      `"npm ${parameters.join(' ')}" failed in ${directory}. It needs the npm registry; see what npm said above.`,
    );
  }
}
