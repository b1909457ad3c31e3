import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach } from '../../native/attach.ts';
import { createDebugBed, createDebugging, until, type DebugBed, type Debugging } from './debug.ts';
import { memoryView } from './memory.ts';
import { lacking, startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// A program that has closed itself, which a debugger with more rights than the extension has stopped: the debugger opens it.
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;
let program: ChildProcess | undefined;
let adapter: ChildProcess | undefined;
let port = 0;
let facts: Readonly<Record<string, string>>;

const name = 'lldb: hidden, attached';

beforeAll(async () => {
  bed = await createDebugBed();
  if (missing() !== undefined) return;
  vscode = await startVSCode({ extension: 'development', ...bed.options, without: ['sys_ptrace'] });
  workbench = await openWorkbench(vscode, { width: 1600, height: 1000, theme: 'dark' });
  debugging = createDebugging(workbench, bed);
  const told = path.join(bed.folder, '.facts/hidden.json');
  // With no more capabilities than the extension host has: those would be another reason to be refused.
  const [command, ...parameters] = [...lacking(['sys_ptrace']), path.join(bed.folder, 'debuggee'), 'hidden', told];
  program = spawn(command, parameters, { stdio: 'ignore' });
  await until('the program has told its facts', async () => Promise.resolve(existsSync(told)));
  facts = JSON.parse(readFileSync(told, 'utf8')) as Record<string, string>;
  // The adapter runs outside of VS Code, and so keeps what that has not.
  const started = spawn(bed.options.env?.['DEBUG_LLDB_DAP'] ?? '', ['--connection', 'listen://127.0.0.1:0']);
  adapter = started;
  port = await new Promise((resolve, reject) => {
    let said = '';
    started.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      const listening = /connection:\/\/\[[^\]]*\]:(\d+)/.exec(said)?.[1];
      if (listening !== undefined) resolve(Number(listening));
    });
    started.on('exit', (code) => reject(new Error(`lldb-dap ended with ${code}: ${said}`)));
  });
}, 120_000);
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
  adapter?.kill();
  program?.kill('SIGKILL');
  await bed?.dispose();
});

function missing(): string | undefined {
  if (bed.missing.lldb !== undefined) return bed.missing.lldb;
  return process.getuid?.() === 0 ? undefined : 'only root has a capability to run VS Code without';
}

/** Of the program itself: the owner of its /proc files is root either way, so that lldb is asked. */
async function dumpable(): Promise<string> {
  const { frame } = await debugging.where();
  const parameters = { expression: '(int)prctl(3, 0UL, 0UL, 0UL, 0UL)', context: 'watch', frameId: frame?.id };
  return (await debugging.request<{ result: string }>('evaluate', parameters)).result;
}

/** The first byte of `numbers` in the latest view. */
async function firstByte(): Promise<string | undefined> {
  return (await memoryView(workbench)).byte(BigInt(facts['numbers'] ?? 0));
}

test('without the user’s word it stays closed, and the program is not touched', async (context) => {
  const reason = missing();
  if (reason !== undefined) return context.skip(reason);
  await debugging.addBreakpoint('debuggee.c', 'break here');
  const { stops } = await debugging.where();
  const pid = Number(facts['pid']);
  await debugging.startWith({ name, type: 'test-lldb', request: 'attach', pid, debugServer: port });
  await debugging.stopped(stops);
  expect(await dumpable()).toBe('0');
  await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
  await workbench.dialog().waitFor();
  expect(await workbench.dialog().textContent()).toMatch(
    /closed itself.*prctl\(PR_SET_DUMPABLE, 1\).*undoes it as soon/s,
  );
  await workbench.screenshot('permit-dark');
  await workbench.pressInDialog('Cancel');
  expect(await dumpable()).toBe('0');
  expect(await workbench.page.locator('iframe.webview:visible').count()).toBe(0);
});

test('with it the debugger opens the program and closes it again, and the view shows the variable', async (context) => {
  if (missing() !== undefined) return context.skip(missing());
  await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
  await workbench.dialog().waitFor();
  await workbench.pressInDialog('Open');
  await expect.poll(firstByte, { timeout: 20_000 }).toBe('01');
  await expect.poll(() => vscode.log()).toMatch(/PR_SET_DUMPABLE, 1\) in process \d+ is undone/);
  expect(await dumpable()).toBe('0');
  await workbench.screenshot('permit-open');
});

test('what is open stays open: the view is live while the program runs, and writes', async (context) => {
  if (missing() !== undefined) return context.skip(missing());
  const iteration = BigInt(facts['iteration'] ?? 0);
  await debugging.command('workbench.debug.viewlet.action.disableAllBreakpoints');
  await debugging.quiet();
  const view = await memoryView(workbench);
  await view.goTo(`0x${iteration.toString(16)}`);
  const from = debugging.traffic().at(-1)?.timeMs;
  await debugging.run();
  await until('it runs', async () => (await debugging.where()).frame === undefined);
  const before = await view.byte(iteration);
  await expect.poll(() => view.byte(iteration), { timeout: 10_000 }).not.toBe(before);
  expect(debugging.requestsWhileRunning(from)).toEqual([]);
  const unused = BigInt(facts['worker_counters'] ?? 0);
  await view.goTo(`0x${unused.toString(16)}`);
  await workbench.page.keyboard.type('5a');
  await workbench.pressInDialog('Edit Memory');
  await expect.poll(() => view.byte(unused)).toBe('5a');
  await workbench.screenshot('permit-edited-dark');
  const program = await attach(Number(facts['pid']));
  const bytes = new Uint8Array(1);
  await program.readInto({ start: unused, length: 1 }, bytes).finally(() => program.dispose());
  expect([...bytes]).toEqual([0x5a]);
});

test('left closed, it is read through the debugger, and nobody is asked again', async (context) => {
  if (missing() !== undefined) return context.skip(missing());
  await debugging.command('workbench.debug.viewlet.action.enableAllBreakpoints');
  const { stops } = await debugging.where();
  await debugging.stopped(stops - 1);
  await workbench.runCommand('View: Close All Editors');
  await workbench.runCommand('Live Memory: Detach');
  await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
  await workbench.dialog().waitFor();
  await workbench.pressInDialog('Read Through the Debugger');
  await expect.poll(firstByte, { timeout: 20_000 }).toBe('01');
  const view = await memoryView(workbench);
  await expect.poll(() => view.status().textContent()).toContain('through the debugger');
  expect(await dumpable()).toBe('0');
  await debugging.menuOnVariable(['text'], 'Show in Live Memory');
  await expect.poll(() => view.byte(BigInt(facts['text'] ?? 0))).toBe('61');
});

test('nothing went wrong behind the scenes', async (context) => {
  if (missing() !== undefined) return context.skip(missing());
  await debugging.stop();
  expect(workbench.errors.filter((error) => /^uncaught.*live.?memory/is.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/rejected promise not handled/i);
});
