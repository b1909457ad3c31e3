import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';
import { emitTypes } from './types.ts';

export type Mode = 'production' | 'development';

/** Makes dist/ with webpack; `tests` adds the suites for the extension host. Throws where webpack fails, or the types do. */
export function build(mode: Mode, options: { readonly tests?: boolean } = {}): void {
  // Bundles that are no longer made would otherwise stay, and go into the VSIX.
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const parameters = ['--mode', mode, ...(options.tests === true ? ['--env', 'tests'] : [])];
  const webpack = path.join(root, 'node_modules/webpack-cli/bin/cli.js');
  const { status } = spawnSync(process.execPath, [webpack, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('webpack failed.');
  chmodSync(path.join(root, 'dist/cli.js'), 0o755);
  // While somebody works, what runs is to be seen before its types are right.
  if (mode === 'production') emitTypes();
}

if (import.meta.main) {
  try {
    build(process.argv.includes('--dev') ? 'development' : 'production', { tests: process.argv.includes('--tests') });
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
