import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { install, npm, root } from './install.mjs';

/** Installs the VS Code of test/bed: its own dependencies are not in npm's tree and come in two further steps. */
export function installServer(): void {
  install('test/bed');
  const server = path.join(root, 'test/bed/node_modules/code-server/lib/vscode');
  for (const directory of [server, path.join(server, 'extensions')]) {
    // `npm ci` refuses them: their shrinkwrap is not complete.
    if (!existsSync(path.join(directory, 'node_modules/.package-lock.json'))) {
      npm(directory, ['install', '--omit=dev', '--ignore-scripts']);
    }
  }
  for (const [standIn, replaced] of [
    ['spdlog.cjs', '@vscode/spdlog'],
    ['watchdog.cjs', '@vscode/native-watchdog'],
  ] as const) {
    copyFileSync(path.join(root, 'test/bed', standIn), path.join(server, 'node_modules', replaced, 'index.js'));
  }
}

/** Something that a task needs of the system, and what Debian calls it. */
interface Need {
  /** A function where a name has a version in it; empty where the distribution has none: what is to be done with it says so. */
  readonly packages: readonly string[] | (() => readonly string[]);
  present(): boolean;
}

const needs = {
  cc: {
    packages: ['gcc', 'libc6-dev'],
    // A compiler without the headers of libc is what a Debian without recommended packages has.
    present: () => spawnSync('cc', ['-E', '-'], { input: '#include <stdio.h>\n' }).status === 0,
  },
  'c++': {
    packages: ['g++'],
    present: () => spawnSync('c++', ['-x', 'c++', '-E', '-'], { input: '#include <vector>\n' }).status === 0,
  },
  chromium: {
    packages: ['chromium'],
    present: () =>
      process.env['CHROMIUM'] !== undefined ||
      ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'].some(isOnPath),
  },
  strace: { packages: ['strace'], present: () => isOnPath('strace') },
  python3: { packages: ['python3'], present: () => isOnPath('python3') },
  redis: {
    packages: ['redis-server', 'redis-tools'],
    present: () => isOnPath('redis-server') && isOnPath('redis-cli'),
  },
  // The adapters of the debug sessions; cdt-gdb-adapter comes with test/bed, and js-debug is VS Code's own.
  lldb: { packages: lldbPackages, present: () => pathFolders().some(hasLldbDap) },
  gdb: { packages: ['gdb', 'gdbserver'], present: () => isOnPath('gdb') && isOnPath('gdbserver') },
  debugpy: {
    packages: ['python3-debugpy'],
    // Debian's package is for Debian's Python, which need not be the first on the PATH.
    present: () =>
      ['python3', '/usr/bin/python3'].some((python) => spawnSync(python, ['-c', 'import debugpy']).status === 0),
  },
  // Another kernel, see kernel.ts.
  qemu: {
    packages: ['qemu-system-x86', 'busybox-static', 'cpio'],
    present: () => ['qemu-system-x86_64', 'busybox', 'cpio'].every(isOnPath),
  },
} satisfies Record<string, Need>;

export type NeedName = keyof typeof needs;

/** Installs the Debian packages that are missing, where it may; otherwise throws the one line that does. */
export function installPackages(names: readonly NeedName[]): void {
  const missing = names.filter((name) => !needs[name].present());
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const update = 'apt-get update';
  // On a system that was just made, nothing is known of any package before this.
  if (isRoot && isOnPath('apt-get')) spawnSync('sh', ['-c', update], { env, stdio: 'ignore' });
  const packagesOf = (name: NeedName): readonly string[] => {
    const { packages }: Need = needs[name];
    return typeof packages === 'function' ? packages() : packages;
  };
  const wanted = missing.filter((name) => packagesOf(name).length > 0);
  if (wanted.length === 0) return;
  const packages = wanted.flatMap(packagesOf).join(' ');
  if (!isOnPath('apt-get')) {
    throw new Error(`This needs ${wanted.join(', ')}. Debian's packages are: ${packages}; install your system's own.`);
  }
  const install = `apt-get install -y --no-install-recommends ${packages}`;
  const line = `${update} && ${install}`;
  if (!isRoot) throw new Error(`This needs ${wanted.join(', ')}. Install with:\nsudo sh -c '${line}'`);
  console.log(`Installing ${packages}…`);
  const { status } = spawnSync('sh', ['-c', install], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const still = wanted.filter((name) => !needs[name].present());
  if (status !== 0 || still.length > 0) throw new Error(`Could not install ${still.join(', ')}. By hand:\n${line}`);
}

/** The newest lldb that has lldb-dap, as all from 18 on do; in Debian's package, or in one of its own. Without apt, its usual name. */
function lldbPackages(): readonly string[] {
  if (!isOnPath('apt-cache')) return ['lldb'];
  const { stdout } = spawnSync('apt-cache', ['pkgnames', 'lldb-'], { encoding: 'utf8' });
  const known = stdout.split('\n');
  const newest = Math.max(0, ...known.map((name) => Number(/^lldb-(\d+)$/.exec(name)?.[1] ?? 0)));
  if (newest < 18) return [];
  return [`lldb-${newest}`, `lldb-dap-${newest}`].filter((name) => known.includes(name));
}

function hasLldbDap(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => /^lldb-dap(-\d+)?$/.test(name));
}

export function isOnPath(program: string): boolean {
  return findOnPath(program) !== undefined;
}

export function findOnPath(program: string): string | undefined {
  return pathFolders()
    .map((directory) => path.join(directory, program))
    .find((file) => existsSync(file));
}

function pathFolders(): string[] {
  return (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '');
}
