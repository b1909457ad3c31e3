import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { root } from './vscode.ts';
import { openWorkbench } from './workbench.ts';

const running = new Set<ChildProcess>();

/** `npm start` as a shell starts it: a process group of its own, which Ctrl+C goes to. */
function start(parameters: readonly string[], env: NodeJS.ProcessEnv = process.env): Started {
  const child = spawn(process.execPath, ['scripts/run.mjs', 'start', '--no-build', ...parameters], {
    cwd: root,
    detached: true,
    env,
  });
  running.add(child);
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  void ended.then(() => running.delete(child));
  return {
    ended,
    said: () => said,
    async wait(pattern) {
      for (;;) {
        const found = pattern.exec(said);
        if (found) return found;
        if (child.exitCode !== null) throw new Error(`npm start ended with ${child.exitCode}:\n${said}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    pressControlC: () => process.kill(-(child.pid ?? NaN), 'SIGINT'),
    send: (signal) => child.kill(signal),
  };
}

interface Started {
  readonly ended: Promise<number | null>;
  said(): string;
  wait(pattern: RegExp): Promise<RegExpExecArray>;
  pressControlC(): void;
  send(signal: NodeJS.Signals): void;
}

async function isListening(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  );
}

/** Waits for what ends a moment after what started it. */
async function isGone(pid: string): Promise<boolean> {
  for (let tries = 40; tries > 0 && existsSync(`/proc/${pid}`); tries--) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return !existsSync(`/proc/${pid}`);
}

function parentOf(pid: string): string | undefined {
  return /^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
}

afterEach(() => {
  for (const child of running) process.kill(-(child.pid ?? NaN), 'SIGKILL');
});

describe('npm start', () => {
  test('shows the demo program, live, and Ctrl+C ends everything', async () => {
    const task = start(['--server']);
    const [, pid = ''] = await task.wait(/runs as process (\d+)/);
    const [url] = await task.wait(/http:\/\/127\.0\.0\.1:\d+\/\S+/);
    const workbench = await openWorkbench({ url, configure: () => undefined }, { width: 1280, height: 800 });
    const rows = workbench.view().locator('[data-address]');
    const title = rows.filter({ hasText: 'Live Memory demo' });
    await title.first().waitFor();
    const address = (await title.first().getAttribute('data-address')) ?? '';
    // The counter is in the row after the title.
    const counter = workbench.view().locator(`[data-address="0x${(BigInt(address) + 16n).toString(16)}"]`);
    const before = await counter.innerText();
    await expect.poll(() => counter.innerText()).not.toBe(before);
    await workbench.screenshot('start');
    await workbench.dispose();

    task.pressControlC();
    expect(await task.ended).toBe(0);
    expect(await isGone(pid)).toBe(true);
    expect(await isListening(url)).toBe(false);
  });

  test('shows another process, and ends with the process that runs it', async () => {
    const other = spawn('sleep', ['600']);
    try {
      const task = start(['--server', '--pid', String(other.pid)]);
      const [url] = await task.wait(/http:\/\/127\.0\.0\.1:\d+\/\S+/);
      expect(task.said()).not.toContain('demo');
      // Nothing can be done about this signal by the one that gets it.
      task.send('SIGKILL');
      await task.ended;
      await expect.poll(() => isListening(url), { timeout: 10_000 }).toBe(false);
      expect(other.exitCode).toBeNull();
    } finally {
      other.kill();
    }
  });

  test.each([
    [['--pid', '4194304'], 'There is no process 4194304'],
    [['--pid', 'redis'], '"redis" is not a process id'],
    [['--pdi', '2'], "Unknown option '--pdi'"],
  ])('%j: says what is wrong and opens nothing', async (parameters, sentence) => {
    const task = start(parameters);
    expect(await task.ended).toBe(1);
    expect(task.said()).toContain(sentence);
    expect(task.said()).not.toContain('http://');
  });

  test('refuses a kernel thread', async (context) => {
    const thread = readdirSync('/proc').find((name) => /^\d+$/.test(name) && parentOf(name) === '2');
    if (thread === undefined) return context.skip('no kernel thread is visible in this container');
    const task = start(['--pid', thread]);
    expect(await task.ended).toBe(1);
    expect(task.said()).toContain('is a kernel thread');
  });

  test('opens the desktop where `code` is on the PATH, with the folder as extension under development', async () => {
    const bin = mkdtempSync(path.join(tmpdir(), 'live-memory-code-'));
    const told = path.join(bin, 'told');
    // Ends as a window ends that the user closes: by itself.
    writeFileSync(
      path.join(bin, 'code'),
      `#!/bin/sh\necho "$LIVE_MEMORY_OPEN $*" >"${told}.new"; mv "${told}.new" "${told}"\n`,
      {
        mode: 0o755,
      },
    );
    try {
      const env = { ...process.env, DISPLAY: ':none', PATH: `${bin}:${process.env['PATH'] ?? ''}` };
      const task = start([], env);
      const [, pid = ''] = await task.wait(/runs as process (\d+)/);
      expect(await task.ended).toBe(0);
      const text = readFileSync(told, 'utf8');
      expect(text).toContain(`{"pid":${pid},"address":"0x`);
      expect(text).toContain(`--extensionDevelopmentPath=${root}`);
      expect(await isGone(pid)).toBe(true);
    } finally {
      rmSync(bin, { recursive: true });
    }
  });
});
