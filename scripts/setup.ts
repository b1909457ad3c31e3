import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync } from 'node:fs';
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
  readonly packages: readonly string[];
  present(): boolean;
}

const needs = {
  cc: {
    packages: ['gcc', 'libc6-dev'],
    // A compiler without the headers of libc is what a Debian without recommended packages has.
    present: () => spawnSync('cc', ['-E', '-'], { input: '#include <stdio.h>\n' }).status === 0,
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
} satisfies Record<string, Need>;

export type NeedName = keyof typeof needs;

/** Installs the Debian packages that are missing, where it may; otherwise throws the one line that does. */
export function installPackages(names: readonly NeedName[]): void {
  const missing = names.filter((name) => !needs[name].present());
  if (missing.length === 0) return;
  const packages = missing.flatMap((name) => needs[name].packages).join(' ');
  if (!isOnPath('apt-get')) {
    throw new Error(`This needs ${missing.join(', ')}. Debian's packages are: ${packages}; install your system's own.`);
  }
  const line = `apt-get update && apt-get install -y --no-install-recommends ${packages}`;
  if (process.getuid?.() !== 0)
    throw new Error(`This needs ${missing.join(', ')}. Install with:\nsudo sh -c '${line}'`);
  console.log(`Installing ${packages}…`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status } = spawnSync('sh', ['-c', line], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const still = names.filter((name) => !needs[name].present());
  if (status !== 0 || still.length > 0) throw new Error(`Could not install ${still.join(', ')}. By hand:\n${line}`);
}

export function isOnPath(program: string): boolean {
  return findOnPath(program) !== undefined;
}

export function findOnPath(program: string): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '');
  return directories.map((directory) => path.join(directory, program)).find((file) => existsSync(file));
}
