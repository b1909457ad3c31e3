import { runTests } from '@vscode/test-electron';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { HostResult } from '../test/extension/host/index.ts';
import { artifacts } from '../test/extension/vscode.ts';
import { build } from './build.ts';
import { root } from './install.mjs';
import { runTask } from './processes.ts';

/**
 * npm run test:desktop            the suites of test/extension/host in a desktop VS Code, which it downloads
 * npm run test:desktop -- 1.100.0  in that version
 * VSCODE=/usr/share/code/code npm run test:desktop   in that program, without a download
 */
async function main(): Promise<void> {
  if (process.env['DISPLAY'] === undefined && process.env['WAYLAND_DISPLAY'] === undefined) {
    throw new Error(
      'This needs a display: neither DISPLAY nor WAYLAND_DISPLAY is set. "npm test" runs the same without.',
    );
  }
  build('production', { tests: true });
  const results = path.join(artifacts, 'desktop.jsonl');
  const userData = path.join(root, '.run/vscode', `desktop-${process.pid}`);
  mkdirSync(artifacts, { recursive: true });
  writeFileSync(results, '');
  const program = process.env['VSCODE'];
  const version = process.argv[2];
  let failure: Error | undefined;
  try {
    await runTests({
      extensionDevelopmentPath: root,
      extensionTestsPath: path.join(root, 'dist/test/index.cjs'),
      extensionTestsEnv: { HOST_RESULTS: results, LIVE_MEMORY_ROOT: root },
      cachePath: path.join(root, '.run/vscode-desktop'),
      ...(version !== undefined && { version }),
      ...(program !== undefined && { vscodeExecutablePath: program }),
      launchArgs: [
        ...[
          '--user-data-dir',
          userData,
          '--disable-workspace-trust',
          '--disable-extensions',
          path.join(root, 'test/target'),
        ],
        // Chromium refuses to run as root with its sandbox.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ],
    });
  } catch (error) {
    failure = error as Error;
  } finally {
    rmSync(userData, { recursive: true, force: true, maxRetries: 5 });
  }
  const lines = readFileSync(results, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  const states = lines.map((line) => (JSON.parse(line) as HostResult).state);
  const count = (wanted: HostResult['state']): number => states.filter((state) => state === wanted).length;
  if (states.length === 0) {
    const reason = failure?.message ?? 'it ended without a result';
    throw new Error(`VS Code did not run the tests: ${reason}. Without VSCODE=…, this downloads it from the internet.`);
  }
  const failed = Math.max(count('failed'), failure === undefined ? 0 : 1);
  console.log(`\n${count('passed')} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

await runTask(main);
