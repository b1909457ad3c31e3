import { readdirSync } from 'node:fs';
import { scheduledThreadsMax } from '../../common/limits.ts';
import { readProc } from './procfs.ts';

/** What the threads of a process had of the processors over some time, in milliseconds, added up. */
export interface Share {
  readonly ran: number;
  /** Could have run, and had to wait for a processor. */
  readonly waited: number;
}

/**
 * Tells at each call what the threads of a process have run and waited since the call before, out of
 * /proc/<pid>/task/<tid>/schedstat (Documentation/scheduler/sched-stats.rst: nanoseconds on a processor, nanoseconds waiting
 * for one, time slices). Threads that have come in between count from the next call on. `undefined` where the kernel does
 * not keep count.
 */
export function watchSchedule(pid: number): () => Share | undefined {
  let known = new Map<string, readonly [ran: number, waited: number]>();
  return () => {
    const next: typeof known = new Map();
    let ran = 0;
    let waited = 0;
    for (const thread of threadsOf(pid)) {
      const fields = readProc(`/proc/${pid}/task/${thread}/schedstat`)?.toString('latin1').split(' ') ?? [];
      if (fields.length < 3) continue;
      const now = [Number(fields[0]), Number(fields[1])] as const;
      const before = known.get(thread) ?? now;
      ran += now[0] - before[0];
      waited += now[1] - before[1];
      next.set(thread, now);
    }
    known = next;
    return next.size === 0 ? undefined : { ran: ran / 1e6, waited: waited / 1e6 };
  };
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`).slice(0, scheduledThreadsMax);
  } catch {
    return [];
  }
}
