import path from 'node:path';
import process from 'node:process';
import { build } from './build.ts';
import { root } from './install.mjs';
import { endAll, onStop, run } from './processes.ts';
import { installPackages, installServer } from './setup.ts';

// Benchmarks compare with C, count system calls, and measure in a whole VS Code.
onStop(() => {
  void endAll().then(() => process.exit(130));
});
try {
  installPackages(['cc', 'chromium', 'strace']);
  installServer();
  build('production');
  const code = await run(process.execPath, [path.join(root, 'test/bench/bench.ts'), ...process.argv.slice(2)], {
    cwd: root,
  });
  process.exitCode = code ?? 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await endAll();
}
