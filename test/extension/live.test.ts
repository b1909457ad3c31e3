import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { attachFromPalette, memoryView } from './memory.ts';
import { extensionHost } from './processes.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

let vscode: VSCode;
let workbench: Workbench;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development' });
  workbench = await openWorkbench(vscode, { width: 1400, height: 860, theme: 'dark' });
});
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
});

async function start(name: string): Promise<RunningTarget> {
  const target = await startTarget(name);
  onTestFinished(() => target.dispose());
  return target;
}

/** Calls of `process_vm_readv`, and of `pread64` on /proc/<pid>/…, by the extension host within a time, by strace. */
async function syscalls(
  ms: number,
): Promise<{ readonly readv: number; readonly pread: number; readonly seconds: number }> {
  // -y names the file of each descriptor: the extension host has other extensions in it, which read files of their own.
  const options = [
    '-f',
    '-qq',
    '-y',
    '-e',
    'trace=process_vm_readv,pread64',
    '-p',
    String(extensionHost(vscode.userData)),
  ];
  const from = performance.now();
  const strace = spawn('strace', options, { stdio: ['ignore', 'ignore', 'pipe'] });
  let output = '';
  strace.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await sleep(ms);
  strace.kill('SIGINT');
  await new Promise((resolve) => strace.on('exit', resolve));
  const count = (call: RegExp): number => output.split('\n').filter((line) => call.test(line)).length;
  return {
    readv: count(/process_vm_readv\(/),
    pread: count(/pread64\(\d+<\/proc\//),
    seconds: (performance.now() - from) / 1000,
  };
}

async function closeViews(): Promise<void> {
  await workbench.runCommand('View: Close All Editors');
}

describe('a view on a running program', () => {
  test('one process_vm_readv a tick however many views, and none at all when they are hidden', async () => {
    const target = await start('demo');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    await view.goTo(target.facts['demo'] ?? '');
    await expect.poll(() => view.frame.locator('.live').textContent()).toMatch(/live \d+ Hz/);
    const alone = await syscalls(2000);
    await workbench.runCommand('View: Split Editor Right');
    await workbench.runCommand('Live Memory: Open Memory View');
    const second = await memoryView(workbench, 1);
    await second.goTo('[heap]+0x100');
    await expect.poll(() => second.frame.locator('.live').textContent()).toMatch(/live \d+ Hz/);
    await sleep(500);
    const both = await syscalls(2000);
    await workbench.screenshot('side-by-side-dark');
    // strace slows the thread, so the rate is below 60; what counts is that a second view adds nothing to it.
    expect(alone.readv).toBeGreaterThan(60);
    expect(both.readv / both.seconds).toBeLessThanOrEqual(125 / 2);
    expect(both.readv).toBeGreaterThan(60);

    await workbench.runCommand('File: New Untitled Text File');
    await workbench.runCommand('View: Single Column Editor Layout');
    await workbench.page.locator('.monaco-editor').first().waitFor();
    await sleep(500);
    expect(await syscalls(2000)).toMatchObject({ readv: 0, pread: 0 });
  });

  test('a reload of the window brings the view back to its place, live', async () => {
    const target = await start('demo');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    const ticks = BigInt(target.facts['ticks'] ?? 0);
    await view.goTo(target.facts['ticks'] ?? '');
    await expect.poll(() => view.bytes(ticks)).not.toContain('·');
    await sleep(500);
    await workbench.reload();
    const again = await memoryView(workbench);
    await expect.poll(() => again.row(ticks).count(), { timeout: 10_000 }).toBe(1);
    await expect.poll(() => again.bytes(ticks)).not.toContain('·');
    const before = await again.bytes(ticks);
    await expect.poll(() => again.bytes(ticks)).not.toBe(before);
    expect(await again.status().locator('.address').textContent()).toBe(`0x${ticks.toString(16)}`);
  });

  test('pause stops the bytes and resume moves them again', async () => {
    const target = await start('demo');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    const ticks = BigInt(target.facts['ticks'] ?? 0);
    await view.goTo(target.facts['ticks'] ?? '');
    await view.frame.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => view.frame.locator('.live').textContent()).toBe('paused');
    await sleep(200);
    const held = await view.bytes(ticks);
    await sleep(400);
    expect(await view.bytes(ticks)).toBe(held);
    // What was never on the screen is read once, and stands still then.
    await view.goTo('[heap]');
    const heap = BigInt((await view.status().locator('.address').textContent()) ?? 0);
    await expect.poll(() => view.bytes(heap)).toMatch(/^[0-9a-f]{2} /);
    await view.goTo(target.facts['ticks'] ?? '');
    await view.frame.getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => view.bytes(ticks)).not.toBe(held);
  });
});

describe('a list that a command of a view opens', () => {
  test('keeps the keyboard as it comes, and once it has settled it closes', async () => {
    const target = await start('demo');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    const grid = view.frame.locator('.grid');
    const list = workbench.page.locator('.quick-input-widget:visible');
    const open = async (): Promise<void> => {
      await workbench.runCommand('Live Memory: Choose Display…');
      await workbench.quickPicks().filter({ hasText: 'Byte Order' }).waitFor();
    };

    const taken = await workbench.takeKeyboardFrom('Byte Order', 2);
    await open();
    await taken();
    await sleep(500);
    expect(await list.locator('input:focus').count()).toBe(1);
    await workbench.page.keyboard.type('byte o');
    await expect.poll(() => workbench.quickPicks().count()).toBe(1);
    await workbench.page.keyboard.press('Enter');
    await workbench.pick('big');
    await list.waitFor({ state: 'hidden' });
    // The keyboard is the view's again, without a click.
    await view.frame.locator('.grid:focus').waitFor();

    const leave = [() => grid.focus(), () => workbench.page.keyboard.press('Escape')];
    for (const how of leave) {
      await open();
      await sleep(700);
      await how();
      await list.waitFor({ state: 'hidden' });
      await sleep(300);
      expect(await list.count()).toBe(0);
    }
  });
});

describe('a write that does not hold', () => {
  test('is reported with how long it held', async () => {
    const target = await start('scratch');
    await closeViews();
    const page = BigInt(await target.ask('map 1 rw- 17'));
    // The program puts its own value back a tenth of a second after anybody else's.
    await target.ask(`keep ${page.toString(16)} 16 17 100`);
    const view = await attachFromPalette(workbench, target.pid);
    await view.goTo(`0x${page.toString(16)}`);
    await expect.poll(() => view.bytes(page)).toMatch(/^11 11/);
    await workbench.page.keyboard.type('ff');
    await workbench.pressInDialog('Edit Memory');
    await expect.poll(() => view.notice().textContent()).toMatch(/held for \d+ ms; then the program changed it again/);
    await expect.poll(() => view.bytes(page)).toMatch(/^11 11/);
  });
});

describe('a program that ends', () => {
  test('leaves its last bytes greyed with when and why, and its successor is one click away', async () => {
    const target = await start('scratch');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    const known = BigInt(target.facts['known'] ?? 0);
    await view.goTo(target.facts['known'] ?? '');
    await expect.poll(() => view.bytes(known)).not.toContain('·');
    const last = await view.bytes(known);
    target.dispose();
    await expect.poll(() => view.notice().textContent()).toMatch(/exited.*These are the last bytes seen, at /);
    expect(await view.bytes(known)).toBe(last);
    expect(await view.frame.locator('.grid.gone').count()).toBe(1);
    await workbench.screenshot('gone-dark');

    await view.frame.getByText('Attach to the Restarted Process').click();
    await expect.poll(() => view.notice().textContent()).toMatch(/not been started again|no .*process|not running/i);

    const restarted = await start('scratch');
    await view.frame.getByText('Attach to the Restarted Process').click();
    await expect.poll(() => view.frame.locator('.live').textContent(), { timeout: 10_000 }).toMatch(/live/);
    expect(await workbench.page.locator('.tab.active').textContent()).toContain(String(restarted.pid));
  });

  test('by becoming another one is told apart, and no byte of the other is shown or written', async () => {
    const target = await start('scratch');
    await closeViews();
    const view = await attachFromPalette(workbench, target.pid);
    const known = BigInt(target.facts['known'] ?? 0);
    await view.goTo(target.facts['known'] ?? '');
    await expect.poll(() => view.bytes(known)).not.toContain('·');
    const last = await view.bytes(known);
    target.send('exec');
    await expect.poll(() => view.notice().textContent()).toMatch(/another program|exec/);
    expect(await view.bytes(known)).toBe(last);
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('ff');
    await expect.poll(() => view.notice().textContent()).toMatch(/another program|gone|exec/);
    expect(await view.bytes(known)).toBe(last);
  });
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors).toEqual([]);
  expect(vscode.log()).not.toMatch(/unhandled|rejected promise not handled/i);
});
