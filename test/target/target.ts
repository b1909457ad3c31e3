import { spawn, execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** Found from where the repository's scripts run, because bundles move this file. */
const root = process.env['LIVE_MEMORY_ROOT'] ?? process.cwd();
const sources = join(root, 'test/target');
const built = join(root, '.run/targets');

/** A small native program of `test/target/` that runs; its own words are one line of JSON, then one line for each command. */
export interface RunningTarget {
  readonly pid: number;
  /** The first line of its output: addresses as `0x…` texts, and whatever else it says of itself. */
  readonly facts: Readonly<Record<string, string>>;
  /** Writes one line to its standard input. */
  send(line: string): void;
  /** The next line of its output; rejects when it ends, or stays silent for ten seconds. */
  nextLine(): Promise<string>;
  /** Sends a command and gives its one line of answer. */
  ask(line: string): Promise<string>;
  /** Resolves when it has exited and has been waited for. */
  readonly exited: Promise<void>;
  /** Ends it. */
  dispose(): void;
}

const building = new Map<string, Promise<string>>();

/** Compiles `test/target/<name>.c` if it is newer than what was built of it; gives the program's path. */
export function buildTarget(name: string, flags: readonly string[] = []): Promise<string> {
  const key = [name, ...flags].join(' ');
  const started = building.get(key) ?? compile(name, flags);
  building.set(key, started);
  return started;
}

async function compile(name: string, flags: readonly string[]): Promise<string> {
  const source = join(sources, `${name}.c`);
  const program = join(built, [basename(name), ...flags].join('').replace(/[^\w-]/g, '_'));
  if (existsSync(program) && statSync(program).mtimeMs > statSync(source).mtimeMs) return program;
  mkdirSync(built, { recursive: true });
  // Test files run side by side: each builds into a file of its own, and the last rename wins.
  const unfinished = `${program}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await promisify(execFile)('cc', ['-O1', '-g', '-pthread', ...flags, '-o', unfinished, source]);
  renameSync(unfinished, program);
  return program;
}

export interface StartOptions {
  readonly flags?: readonly string[];
  /** Runs it as another user. */
  readonly uid?: number;
  /** A command line that becomes the program at its end, as those of setpriv and unshare do: `['unshare', '--user']`. */
  readonly under?: readonly string[];
}

/** Builds and starts a target; resolves when it has printed its first line. */
export async function startTarget(
  name: string,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<RunningTarget> {
  const program = await buildTarget(name, options.flags);
  const [command = program, ...words] = [...(options.under ?? []), program, ...args];
  const child = spawn(command, words, {
    stdio: ['pipe', 'pipe', 'inherit'],
    ...(options.uid !== undefined && { uid: options.uid, gid: options.uid }),
  });
  // Writing to a target that has just ended is a test's right, not a crash of the runner.
  child.stdin.on('error', () => undefined);
  const lines: string[] = [];
  const waiting: { resolve(line: string): void; reject(error: Error): void; timer: NodeJS.Timeout }[] = [];
  let ended: Error | undefined;
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  createInterface({ input: child.stdout })
    .on('line', (line) => {
      const waiter = waiting.shift();
      if (waiter === undefined) lines.push(line);
      else {
        clearTimeout(waiter.timer);
        waiter.resolve(line);
      }
    })
    .on('close', () => end(new Error(`${name} has closed its output`)));
  child.once('error', end);

  function end(error: Error): void {
    ended ??= error;
    for (const waiter of waiting.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(ended);
    }
  }

  function nextLine(): Promise<string> {
    const line = lines.shift();
    if (line !== undefined) return Promise.resolve(line);
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.splice(
          waiting.findIndex((waiter) => waiter.timer === timer),
          1,
        );
        reject(new Error(`${name} has said nothing for ten seconds`));
      }, 10_000);
      waiting.push({ resolve, reject, timer });
    });
  }

  const dispose = (): void => {
    // A stopped process takes SIGKILL too.
    child.kill('SIGKILL');
  };
  // A test that fails half-way must not leave programs behind.
  process.once('exit', dispose);
  void exited.then(() => process.removeListener('exit', dispose));

  const first = await nextLine();
  if (child.pid === undefined) throw new Error(`${name} did not start`);
  return {
    pid: child.pid,
    facts: JSON.parse(first) as Record<string, string>,
    send: (line) => void child.stdin.write(`${line}\n`),
    nextLine,
    ask: (line) => {
      child.stdin.write(`${line}\n`);
      return nextLine();
    },
    exited,
    dispose,
  };
}
