import { spawn, type SpawnOptions } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Every process that a task starts inherits this variable, so those can be found at the end that have left its process
 * group: terminals, browsers, debuggees, a desktop's windows.
 */
const variable = 'LIVE_MEMORY_TASK';
const task = randomUUID();
process.env[variable] = task;

/** The environment for what shall outlive the task, such as a browser that the user had open anyway. */
export function environmentOfOthers(): NodeJS.ProcessEnv {
  return { ...process.env, [variable]: undefined };
}

/** Ends all that the task has started: asks first, and insists after three seconds. */
export async function endAll(): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (const pid of findAll()) send(pid, signal);
    for (const end = Date.now() + 3000; findAll().length > 0 && Date.now() < end;) await sleep(50);
  }
}

function findAll(): number[] {
  const mark = `${variable}=${task}`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      try {
        // A zombie has no environment left.
        return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

/** Calls `end` once, when the task is told to stop: Ctrl+C, a signal, or the death of the process that runs it. */
export function onStop(end: (reason: string) => void): void {
  let told = false;
  const once = (reason: string): void => {
    if (!told) end(reason);
    told = true;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => once(signal));
  if (process.connected) {
    process.on('disconnect', () => once('disconnect'));
    process.channel?.unref();
  }
}

/** Does a task, and ends all that it has started, however it ends; what it throws is the last thing that it says. */
export async function runTask(
  task: () => Promise<void>,
  codeOf: (reason: string) => number = () => 130,
): Promise<void> {
  onStop((reason) => {
    void endAll().then(() => process.exit(codeOf(reason)));
  });
  try {
    await task();
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  } finally {
    await endAll();
  }
}

/** Runs a program to its end, with the output of this one; `undefined` is the code of one that was killed. */
export function run(
  command: string,
  parameters: readonly string[],
  options: SpawnOptions = {},
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? undefined));
  });
}
