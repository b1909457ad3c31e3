import path from 'node:path';
import process from 'node:process';
import { root } from './install.mjs';
import { run, runTask } from './processes.ts';
import { installPackages } from './setup.ts';

// The ways to copy between processes are a C program; strace counts the system calls of ours.
await runTask(async () => {
  installPackages(['cc', 'strace']);
  process.exitCode = (await run(process.execPath, [path.join(root, 'test/bench/cma.ts')], { cwd: root })) ?? 1;
});
