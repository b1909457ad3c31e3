import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseAddress, type Address } from '../../common/address.ts';
import { adapterAnswerMs } from '../../common/limits.ts';
import { until, type DebugBed, type Debugging } from './debug.ts';
import { at, bytesIn, hex, openDebugWindow, type DebugWindow } from './debugWindow.ts';
import { memoryView, type MemoryView } from './memory.ts';
import type { VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';

// Debug adapters that say nothing, nonsense, or no: a sentence in time, a view that goes on, and not one byte written.
let opened: DebugWindow | undefined;
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;
let program: ChildProcess;
let facts: Readonly<Record<string, string>>;

beforeAll(async () => {
  opened = await openDebugWindow({ width: 2300, settings: { 'liveMemory.editing': 'on' } });
  ({ bed, vscode, workbench, debugging } = opened);
  // The adapter stops nothing, so this one goes on. Nobody changes its `table`.
  const told = path.join(bed.folder, '.facts/free.json');
  program = spawn(path.join(bed.folder, 'debuggee'), ['loop', told], { stdio: 'ignore' });
  await until('the program has told its facts', async () => Promise.resolve(existsSync(told)));
  facts = JSON.parse(readFileSync(told, 'utf8')) as Record<string, string>;
}, 120_000);
afterAll(async () => {
  program?.kill('SIGKILL');
  await opened?.dispose();
});

const table = (): Address => parseAddress(facts['table'] ?? '') ?? 0n;

/** The first four bytes of `table`, read past everything that is tested here. */
async function truth(): Promise<number[]> {
  return [...(await bytesIn(facts['pid'], facts['table'], 4))];
}

async function start(
  how: string,
  tellsProcess = true,
  lacks: readonly string[] = [],
  pid = facts['pid'],
): Promise<void> {
  const { stops } = await debugging.where();
  await debugging.startWith({
    ...{ name: `bad: ${how}`, type: 'test-bad', request: 'launch', how, lacks },
    ...(tellsProcess && { process: Number(pid) }),
    ...(how === 'fast' && { source: path.join(bed.folder, 'debuggee.c') }),
  });
  await debugging.stopped(stops);
}

async function openView(): Promise<MemoryView> {
  await debugging.command('liveMemory.open', { pid: Number(facts['pid']), address: facts['table'] });
  const view = await memoryView(workbench);
  await expect.poll(() => view.byte(table())).toBe('01');
  return view;
}

async function type(view: MemoryView, keys: string): Promise<void> {
  await view.frame.locator('.grid').focus();
  await workbench.page.keyboard.type(keys);
}

/** What the user is told, which has to come before an adapter that is waited for twice is given up. */
async function told(act: () => Promise<void>): Promise<string> {
  await workbench.runCommand('Notifications: Clear All Notifications');
  await act();
  const toast = workbench.notification().last();
  await toast.waitFor({ timeout: 2 * adapterAnswerMs + 5000 });
  const text = (await toast.textContent()) ?? '';
  await workbench.runCommand('Notifications: Clear All Notifications');
  return text;
}

/** As the menu of a variable does, which VS Code opens only when the adapter has answered about a data breakpoint. */
function showZzz(): Promise<void> {
  const variable = { name: 'zzz', value: 'x', evaluateName: 'zzz', memoryReference: 'zzz' };
  debugging.command('liveMemory.showVariable', { container: {}, variable }).catch(() => undefined);
  return Promise.resolve();
}

afterEach(async () => {
  await debugging.stop();
  await workbench.runCommand('View: Close All Editors');
});

describe.each(['silent', 'errors', 'nonsense'])('an adapter whose way is %s', (how) => {
  beforeEach(() => start(how));

  test('refuses an edit with a sentence, and the view goes on', async () => {
    const view = await openView();
    await type(view, '77');
    // The one that talks nonsense says that it has written, and has not.
    await expect
      .poll(() => view.notice().textContent(), { timeout: adapterAnswerMs + 5000 })
      .toMatch(/does not answer|refuses|are still as they were/);
    await workbench.screenshot(`bad-adapter-${how}`);
    expect(await truth()).toEqual([1, 0, 0, 0]);
    await view.goTo(facts['free_counter'] ?? '');
    await view.goTo(facts['table'] ?? '');
    await expect.poll(() => view.byte(table())).toBe('01');
  });

  test('says so of a breakpoint and of a source line', async () => {
    const view = await openView();
    for (const [command, sentence] of [
      ['Break When These Bytes Change…', /does not answer|refuses|has no data breakpoint/],
      ['Reveal Source Line', /does not answer|no line of source/],
    ] as const) {
      await workbench.runCommand(`Live Memory: ${command}`);
      await expect.poll(() => view.notice().textContent(), { timeout: 2 * adapterAnswerMs + 5000 }).toMatch(sentence);
    }
    expect(await truth()).toEqual([1, 0, 0, 0]);
  });
});

test('what an adapter refuses us and would have VS Code show is said once, by us', async () => {
  await start('loud');
  const view = await openView();
  await workbench.runCommand('Notifications: Clear All Notifications');
  await type(view, '77');
  await expect.poll(() => view.notice().textContent()).toMatch(/refuses: a loud no/);
  expect(await workbench.notification().allTextContents()).toEqual([]);
  // What somebody else asks is shown as ever.
  await debugging.request('evaluate', { expression: 'zzz' }).catch(() => undefined);
  await workbench.notification('a loud no').waitFor();
  expect(await truth()).toEqual([1, 0, 0, 0]);
});

test('a variable whose reference makes no sense has no place in memory, in words', async () => {
  await start('nonsense');
  for (const name of ['zzz', 'minus', 'empty', 'huge', 'top', 'object', 'number']) {
    const text = await told(() => debugging.menuOnVariable([name], 'Show in Live Memory'));
    expect(text, name).toMatch(/gives no address for|nothing is mapped there/);
  }
});

test('where the program goes on while its debugger is asked, nothing more is asked, and no other bytes are shown instead', async () => {
  await start('runs');
  // What VS Code asks for at a stop may still be on its way.
  await debugging.quiet();
  const from = debugging.traffic().at(-1)?.timeMs;
  expect(await told(showZzz)).toMatch(/is running. Pause it/);
  expect(debugging.requestsWhileRunning(from)).toEqual([]);
  expect(await workbench.page.locator('iframe.webview:visible').count()).toBe(0);
  // The workbench logs what it shows as an error, and this one was to be shown.
  const { errors } = workbench;
  errors.splice(0, errors.length, ...errors.filter((error) => !error.includes('is running. Pause it')));
});

test('a debugger that does not answer is given up in time', async () => {
  await start('silent');
  const text = await told(showZzz);
  expect(text).toMatch(/does not answer|gives no address/);
});

test('one that tells no process says how to come to its memory', async () => {
  await start('errors', false, ['ReadMemoryRequest']);
  const text = await told(showZzz);
  expect(text).toMatch(/does not tell which process it debugs. Attach to it/);
});

test('a session that ends while an edit is under way leaves a sentence, and a view that edits', async () => {
  await start('silent');
  const view = await openView();
  const from = debugging.traffic().length;
  await type(view, '77');
  await until('the adapter is asked', async () =>
    Promise.resolve(
      debugging
        .traffic()
        .slice(from)
        .some(({ name }) => name === 'writeMemory'),
    ),
  );
  await debugging.stop();
  await expect
    .poll(() => view.notice().textContent(), { timeout: adapterAnswerMs + 5000 })
    .toMatch(/does not answer|refuses|has ended/);
  expect(await truth()).toEqual([1, 0, 0, 0]);
  await view.goTo(facts['table'] ?? '');
  await type(view, '77');
  await expect.poll(truth).toEqual([0x77, 0, 0, 0]);
  await type(view, '');
  await workbench.runCommand('Live Memory: Undo Write');
  await expect.poll(truth).toEqual([1, 0, 0, 0]);
});

test('fifty steps a second miss no stop and queue nothing', async () => {
  // This one changes its counter for as long as it runs, so that what is read a moment before a stop is not what is there.
  const told = path.join(bed.folder, '.facts/fast.json');
  const counting = spawn(path.join(bed.folder, 'debuggee'), ['free', told], { stdio: 'ignore' });
  try {
    await until('the program has told its facts', async () => Promise.resolve(existsSync(told)));
    const { pid, free_counter: counter } = JSON.parse(readFileSync(told, 'utf8')) as Record<string, string>;
    await start('fast', true, [], pid);
    await debugging.command('liveMemory.open', { pid: Number(pid), address: counter });
    // Beside the source, which comes to the front at each stop.
    await debugging.command('workbench.action.moveEditorToNextGroup');
    const view = await memoryView(workbench);
    const shown = (): Promise<string> => at(view, counter, 4);
    const there = async (): Promise<string> =>
      [...(await bytesIn(pid, counter, 4))].map((byte) => hex(byte, 1)).join(' ');
    await expect.poll(shown).toBe(await there());
    for (let times = 0; times < 3; times++) {
      const before = await there();
      const { stops } = await debugging.where();
      await debugging.request('steps', { count: 100 });
      expect((await debugging.where()).stops - stops).toBe(100);
      const after = await there();
      expect(after).not.toBe(before);
      // What the last of them has left is there at once, with nothing of the others still to come.
      await expect.poll(shown, { timeout: 1000 }).toBe(after);
      await expect.poll(() => view.frame.locator('.live').textContent()).toContain('stopped');
      expect(await shown()).toBe(await there());
    }
  } finally {
    counting.kill('SIGKILL');
  }
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors.filter((error) => /^uncaught.*live.?memory/is.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/\[error\].*live-memory.*(rejected promise|unhandled)/i);
  expect(vscode.log()).not.toMatch(/rejected promise not handled/i);
});
