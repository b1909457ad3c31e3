import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';

/** What figures depend on: two runs are of the same machine where all of it is the same. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Whether the kernel gives large mappings huge pages without being asked. */
  readonly hugePages: string;
}

export function thisMachine(): Machine {
  const all = cpus();
  return {
    processor: (all[0]?.model ?? 'unknown').replace(/\((?:R|TM)\)/g, '').trim(),
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    hugePages: hugePages(),
  };
}

function hugePages(): string {
  try {
    const modes = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8');
    return /\[(\w+)\]/.exec(modes)?.[1] ?? 'unknown';
  } catch {
    return 'none';
  }
}

export function printMachine(machine: Machine): string {
  const { processor, cores, memoryGiB, kernel, node } = machine;
  return `${processor}, ${cores} cores, ${memoryGiB} GiB; Linux ${kernel}, Node ${node}, huge pages: ${machine.hugePages}`;
}

/** YYYY-MM-DD. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
