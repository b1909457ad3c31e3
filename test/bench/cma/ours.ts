import { execFile, spawnSync } from 'node:child_process';
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { attach } from '../../../native/attach.ts';
import { createBuffer } from '../../../native/buffer.ts';
import { localAddress, pread, pwrite } from '../../../native/linux/libc.ts';
import { startTarget } from '../../target/target.ts';
import { sizes } from './ways.ts';

/** One run: what it took, and the system calls of both sides that moved bytes, where they were counted. */
export interface Measured {
  readonly nanoseconds: number;
  readonly calls: number;
}

export interface Pair {
  run(bytes: number, messages: number, seed: number): Promise<Measured>;
  dispose(): void;
}

/** Where `struct shared` of peers/cma.c has its flags. */
const flagAt = { go: 0, ready: 128, done: 256 } as const;
const stampedWords = (64 * 1024) / 4;

/**
 * The library as the consumer of the C program's producer. Node cannot map the page of flags, so it reads and sets them with
 * a small pread and pwrite, which takes it half a microsecond and is part of what is measured.
 */
export async function startOurs(): Promise<Pair> {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'live-memory-cma-'));
  const path = join(folder, 'flags');
  const file = openSync(path, 'w+');
  ftruncateSync(file, 4096);
  const producer = await startTarget('../bench/peers/cma', ['serve', path], { flags: ['-O2'] });
  rmSync(folder, { recursive: true });
  const source = await attach(producer.pid);
  const start = BigInt(producer.facts['buffer'] ?? '');
  const value = new Uint32Array(new ArrayBuffer(4096), 0, 2);
  const valueAt = localAddress(value);
  function set(flag: number, number: number): void {
    value[0] = number;
    pwrite(file, valueAt, 8, flag);
  }

  function isReady(number: number): boolean {
    pread(file, valueAt, 8, flagAt.ready);
    return (value[0] as number) >= number;
  }

  // A run without messages fills the producer's buffer.
  await producer.ask(`${sizes.at(-1)} 0 1`);
  set(flagAt.go, 1);
  const calls = await countCalls(producer.pid, start);

  let buffer = createBuffer(0);
  return {
    async run(bytes, messages, seed) {
      if (buffer.length !== bytes) buffer = createBuffer(bytes);
      buffer.fill(0);
      const words = new Uint32Array(buffer.buffer, buffer.byteOffset, bytes / 4);
      const said = await producer.ask(`${bytes} ${messages} ${seed}`);
      if (said !== 'prepared') throw new Error(said);
      const range = { start, length: bytes };
      const begun = process.hrtime.bigint();
      set(flagAt.go, 1);
      for (let number = 1; number <= messages; number++) {
        while (!isReady(number));
        const { unreadable } = source.readIntoSync(range, buffer);
        if (unreadable.length > 0) throw new Error('not all of it was in memory');
        set(flagAt.done, number);
        checkStamps(words, number);
      }
      const nanoseconds = Number(process.hrtime.bigint() - begun);
      checkAll(words, seed);
      return { nanoseconds, calls: (calls.get(bytes) ?? NaN) * messages };
    },
    dispose() {
      source.dispose();
      producer.dispose();
      closeSync(file);
    },
  };
}

function checkStamps(words: Uint32Array, number: number): void {
  let right = words[words.length - 1] === number;
  for (let i = 0; i < words.length; i += stampedWords) right &&= words[i] === number;
  if (!right) throw new Error('another message has come');
}

function checkAll(words: Uint32Array, seed: number): void {
  for (let i = 0; i < words.length - 1; i++) {
    if (i % stampedWords !== 0 && words[i] !== (Math.imul(i, 0x9e3779b1) ^ seed) >>> 0)
      throw new Error('other bytes have come');
  }
}

/** The library's system calls for one message of each size, counted by strace; none without it. */
async function countCalls(pid: number, start: bigint): Promise<Map<number, number>> {
  const counts = new Map<number, number>();
  if (spawnSync('strace', ['-V']).status !== 0) return counts;
  const folder = mkdtempSync(join(tmpdir(), 'live-memory-cma-'));
  const log = join(folder, 'log');
  const times = 4;
  try {
    const script = fileURLToPath(new URL('count.ts', import.meta.url));
    await promisify(execFile)('strace', [
      ...['-e', 'trace=process_vm_readv,pread64,ioctl,kill', '-e', 'signal=none', '-o', log],
      ...[process.execPath, '--no-warnings', script, String(pid), `0x${start.toString(16)}`, String(times)],
    ]);
    // What lies between the marks is ours, then what lies between two sizes, and so on.
    const parts = readFileSync(log, 'latin1').split(/^kill\(.*\n/m);
    sizes.forEach((bytes, i) => {
      const lines = (parts[i * 2 + 1] ?? '').split('\n');
      counts.set(bytes, lines.filter((line) => /^\w+\(/.test(line)).length / times);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return counts;
}
