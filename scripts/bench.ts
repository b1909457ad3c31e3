import path from 'node:path';
import process from 'node:process';
import { build } from './build.ts';
import { root } from './install.mjs';
import { run, runTask } from './processes.ts';
import { installPackages, installServer } from './setup.ts';

// Benchmarks compare with C, count system calls, and measure in a whole VS Code.
await runTask(async () => {
  installPackages(['cc', 'chromium', 'strace']);
  installServer();
  build('production');
  const code = await run(process.execPath, [path.join(root, 'test/bench/bench.ts'), ...process.argv.slice(2)], {
    cwd: root,
  });
  process.exitCode = code ?? 1;
});
