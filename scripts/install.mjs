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
 */
export function install(folder) {
  const directory = path.join(root, folder);
  if (isInstalled(directory)) return;
  console.log(`Installing ${folder === '.' ? 'the development packages' : folder}…`);
  npm(directory, ['ci', '--ignore-scripts']);
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
export function npm(directory, parameters) {
  // npm tells its scripts where it is; a task that is run without npm takes the one on the PATH.
  const given = process.env['npm_execpath'];
  const [command, first] = given?.endsWith('npm-cli.js') ? [process.execPath, [given]] : ['npm', []];
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // What `npm start -- --flag` and its like set for npm's children is not meant for this one.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_(config|package)_/i.test(name)));
  for (const [name, value] of Object.entries(process.env)) {
    if (/^npm_config_(registry|cache|userconfig|globalconfig|prefix|proxy|https?_proxy|noproxy|cafile)$/i.test(name)) {
      env[name] = value;
    }
  }
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
