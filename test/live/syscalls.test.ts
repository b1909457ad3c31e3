import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { pageOf } from '../../common/page.ts';
import { startTarget } from '../target/target.ts';

const strace = spawnSync('strace', ['-V']).status === 0;
if (!strace)
  console.warn('SKIPPED: strace is not installed, so system calls are not counted (apt-get install strace).');

const watching = fileURLToPath(new URL('watching.ts', import.meta.url));

interface Counts {
  readonly seconds: number;
  readonly calls: Readonly<Record<string, number>>;
}
let phases: Record<string, Counts>;

/** Counts the system calls that an agent makes on its target, phase by phase. */
beforeAll(async () => {
  if (!strace) return;
  const target = await startTarget('scratch');
  const folder = mkdtempSync(join(tmpdir(), 'live-memory-strace-'));
  const log = join(folder, 'log');
  try {
    const at = BigInt(await target.ask('map 300 rw 1'));
    const calls = 'trace=process_vm_readv,process_vm_writev,pread64,pwrite64,ioctl,openat';
    const { stdout } = await promisify(execFile)('strace', [
      ...['-f', '-ttt', '-e', calls, '-e', 'signal=none', '-o', log],
      ...[process.execPath, '--no-warnings', watching, String(target.pid), String(pageOf(at))],
    ]);
    const lines = readFileSync(log, 'latin1').split('\n');
    phases = Object.fromEntries(
      Object.entries(JSON.parse(stdout) as Record<string, [number, number]>).map(([name, [begun, ended]]) => {
        const counts: Record<string, number> = {};
        for (const line of lines) {
          const match = /^\d+ +([\d.]+) (\w+)\(/.exec(line);
          if (match === null || Number(match[1]) < begun || Number(match[1]) > ended) continue;
          counts[match[2] as string] = (counts[match[2] as string] ?? 0) + 1;
        }
        return [name, { seconds: ended - begun, calls: counts }];
      }),
    );
  } finally {
    target.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
});

test.skipIf(!strace)('an agent that is attached and not watched makes no system call on its target', () => {
  expect(phases['attached']?.calls).toEqual({});
});

test.skipIf(!strace)('three views that overlap cost one process_vm_readv a tick', () => {
  const { seconds, calls } = phases['watched'] as Counts;
  const perSecond = (calls['process_vm_readv'] ?? 0) / seconds;
  expect(perSecond).toBeGreaterThan(15);
  expect(perSecond).toBeLessThanOrEqual(61);
});

test.skipIf(!strace)('a static view costs nothing but that call: the regions are looked at once a second', () => {
  const { seconds, calls } = phases['watched'] as Counts;
  // A look reads the maps in two or three pieces and probes the identity once; a residency is a handful of ioctls.
  expect((calls['pread64'] ?? 0) / seconds).toBeLessThan(8);
  expect((calls['ioctl'] ?? 0) / seconds).toBeLessThan(60);
});

test.skipIf(!strace)('views that are hidden or paused cost no system call at all', () => {
  expect(phases['hidden']?.calls).toEqual({});
});
