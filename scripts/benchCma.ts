import path from 'node:path';
import process from 'node:process';
import { root } from './install.mjs';
import { endAll, onStop, run } from './processes.ts';
import { installPackages } from './setup.ts';

// The ways to copy between processes are a C program; strace counts the system calls of ours.
onStop(() => {
  void endAll().then(() => process.exit(130));
});
try {
  installPackages(['cc', 'strace']);
  process.exitCode = (await run(process.execPath, [path.join(root, 'test/bench/cma.ts')], { cwd: root })) ?? 1;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  await endAll();
}
