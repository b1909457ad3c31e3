import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Locator } from 'playwright-core';
import { until, type DebugBed, type Debugging } from './debug.ts';
import { bytesIn, openDebugWindow, type DebugWindow } from './debugWindow.ts';
import { memoryView, type MemoryView } from './memory.ts';
import type { VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';

// Programs that are more than one thread and one process, and sessions that are more than one launch.
let opened: DebugWindow | undefined;
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;

beforeAll(async () => {
  opened = await openDebugWindow({ width: 2300, settings: { 'liveMemory.editing': 'on' } });
  ({ bed, vscode, workbench, debugging } = opened);
}, 120_000);
afterEach(async () => {
  await debugging.stop().catch(() => undefined);
  await debugging.clearBreakpoints();
  await workbench.runCommand('View: Close All Editors');
});
afterAll(() => opened?.dispose());

/** A little-endian number of four bytes in the view. */
async function int(view: MemoryView, address: string | undefined): Promise<number> {
  const bytes: string[] = [];
  for (let i = 0n; i < 4n; i++) bytes.push((await view.byte(BigInt(address ?? 0) + i)) ?? '??');
  return bytes.includes('??') ? NaN : Buffer.from(bytes.join(''), 'hex').readInt32LE();
}

/** The same straight out of a process. */
async function intIn(pid: string | undefined, address: string | undefined): Promise<number> {
  return new DataView((await bytesIn(pid, address, 4)).buffer).getInt32(0, true);
}

/** Shows what an expression of the debugger names; of a session that is not the active one by its name. */
async function show(expression: string, sessionName?: string, index = 0): Promise<MemoryView> {
  // At a stop VS Code opens the source and gives it the keyboard, a moment later.
  await workbench.page.locator('.debug-top-stack-frame-column, .debug-top-stack-frame-line').first().waitFor();
  const session = (await debugging.sessions()).find(({ name }) => name === sessionName);
  await debugging.command('liveMemory.showVariable', { expression, sessionId: session?.id });
  return memoryView(workbench, index);
}

const tab = (pid: string | undefined) => workbench.page.locator(`.tab[aria-label*="(${pid})"]`);

test('source opens beside the view, wherever the keyboard is, and another view among its tabs', async (context) => {
  if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
  await debugging.addBreakpoint('debuggee.c', 'break here');
  await debugging.start('lldb: loop');
  const facts = await debugging.facts();
  const view = await show('numbers');
  await view.frame.locator('.grid').click();
  await debugging.command('liveMemory.open', { address: facts['global_counter'] });
  const groups = (tabs: Locator): Promise<(string | undefined)[]> =>
    tabs.evaluateAll((each) =>
      each.map((one) => /Editor Group \d/.exec(one.getAttribute('aria-label') ?? '')?.[0] ?? 'the only group'),
    );
  await expect.poll(() => groups(tab(facts['pid']))).toEqual(['Editor Group 2', 'Editor Group 2']);
  const other = await memoryView(workbench);
  await expect.poll(() => other.status().textContent()).toContain(facts['global_counter']);
  await debugging.clearBreakpoints();
  await debugging.run();
  await other.frame.locator('.grid').click();
  // In the C library, whose source the adapter names and nobody has.
  await debugging.pause();
  await expect
    .poll(() => groups(workbench.page.locator('.tab.active', { hasText: /nanosleep/ })))
    .toEqual(['Editor Group 1']);
  await other.frame.locator('.live[data-state=stopped]').waitFor();
  await expect
    .poll(() => groups(workbench.page.locator('.tab.active', { hasText: 'Live Memory' })))
    .toEqual(['Editor Group 2']);
  await workbench.screenshot('beside-dark');
});

describe.each(['lldb', 'cdt', 'gdb'] as const)('with %s', (adapter) => {
  test('a stop of one of several threads is a stop of the program, and what the others counted is there', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.addBreakpoint('debuggee.c', 'break worker');
    await debugging.start(`${adapter}: threads`);
    const facts = await debugging.facts();
    const view = await show('worker_counters');
    await view.frame.locator('.live[data-state=stopped]').waitFor();
    const counters = async (): Promise<number[]> => {
      const found: number[] = [];
      for (let i = 0n; i < 3n; i++) found.push(await int(view, String(BigInt(facts['worker_counters'] ?? 0) + 8n * i)));
      return found;
    };
    for (let stops = 0; stops < 4; stops++) {
      await debugging.continue();
      const held = await Promise.all(
        [0n, 1n, 2n].map((i) => intIn(facts['pid'], String(BigInt(facts['worker_counters'] ?? 0) + 8n * i))),
      );
      await expect.poll(counters).toEqual(held);
    }
  });

  test('C++: members, a base class’s, what a reference is of, and an element of a vector', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.addBreakpoint('debuggee.cpp', 'break here');
    await debugging.start(`${adapter}: c++`);
    const facts = await debugging.facts();
    let view = await show('size_');
    for (const [expression, fact, bytes] of [
      ['size_', 'size_', 4],
      ['this->base', 'base', 4],
      ['reference', 'reference', 4],
      ['local', 'local', 4],
      ['total_', 'total_', 4],
    ] as const) {
      view = await show(expression);
      const address = BigInt(facts[fact] ?? 0).toString(16);
      await expect.poll(() => view.status().textContent(), { message: expression }).toContain(`0x${address}`);
      await expect.poll(() => view.status().textContent()).toContain(`${bytes} bytes selected`);
    }
    // gdb calls the operator in the program for it, which its own DAP does not come back from.
    if (adapter === 'gdb') return;
    await view.goTo('&corners_[0]');
    await expect.poll(() => int(view, facts['corners_[0]'])).toBe(1);
  });

  test('a bit-field has no address of its own: it is what holds it that is shown, or a sentence', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.addBreakpoint('debuggee.c', 'break here');
    await debugging.start(`${adapter}: loop`);
    const facts = await debugging.facts();
    const view = await show('own');
    await expect.poll(() => view.status().textContent()).toContain(`${facts['sizeof record']} bytes selected`);
    if (adapter === 'lldb') return expect(show('own.low')).rejects.toThrow(/own\.low/);
    await show('own.low');
    const unit = BigInt(facts['own'] ?? 0) + 36n;
    await expect.poll(() => view.status().textContent()).toContain(`0x${unit.toString(16)}rw-p4 bytes selected`);
  });
});

describe('a program that becomes two, or another', () => {
  test('after a fork the view stays with the process that is debugged, and an edit never reaches the other', async (context) => {
    if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
    await debugging.addBreakpoint('debuggee.c', 'break here');
    await debugging.start('lldb: fork');
    const facts = await debugging.facts();
    const child = await debugging.facts('.child');
    expect(child['pid']).not.toBe(facts['pid']);
    const view = await show('global_counter');
    await tab(facts['pid']).waitFor();
    const address = facts['global_counter'];
    await expect.poll(() => int(view, address)).toBe(0);
    await expect.poll(() => intIn(child['pid'], address)).toBeGreaterThan(0);
    await view.goTo(address ?? '');
    await workbench.page.keyboard.type('00000f77');
    await expect.poll(() => intIn(facts['pid'], address)).toBe(0x770f0000);
    expect(await intIn(child['pid'], address)).toBeLessThan(0x10000);
    process.kill(Number(child['pid']), 'SIGKILL');
  });

  test('a program that calls exec is the same session, and its view goes on with what it has become', async (context) => {
    if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
    const { stops } = await debugging.where();
    await debugging.startRunning('lldb: exec');
    const facts = await debugging.facts();
    await debugging.command('liveMemory.attach', { pid: Number(facts['pid']), address: facts['global_counter'] });
    const view = await memoryView(workbench);
    await expect.poll(() => int(view, facts['global_counter'])).toBe(0);
    // lldb stops where the new program begins.
    await until('it stops there', async () => (await debugging.where()).stops > stops);
    await debugging.run();
    const after = await debugging.facts('.after');
    expect(after['pid']).toBe(facts['pid']);
    await expect.poll(() => view.row(BigInt(after['global_counter'] ?? 0)).count(), { timeout: 20_000 }).toBe(1);
    const seen = new Set<number>();
    await expect
      .poll(async () => seen.add(await int(view, after['global_counter'])).size, { timeout: 20_000 })
      .toBeGreaterThan(2);
  });
});

describe('a program that was there before its debugger', () => {
  let program: ChildProcess | undefined;
  afterEach(() => program?.kill('SIGKILL'));

  test.each(['lldb', 'cdt'] as const)(
    '%s attaches to it and lets go again: the view stays, and stays live',
    async (adapter) => {
      const missing = bed.missing[adapter];
      if (missing !== undefined) return expect(missing).toBeTypeOf('string');
      const file = path.join(bed.folder, '.facts', `${adapter}-attached.json`);
      rmSync(file, { force: true });
      program = spawn(path.join(bed.folder, 'debuggee'), ['loop', file], { stdio: 'ignore' });
      await expect.poll(() => existsSync(file), { timeout: 10_000 }).toBe(true);
      const facts = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
      await debugging.addBreakpoint('debuggee.c', 'break here');
      const configuration = bed.configuration(`${adapter}: loop`);
      const { stops } = await debugging.where();
      await debugging.startWith({
        ...configuration,
        name: 'attached',
        request: 'attach',
        ...(adapter === 'lldb' ? { pid: program.pid } : { processId: String(program.pid) }),
      });
      await debugging.stopped(stops);
      const view = await show('global_counter');
      await view.frame.locator('.live[data-state=stopped]').waitFor();
      await tab(facts['pid']).waitFor();
      await debugging.clearBreakpoints();
      await debugging.stop();
      // The program goes on by itself, and so does the view.
      const seen = new Set<number>();
      await expect
        .poll(async () => seen.add(await int(view, facts['global_counter'])).size, { timeout: 20_000 })
        .toBeGreaterThan(2);
      await view.frame.locator('.live[data-state=running]').waitFor();
      await expect.poll(() => view.notice().isVisible()).toBe(false);
    },
  );
});

test('whoever detaches is left alone, through stops too, until the memory is asked for again', async (context) => {
  if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
  await debugging.addBreakpoint('debuggee.c', 'break here');
  await debugging.start('lldb: loop');
  const facts = await debugging.facts();
  const view = await show('numbers');
  await expect.poll(() => int(view, facts['numbers'])).toBe(1);
  await workbench.runCommand('Live Memory: Detach');
  await view.frame.getByText('Detached').first().waitFor();
  await debugging.stepOver();
  await debugging.stepOver();
  await view.frame.getByText('Detached').first().waitFor();
  await expect.poll(() => view.frame.locator('.live[data-state=stopped]').count()).toBe(0);
  const again = await show('numbers');
  await again.frame.locator('.live[data-state=stopped]').first().waitFor();
  await expect.poll(() => int(again, facts['numbers'])).toBe(1);
  process.kill(Number(facts['pid']), 'SIGKILL');
});

describe('two sessions at once', () => {
  test('each has its own process and its own view, and a step of one leaves the other alone', async (context) => {
    if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
    if (bed.missing.cdt !== undefined) return context.skip(bed.missing.cdt);
    await debugging.addBreakpoint('debuggee.c', 'break here');
    await debugging.start('lldb: loop');
    const first = await debugging.facts();
    const view = await show('global_counter');
    await debugging.start('cdt: loop');
    const second = await debugging.facts();
    expect(second['pid']).not.toBe(first['pid']);
    // Both views can be seen, beside each other.
    const other = await show('numbers', 'cdt: loop', 1);
    await tab(second['pid']).waitFor();
    await tab(first['pid']).waitFor();
    await expect.poll(() => int(other, second['numbers'])).toBe(1);
    await expect.poll(() => int(view, first['global_counter'])).toBe(0);
    // Whichever of them VS Code steps.
    await debugging.stepOver();
    await debugging.stepOver();
    const counters = async (): Promise<number[]> => [
      await intIn(first['pid'], first['global_counter']),
      await intIn(second['pid'], second['global_counter']),
    ];
    await expect.poll(async () => (await counters()).sort()).toEqual([0, 1]);
    const [mine] = await counters();
    await expect.poll(() => int(view, first['global_counter'])).toBe(mine);
    await view.frame.locator('.live[data-state=stopped]').waitFor();
    process.kill(Number(second['pid']), 'SIGKILL');
    process.kill(Number(first['pid']), 'SIGKILL');
  });
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors.filter((error) => /^uncaught|live.?memory/i.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/\[error\].*live-memory.*(rejected promise|unhandled)/i);
});
