import { execFileSync } from 'node:child_process';

/**
 * Keeps this thread, and what it starts from now on, on one processor: of two, one may have a busy neighbour on the machine
 * beneath, and be slower by a third for minutes.
 */
export function keepToOneProcessor(): void {
  const all = taskset([String(process.pid)]);
  // The last: interrupts mostly come to the first.
  if (all !== '') taskset([/\d+$/.exec(all.trim())?.[0] ?? '0', String(process.pid)]);
}

function taskset(parameters: readonly string[]): string {
  try {
    return execFileSync('taskset', ['-pc', ...parameters], { encoding: 'utf8' });
  } catch {
    console.log('  There is no taskset (util-linux): what is compared may run on different processors.');
    return '';
  }
}
