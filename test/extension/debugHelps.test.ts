import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lineOf, until, whyNoWatchpoints, type AdapterName, type DebugBed, type Debugging } from './debug.ts';
import { openDebugWindow, type DebugWindow } from './debugWindow.ts';
import type { Traffic } from './debuggers/wire.ts';
import { memoryView, type MemoryView } from './memory.ts';
import { root, type VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';

// What the debugger does for a memory view: it stops the program when bytes change, and knows the source of code.
let opened: DebugWindow | undefined;
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;

beforeAll(async () => {
  opened = await openDebugWindow({ width: 2000, settings: { 'liveMemory.editing': 'on' } });
  ({ bed, vscode, workbench, debugging } = opened);
}, 120_000);
afterAll(() => opened?.dispose());

/** What adapters have been sent as data breakpoints, from a message on. */
const sent = (from: number): Traffic[] =>
  debugging
    .traffic()
    .slice(from)
    .filter(({ kind, name }) => kind === 'request' && name === 'setDataBreakpoints');
const listIn = (request: Traffic | undefined): { dataId: string; accessType?: string }[] =>
  (request?.body as { breakpoints: { dataId: string }[] } | undefined)?.breakpoints ?? [];

const past = /written past the debugger, which may show the old values until the next step/;

describe.each(['lldb', 'cdt'] as const satisfies readonly AdapterName[])('with %s', (adapter) => {
  let view: MemoryView;
  let facts: Readonly<Record<string, string>>;

  /** Selects the bytes of an expression. */
  async function select(expression: string, bytes: number): Promise<void> {
    await debugging.command('liveMemory.showVariable', { expression });
    const selected = `${bytes} bytes selected`;
    await until(selected, async () => (await view.status().textContent())?.includes(selected) === true);
    await view.frame.locator('.grid:focus').waitFor();
  }

  /** Shows what the program has told the address of, in the view, which gets the keyboard. */
  async function goTo(name: string): Promise<void> {
    await debugging.command('liveMemory.goTo', { pid: Number(facts['pid']), address: facts[name] });
    const shown = facts[name] ?? '';
    await until(shown, async () => (await view.status().textContent())?.includes(shown) === true);
    await view.frame.locator('.grid:focus').waitFor();
  }

  /** Shows the editor's hover of a word, in the line of the source that has a mark. */
  async function hover(mark: string, word: string): Promise<void> {
    const { page } = workbench;
    const line = page.locator('.view-line').filter({ hasText: mark }).first();
    await line.waitFor();
    const at = await line.evaluate((element, text) => {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
        const from = node.nodeValue?.indexOf(text) ?? -1;
        if (from < 0) continue;
        const range = document.createRange();
        range.setStart(node, from + 1);
        range.setEnd(node, from + 2);
        const { x, y, height } = range.getBoundingClientRect();
        return { x, y: y + height / 2 };
      }
      throw new Error(`there is no ${text}`);
    }, word);
    await page.mouse.click(at.x, at.y);
    await workbench.runCommand('Show or Focus Hover');
  }

  async function breakOnSelection(pick?: RegExp): Promise<void> {
    await workbench.runCommand('Live Memory: Break When These Bytes Change…');
    if (pick !== undefined) await workbench.quickPicks().filter({ hasText: pick }).first().click();
  }

  beforeAll(async () => {
    if (bed.missing[adapter] !== undefined) return;
    await debugging.addBreakpoint('debuggee.c', 'break here');
    await debugging.start(`${adapter}: loop`);
    facts = await debugging.facts();
    await debugging.command('liveMemory.showVariable', { expression: 'global_counter' });
    view = await memoryView(workbench);
  }, 60_000);

  afterAll(async () => {
    if (bed.missing[adapter] !== undefined) return;
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await debugging.command('workbench.debug.viewlet.action.removeAllBreakpoints');
    await workbench.runCommand('View: Close All Editors');
  });

  test('a hover over a name in the source leads to its bytes, and to what it points to', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await debugging.command('liveMemory.goTo', { pid: Number(facts['pid']), address: facts['constant'] });
    await hover('step 1', 'global_counter');
    const card = workbench.page
      .locator('.monaco-editor-hover:visible, .monaco-hover:visible')
      .filter({ hasText: 'Show in Live Memory' })
      .first();
    await card.waitFor();
    expect(await card.textContent()).toContain(`4 bytes at ${facts['global_counter']}`);
    expect(await card.textContent()).not.toContain('What It Points To');
    await workbench.screenshot(`hover-${adapter}`);
    await card.getByText('Show in Live Memory').click();
    await expect.poll(() => view.status().textContent()).toContain('4 bytes selected');
    expect(await view.status().textContent()).toContain(facts['global_counter']);

    await hover('step 2', 'given');
    await card.filter({ hasText: '8 bytes at' }).getByText('What It Points To').click();
    await expect.poll(() => view.status().textContent()).toContain(facts['*given']);

    // A word that is no variable has no card of ours, and what the debugger says of it is nobody's business.
    await workbench.runCommand('Notifications: Clear All Notifications');
    const from = debugging.traffic().length;
    await hover('break here', 'here');
    await until('the debugger is asked', async () =>
      Promise.resolve(
        debugging
          .traffic()
          .slice(from)
          .some(({ name }) => name === 'evaluate'),
      ),
    );
    // The last one's may still be there for a moment.
    await expect.poll(() => card.count()).toBe(0);
    await workbench.page.waitForTimeout(500);
    expect(await card.count()).toBe(0);
    expect(await workbench.notification().allTextContents()).toEqual([]);
    await workbench.page.keyboard.press('Escape');

    // In a file that the stopped frame is not in, the name is not the debugger's.
    await debugging.quiet();
    const before = debugging.traffic().length;
    writeFileSync(path.join(bed.folder, 'other.c'), 'int global_counter; // elsewhere\n');
    await debugging.openFile('other.c');
    await hover('elsewhere', 'global_counter');
    await workbench.page.waitForTimeout(500);
    const asked = debugging.traffic().slice(before);
    expect(asked.filter(({ kind, name }) => kind === 'request' && name === 'evaluate')).toEqual([]);
    await workbench.page.keyboard.press('Escape');
    await workbench.runCommand('View: Close Editor');
  });

  test('Break When These Bytes Change asks when, sets a data breakpoint and says so', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await select('global_counter', 4);
    await breakOnSelection();
    await workbench.quickPicks().filter({ hasText: 'When they are written' }).waitFor();
    await workbench.screenshot(`break-on-write-${adapter}`);
    await workbench.pick('When they are written');
    await expect.poll(() => view.notice().textContent()).toMatch(/stops the program when 4 bytes at 0x[0-9a-f]+/);
    await workbench.screenshot(`break-on-write-${adapter}-set`);
    expect(listIn(sent(0).at(-1))).toHaveLength(1);
  });

  test('which stops the program where it writes them', async (context) => {
    const reason = bed.missing[adapter] ?? (await whyNoWatchpoints());
    if (reason !== undefined) return context.skip(reason);
    const { frame } = await debugging.continue();
    expect([lineOf('debuggee.c', 'step 1'), lineOf('debuggee.c', 'step 2')]).toContain(frame.line);
  });

  test('it stays when VS Code sends data breakpoints of its own', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    const from = debugging.traffic().length;
    const row = await debugging.variable(['local']);
    await debugging.menuOn(row, 'Break on Value Change');
    await until('ours are sent after those of VS Code', async () => Promise.resolve(sent(from).length >= 2));
    const [theirs, both] = sent(from);
    expect(listIn(theirs)).toHaveLength(1);
    expect(listIn(both)).toHaveLength(2);
    expect(listIn(both)[0]).toMatchObject({ dataId: listIn(theirs)[0]?.dataId });
    // VS Code takes its own away; ours is still there.
    await debugging.command('workbench.debug.viewlet.action.removeAllBreakpoints');
    await until('ours alone is sent', async () => Promise.resolve(listIn(sent(from).at(-1)).length === 1));
  });

  test('and stops the program after that, too', async (context) => {
    const reason = bed.missing[adapter] ?? (await whyNoWatchpoints());
    if (reason !== undefined) return context.skip(reason);
    const { frame } = await debugging.continue();
    expect([lineOf('debuggee.c', 'step 1'), lineOf('debuggee.c', 'step 2')]).toContain(frame.line);
  });

  test('more than a processor watches is refused with the numbers', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    const from = debugging.traffic().length;
    await select('own', 128);
    await breakOnSelection();
    await expect.poll(() => view.notice().textContent()).toMatch(/at most 4 pieces.*128 bytes.*Select fewer/s);
    expect(sent(from)).toEqual([]);
  });

  test('chosen again on the same bytes it is removed', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    const from = debugging.traffic().length;
    await select('global_counter', 4);
    await breakOnSelection(/Remove the breakpoint on 4 bytes/);
    await expect.poll(() => view.notice().textContent()).toMatch(/is removed/);
    expect(listIn(sent(from).at(-1))).toEqual([]);
    await debugging.addBreakpoint('debuggee.c', 'break here');
    const { frame } = await debugging.continue();
    expect(frame.line).toBe(lineOf('debuggee.c', 'break here'));
  });

  test('all that are set are listed, and those that are not ticked are removed', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await select('global_counter', 4);
    await breakOnSelection(/When they are written/);
    await expect.poll(() => view.notice().textContent()).toMatch(/stops the program/);
    const from = debugging.traffic().length;
    // A view that takes the keyboard as the list comes does not take its ticks.
    const taken = await workbench.takeKeyboardFrom('4 bytes at 0x');
    await workbench.runCommand('Live Memory: Breakpoints on Memory…');
    const row = workbench.quickPicks().filter({ hasText: '4 bytes at 0x' });
    await taken();
    await workbench.page.waitForTimeout(500);
    expect(await row.getByRole('checkbox').getAttribute('aria-checked')).toBe('true');
    await workbench.screenshot(`breakpoints-on-memory-${adapter}`);
    await row.click();
    await workbench.page.keyboard.press('Enter');
    await until('it is removed', async () =>
      Promise.resolve(sent(from).length > 0 && listIn(sent(from).at(-1)).length === 0),
    );
  });

  test('Reveal Source Line opens the line that the code at the caret was made of', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await goTo('turn');
    await workbench.runCommand('Live Memory: Reveal Source Line');
    const source = readFileSync(path.join(bed.folder, 'debuggee.c'), 'utf8').split('\n');
    const line = source.findIndex((text) => text.startsWith('static int turn(')) + 1;
    const length = source[line - 1]?.length ?? 0;
    await workbench.page
      .locator('.statusbar-item')
      .filter({ hasText: `Ln ${line}, Col ${length + 1} (${length} selected)` })
      .waitFor({ timeout: 5000 });
    await workbench.screenshot(`reveal-source-${adapter}`);
    // In the editor that has the file already.
    expect(await workbench.page.locator('.tab[data-resource-name="debuggee.c"]').count()).toBe(1);
  });

  test('of data it says that there is no line', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await select('global_counter', 4);
    await workbench.runCommand('Live Memory: Reveal Source Line');
    await expect.poll(() => view.notice().textContent()).toMatch(/knows no line of source for 0x[0-9a-f]+/);
  });

  test('a forced write and its undo go past the debugger, and the view says so once a stop', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await goTo('constant');
    const constant = BigInt(facts['constant'] ?? 0);
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('ff');
    await workbench.pressInDialog('Write Anyway');
    await expect.poll(() => view.byte(constant)).toBe('ff');
    await expect.poll(() => view.notice().textContent()).toMatch(past);
    await workbench.screenshot(`past-debugger-${adapter}`);
    await view.frame.locator('.notice').getByRole('button', { name: 'Dismiss' }).first().click();
    await workbench.runCommand('Live Memory: Undo Write');
    await expect.poll(() => view.byte(constant)).toBe('44');
    expect(await view.frame.locator('.notice:visible').count()).toBe(0);
  });

  test('while the program runs both say to pause it, and the debugger is asked for nothing', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await debugging.command('workbench.debug.viewlet.action.disableAllBreakpoints');
    await debugging.quiet();
    const from = debugging.traffic().at(-1)?.timeMs;
    await debugging.run();
    await until('it runs', async () => (await debugging.where()).frame === undefined);
    await goTo('global_counter');
    await breakOnSelection();
    await expect.poll(() => view.notice().textContent()).toMatch(/is running. Pause it first/);
    await goTo('turn');
    await workbench.runCommand('Live Memory: Reveal Source Line');
    await expect.poll(() => view.notice().textContent()).toMatch(/is running. Pause it first/);
    await hover('static int turn(', 'turn');
    await workbench.page.waitForTimeout(500);
    await workbench.page.keyboard.press('Escape');
    expect(debugging.requestsWhileRunning(from)).toEqual([]);
    expect(sent(debugging.traffic().findIndex(({ timeMs }) => timeMs > (from ?? 0)))).toEqual([]);
    await debugging.command('workbench.debug.viewlet.action.enableAllBreakpoints');
  });
});

test('a program that is started again has no breakpoints on the memory of its last run', async (context) => {
  if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
  context.onTestFinished(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  });
  await debugging.addBreakpoint('debuggee.c', 'break here');
  await debugging.start('lldb: loop');
  await debugging.command('liveMemory.showVariable', { expression: 'global_counter' });
  const view = await memoryView(workbench);
  await expect.poll(() => view.status().textContent()).toContain('4 bytes selected');
  // A view that gets the keyboard late closes the list.
  await view.frame.locator('.grid:focus').waitFor();
  await workbench.runCommand('Live Memory: Break When These Bytes Change…');
  await workbench.pick('When they are written');
  await expect.poll(() => view.notice().textContent()).toMatch(/stops the program/);
  await debugging.restart();
  await until('the adapter has none of ours', async () => Promise.resolve(listIn(sent(0).at(-1)).length === 0));
  const { frame } = await debugging.continue();
  expect(frame.line).toBe(lineOf('debuggee.c', 'break here'));
});

describe.each(['lldb', 'cdt'] as const satisfies readonly AdapterName[])('of optimized code, %s', (adapter) => {
  afterAll(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
  });

  test.for(['gone', 'held'])('has no place for %s, and Show in Live Memory says so', async (name, context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    if ((await debugging.where()).frame === undefined) {
      const source = path.join(bed.folder, 'optimized.c');
      const program = path.join(bed.folder, 'optimized');
      copyFileSync(path.join(root, 'test/target/optimized.c'), source);
      execFileSync('cc', ['-O2', '-g', '-o', program, source], { cwd: bed.folder });
      await debugging.addBreakpoint('optimized.c', 'break optimized');
      const { stops } = await debugging.where();
      const configuration = bed.configuration(`${adapter}: loop`);
      await debugging.startWith({ ...configuration, name: `${adapter}: optimized`, program });
      await debugging.stopped(stops);
    }
    await debugging.menuOnVariable([name], 'Show in Live Memory');
    await workbench.notification(`The debugger gives no address for ${name}`).waitFor({ timeout: 15_000 });
    await workbench.runCommand('Notifications: Clear All Notifications');
  });
});

describe.each(['node', 'debugpy'] as const satisfies readonly AdapterName[])('with %s', (adapter) => {
  afterAll(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  });

  test('an adapter that has neither says so, and is not asked', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await debugging.addBreakpoint(adapter === 'node' ? 'debuggee.js' : 'debuggee.py', 'break here');
    await debugging.start(`${adapter}: loop`);
    const { pid } = await debugging.facts();
    await debugging.command('liveMemory.open', { pid: Number(pid), address: '[stack]' });
    const view = await memoryView(workbench);
    await view.goTo('[stack]');
    await workbench.runCommand('Live Memory: Break When These Bytes Change…');
    await expect.poll(() => view.notice().textContent()).toMatch(/has no data breakpoints/);
    await workbench.runCommand('Live Memory: Reveal Source Line');
    await expect.poll(() => view.notice().textContent()).toMatch(/does not tell the source of an address/);
    const asked = debugging
      .traffic()
      .filter(({ kind, sessionType }) => kind === 'request' && /node|py/.test(sessionType));
    expect(asked.map(({ name }) => name)).not.toContain('dataBreakpointInfo');
    expect(asked.map(({ name }) => name)).not.toContain('disassemble');
  });
});

test('an edit that debugpy cannot be told of says so, at each stop once', async (context) => {
  if (bed.missing.debugpy !== undefined) return context.skip(bed.missing.debugpy);
  await debugging.addBreakpoint('debuggee.py', 'break here');
  await debugging.start('debugpy: loop');
  const { pid, note = '' } = await debugging.facts();
  const show = (): Promise<unknown> => debugging.command('liveMemory.goTo', { pid: Number(pid), address: note });
  const type = async (keys: string): Promise<void> => {
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type(keys);
  };
  await debugging.command('liveMemory.open', { pid: Number(pid), address: note });
  const view = await memoryView(workbench);
  const notice = view.frame.locator('.notice:visible');
  await expect.poll(() => view.byte(BigInt(note))).toMatch(/^[0-9a-f]{2}$/);
  await show();
  await type('2a');
  await expect.poll(() => view.notice().textContent()).toMatch(past);
  await view.frame.locator('.notice').getByRole('button', { name: 'Dismiss' }).first().click();
  await type('2b');
  await expect.poll(() => view.byte(BigInt(note) + 1n)).toBe('2b');
  expect(await notice.count()).toBe(0);
  await debugging.stepOver();
  await show();
  await type('2c');
  await expect.poll(() => view.notice().textContent()).toMatch(past);
  // The program has it: Python itself says so.
  const { frame } = await debugging.where();
  const parameters = { expression: 'note[0:2]', context: 'watch', frameId: frame?.id };
  const { result } = await debugging.request<{ result: string }>('evaluate', parameters);
  expect(result).toContain(',+');
  await debugging.stop();
  await debugging.clearBreakpoints();
  await workbench.runCommand('View: Close All Editors');
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors.filter((error) => /^uncaught|live.?memory/i.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/\[error\].*live-memory.*(rejected promise|unhandled)/i);
});
