import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lineOf, until, type DebugBed, type Debugging } from './debug.ts';
import { at, hex, openDebugWindow, type DebugWindow } from './debugWindow.ts';
import { memoryView, type MemoryView } from './memory.ts';
import { attach } from '../../native/attach.ts';
import type { VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';

// Memory views of what only a debugger reaches: a core file, and a program behind a gdbserver whose number is another process's here.
let opened: DebugWindow | undefined;
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;

beforeAll(async () => {
  opened = await openDebugWindow({ width: 2300, settings: { 'liveMemory.editing': 'on' } });
  ({ bed, vscode, workbench, debugging } = opened);
}, 120_000);
afterAll(() => opened?.dispose());

type Facts = Readonly<Record<string, string>>;

const titleOfTab = (): Promise<string | null> =>
  workbench.page.locator('.tab.active .label-name').filter({ hasText: 'Live Memory' }).first().textContent();

const namesSince = (count: number): string[] =>
  debugging
    .traffic()
    .slice(count)
    .filter(({ kind }) => kind === 'request')
    .map(({ name }) => name);

async function endSession(): Promise<void> {
  await debugging.stop().catch(() => undefined);
  await debugging.clearBreakpoints();
  await workbench.runCommand('View: Close All Editors');
}

/** A core file of the debuggee at the line "break here", by gdb, and what the program had told. */
function makeCore(): { readonly file: string; readonly facts: Facts; readonly unreadable: bigint } {
  const file = path.join(bed.folder, 'debuggee.core');
  const told = path.join(bed.folder, '.facts', 'core.json');
  const commands = [
    `break debuggee.c:${lineOf('debuggee.c', 'break here')}`,
    `run loop ${told} > /dev/null`,
    `generate-core-file ${file}`,
    'info proc mappings',
    'kill',
  ];
  const parameters = [
    '-q',
    '-batch',
    ...commands.flatMap((command) => ['-ex', command]),
    path.join(bed.folder, 'debuggee'),
  ];
  const said = execFileSync('gdb', parameters, { cwd: bed.folder, stdio: 'pipe', encoding: 'utf8' });
  const constants = [
    ...said.matchAll(/0x[0-9a-f]+\s+(0x[0-9a-f]+)\s+0x[0-9a-f]+\s+0x[0-9a-f]+\s+r--p\s+\S*libc\.so/g),
  ][1];
  return {
    unreadable: BigInt(constants?.[1] ?? 4096) - 4096n,
    file,
    facts: JSON.parse(readFileSync(told, 'utf8')) as Facts,
  };
}

describe('a core file, with lldb', () => {
  let view: MemoryView;
  let facts: Facts;
  let unreadable = 0n;

  test('shows a variable’s bytes, and says that they come through the debugger', async (context) => {
    const missing = bed.missing.lldb ?? bed.missing.cdt;
    if (missing !== undefined) return context.skip(missing);
    const made = makeCore();
    facts = made.facts;
    unreadable = made.unreadable;
    const { stops } = await debugging.where();
    const program = path.join(bed.folder, 'debuggee');
    const core = { name: 'core', type: 'test-lldb', request: 'attach' as const, program, coreFile: made.file };
    expect(await debugging.startWith(core)).toBe(true);
    await debugging.stopped(stops);
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    view = await memoryView(workbench);
    await expect.poll(() => at(view, facts['numbers'], 8), { timeout: 20_000 }).toBe(`${hex(1, 4)} ${hex(2, 4)}`);
    await expect.poll(() => view.status().textContent()).toContain('through the debugger (test-');
    expect(await titleOfTab()).toMatch(/debuggee \(through test-/);
    await workbench.screenshot(`through-core`);
  });

  test('the address box takes the debugger’s expressions, pointers and addresses', async (context) => {
    if (facts === undefined) return context.skip('there is no core file');
    await view.goTo('&global_counter');
    await expect.poll(() => at(view, facts['global_counter'], 4)).toBe(hex(0, 4));
    // A pointer of the program's, followed by the view.
    await view.goTo(`*${facts['pointer']}`);
    await expect.poll(() => at(view, facts['*pointer'], 4)).toBe(hex(3, 4));
    await view.goTo(`${facts['*heap']}+0x10`);
    await expect.poll(() => at(view, `0x${(BigInt(facts['*heap'] ?? 0) + 16n).toString(16)}`, 4)).toBe('10 11 12 13');
  });

  test('what the core file and the program’s files do not hold is ??, not zero', async (context) => {
    if (facts === undefined) return context.skip('there is no core file');
    // What libc has for reading ends within its last page, and a core file leaves out what files hold.
    await view.goTo(`0x${unreadable.toString(16)}`);
    await expect.poll(() => view.bytes(unreadable)).toMatch(/^\?\?( \?\?)+$/);
    await expect.poll(() => view.row(unreadable).getAttribute('title')).toContain('the debugger cannot read it');
    await view.goTo(`${facts['*heap']}+0x10`);
    await expect.poll(() => at(view, `0x${(BigInt(facts['*heap'] ?? 0) + 16n).toString(16)}`, 1)).toBe('10');
  });

  test('an edit is refused, for nothing can be written to a core file', async (context) => {
    if (facts === undefined) return context.skip('there is no core file');
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('63');
    await expect.poll(() => view.notice().textContent()).toContain('core file');
  });

  test('the end of the session leaves the last bytes, and says so', async (context) => {
    if (facts === undefined) return context.skip('there is no core file');
    await debugging.stop();
    await expect.poll(() => view.notice().textContent()).toContain('has ended');
    await expect.poll(() => at(view, `0x${(BigInt(facts['*heap'] ?? 0) + 16n).toString(16)}`, 4)).toBe('10 11 12 13');
  });

  afterAll(endSession);
});

describe('a gdbserver on this machine', () => {
  test('its process is proven to be the one, and read as ever', async (context) => {
    if (bed.missing.gdbserver !== undefined) return context.skip(bed.missing.gdbserver);
    await debugging.breakAt('debuggee.c', 'break here');
    await debugging.start('gdbserver: loop');
    const facts = await debugging.facts();
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    const view = await memoryView(workbench);
    await expect.poll(() => at(view, facts['numbers'], 8), { timeout: 20_000 }).toBe(`${hex(1, 4)} ${hex(2, 4)}`);
    expect(await titleOfTab()).toContain(`(${facts['pid']})`);
    expect(await view.status().textContent()).not.toContain('through the debugger');
    // The proof is made once: a step asks the debugger for no memory.
    const before = debugging.traffic().length;
    await debugging.stepOver();
    await debugging.stepOver();
    await view.goTo(facts['global_counter'] ?? '');
    await expect.poll(() => at(view, facts['global_counter'], 4)).toBe(hex(1, 4));
    expect(namesSince(before)).not.toContain('readMemory');
  });

  afterAll(endSession);
});

describe('a gdbserver whose process number is another process’s here', () => {
  let victim: ChildProcess | undefined;
  let victimMemory = '';
  let view: MemoryView;
  let facts: Facts | undefined;

  /** All that a process can write, as one hash. */
  async function memoryOf(pid: number): Promise<string> {
    const process = await attach(pid);
    const hash = createHash('sha256');
    try {
      for (const region of await process.regions()) {
        if (!region.access.startsWith('rw')) continue;
        const range = { start: region.start, length: Number(region.end - region.start) };
        const bytes = Buffer.alloc(range.length);
        await process.readInto(range, bytes, { faultIn: true });
        hash.update(bytes);
      }
    } finally {
      process.dispose();
    }
    return hash.digest('hex');
  }

  test('is read through the debugger, and says so', async (context) => {
    if (bed.missing.gdbserver !== undefined) return context.skip(bed.missing.gdbserver);
    const program = path.join(bed.folder, 'debuggee');
    const told = path.join(bed.folder, '.facts', 'victim.json');
    // At the same addresses as what gdbserver starts, which has no random ones either.
    const other = spawn('setarch', ['-R', program, 'loop', told], { stdio: 'ignore' });
    victim = other;
    await until('the other program has told', async () => existsSync(told));
    const pid = other.pid ?? 0;
    other.kill('SIGSTOP');
    await until('it stands', async () => /^State:\s*T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')));
    victimMemory = await memoryOf(pid);

    // In a namespace of its own the number can be chosen; gdbserver tries ptrace on two processes before it starts the program.
    const chosen = `echo ${pid - 3} > /proc/sys/kernel/ns_last_pid`;
    const unshare = ['-fp', '--kill-child', '--mount-proc', 'sh', '-c'];
    if (spawnSync('unshare', [...unshare, chosen]).status !== 0)
      return context.skip('this user may not make a pid namespace');
    const ofProgram = path.join(bed.folder, '.facts', 'behind.json');
    const server = ['gdbserver', '--no-startup-with-shell', '--once', '127.0.0.1:0', program, 'loop', ofProgram];
    const target = { server: 'unshare', serverParameters: [...unshare, `${chosen}; exec "$@"`, 'sh', ...server] };
    await debugging.addBreakpoint('debuggee.c', 'break here');
    const { stops } = await debugging.where();
    expect(await debugging.startWith({ ...bed.configuration('gdbserver: loop'), name: 'behind', target })).toBe(true);
    await debugging.stopped(stops);
    await until('the program has told', async () => existsSync(ofProgram));
    facts = JSON.parse(readFileSync(ofProgram, 'utf8')) as Facts;
    if (facts['pid'] !== String(pid)) {
      const found = `this gdbserver gives the program the number ${facts['pid']}, not ${pid}`;
      facts = undefined;
      return context.skip(found);
    }

    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    view = await memoryView(workbench);
    const { numbers } = facts;
    await expect.poll(() => at(view, numbers, 8), { timeout: 20_000 }).toBe(`${hex(1, 4)} ${hex(2, 4)}`);
    await expect.poll(() => view.status().textContent()).toContain('through the debugger (test-gdbserver)');
    expect(await titleOfTab()).toContain('debuggee (through test-gdbserver)');
    await workbench.screenshot('through-gdbserver');
    await expect(debugging.command('liveMemory.goTo', { pid, address: '[stack]' })).rejects.toThrow(/not attached/);
  });

  test('has the regions that the debugger knows, with their names', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await view.goTo('[heap]+0x10');
    await expect.poll(() => view.status().textContent()).toContain('[heap]+0x10');
    // A file is where its lowest region begins: with the header of an ELF file.
    await view.goTo('debuggee');
    await expect.poll(() => view.frame.locator('.row').filter({ hasText: '.ELF' }).count()).toBe(1);
    await view.goTo(facts['numbers'] ?? '');
    await expect.poll(() => view.status().textContent()).toContain('[stack]+');
  });

  test('what nobody can read is ??, not zero, and not even asked for', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await view.goTo('[vvar]');
    const row = view.frame.locator('.row.unreadable').first();
    await expect.poll(() => row.locator('.bytes').textContent()).toMatch(/^\s*\?\?( \?\?)+\s*$/);
    await expect.poll(() => row.getAttribute('title')).toContain('the kernel lets nobody copy it');
    expect(await workbench.notification('Unable to read memory').count()).toBe(0);
  });

  test('an edit goes through the debugger into the program, and into no other', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await view.goTo(facts['numbers'] ?? '');
    await expect.poll(() => at(view, facts?.['numbers'], 1)).toBe('01');
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('63');
    await expect.poll(() => at(view, facts?.['numbers'], 4)).toBe(hex(0x63, 4));
    await expect.poll(() => view.status().textContent()).toContain('1 byte written, held');
    const { frame } = await debugging.stopped(0);
    // What the debugger says of it, asked by somebody else.
    const said = await debugging.request<{ result: string }>('evaluate', {
      expression: 'numbers[0]',
      context: 'watch',
      frameId: frame.id,
    });
    expect(said.result).toBe('99');
    await workbench.runCommand('Live Memory: Undo Write');
    await expect.poll(() => at(view, facts?.['numbers'], 4)).toBe(hex(1, 4));
  });

  test('each stop is read anew', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await view.goTo(facts['global_counter'] ?? '');
    await expect.poll(() => at(view, facts?.['global_counter'], 4)).toBe(hex(0, 4));
    await debugging.stepOver();
    await debugging.stepOver();
    await expect.poll(() => at(view, facts?.['global_counter'], 4)).toBe(hex(1, 4));
  });

  test('neighbouring pages are read in one request, and no more than two are under way', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    // The last rows of a page, and the first of the next.
    const page = (BigInt(facts['*heap'] ?? 0) & ~0xfffn) + 0x1000n;
    await view.goTo(`0x${(page - 16n).toString(16)}`);
    await expect.poll(() => view.byte(page)).toBe('f0');
    const before = debugging.traffic().length;
    await debugging.stepOver();
    const isAsked = (): boolean => namesSince(before).includes('readMemory');
    await until('the stop is read', async () => isAsked());
    let [underWay, most] = [0, 0];
    const counts: number[] = [];
    for (const { kind, name, body } of debugging.traffic().filter(({ name }) => name === 'readMemory')) {
      if (name === 'readMemory') underWay += kind === 'request' ? 1 : -1;
      most = Math.max(most, underWay);
      if (kind === 'request') counts.push((body as { count: number }).count);
    }
    expect(most).toBeLessThanOrEqual(2);
    expect(Math.max(...counts)).toBeLessThanOrEqual(64 * 1024);
    const since = debugging
      .traffic()
      .slice(before)
      .filter(({ kind, name }) => kind === 'request' && name === 'readMemory');
    expect(since).toHaveLength(1);
    expect(since[0]?.body).toMatchObject({ count: 8192 });
    expect(await view.frame.locator('.status .through').getAttribute('title')).toContain('slower');
    await view.goTo(facts['global_counter'] ?? '');
    await expect.poll(() => at(view, facts?.['global_counter'], 4)).toBe(hex(1, 4));
  });

  test('while the program runs nothing is asked: what is shown stays, and what is new is not read yet', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await debugging.command('workbench.debug.viewlet.action.disableAllBreakpoints');
    await debugging.quiet();
    const from = debugging.traffic().at(-1)?.timeMs;
    await debugging.run();
    await expect.poll(() => view.frame.locator('.live').textContent()).toContain('running');
    expect(await at(view, facts['global_counter'], 4)).toBe(hex(1, 4));
    await view.goTo(facts['*heap'] ?? '');
    await expect.poll(() => at(view, facts?.['*heap'], 2)).toBe('·· ··');
    await view.goTo('&numbers');
    await expect.poll(() => view.notice().textContent()).toContain('“behind” is running');
    await workbench.screenshot('through-running');
    // VS Code may still ask for the variables of the step before.
    const ofVSCode = ['scopes', 'variables'];
    expect(debugging.requestsWhileRunning(from).filter(({ name }) => !ofVSCode.includes(name))).toEqual([]);
    await debugging.pause();
    await expect.poll(() => at(view, facts?.['*heap'], 2)).toBe('00 01');
    await expect.poll(() => view.frame.locator('.live').textContent()).toContain('stopped');
  });

  test('there is nothing to compare it with', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await debugging.command('liveMemory.compareWithDebugger');
    await workbench.notification('through the debugger anyway').first().waitFor();
  });

  test('the end of the session leaves the last bytes; the other process was never written to', async (context) => {
    if (facts === undefined) return context.skip('there is no such gdbserver');
    await debugging.stop();
    await expect.poll(() => view.notice().textContent()).toContain('has ended');
    expect(await at(view, facts['*heap'], 2)).toBe('00 01');
    expect(await memoryOf(victim?.pid ?? 0)).toBe(victimMemory);
  });

  afterAll(async () => {
    victim?.kill('SIGKILL');
    await debugging.command('workbench.debug.viewlet.action.enableAllBreakpoints');
    await endSession();
  });
});

describe('a process number that is not the debuggee’s', () => {
  const programs: ChildProcess[] = [];

  async function run(name: string): Promise<Facts> {
    const told = path.join(bed.folder, '.facts', `${name}.json`);
    programs.push(spawn(path.join(bed.folder, 'debuggee'), ['loop', told], { stdio: 'ignore' }));
    await until('the program has told', async () => existsSync(told));
    return JSON.parse(readFileSync(told, 'utf8')) as Facts;
  }

  test('is found out at the first stop: the session goes on through the debugger, and says so', async (context) => {
    if (bed.missing.cdt !== undefined) return context.skip(bed.missing.cdt);
    const [debuggee, other] = [await run('debuggee'), await run('other')];
    await debugging.breakAt('debuggee.c', 'break here');
    const { stops } = await debugging.where();
    // The adapter attaches to one, and what we take for its number is another.
    const { type, program, gdb } = bed.configuration('cdt: loop');
    const numbers = { processId: debuggee['pid'], pid: Number(other['pid']) };
    const configuration = { name: 'mistaken', type, request: 'attach' as const, program, gdb, ...numbers };
    expect(await debugging.startWith(configuration)).toBe(true);
    await debugging.stopped(stops);
    await workbench.notification(`debuggee (${other['pid']}) is not what “mistaken” debugs`).first().waitFor();
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    const view = await memoryView(workbench);
    await expect.poll(() => at(view, debuggee['numbers'], 8), { timeout: 20_000 }).toBe(`${hex(1, 4)} ${hex(2, 4)}`);
    await expect.poll(() => view.status().textContent()).toContain('through the debugger (test-cdt)');
    await workbench.setTheme('light');
    await workbench.screenshot('through-mistaken-light');
    await workbench.setTheme('dark');
  });

  afterAll(async () => {
    await endSession();
    for (const program of programs) program.kill('SIGKILL');
  });
});

test('where the setting says to leave sessions alone, nothing is asked of a debugger before somebody asks for its memory', async (context) => {
  if (bed.missing.gdbserver !== undefined) return context.skip(bed.missing.gdbserver);
  vscode.configure({ 'liveMemory.debug.attachAutomatically': false });
  try {
    const before = debugging.traffic().length;
    await debugging.breakAt('debuggee.c', 'break here');
    await debugging.start('gdbserver: loop');
    // A second is enough for what would come by itself: it comes at the stop.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(namesSince(before)).not.toContain('readMemory');
    expect(namesSince(before)).not.toContain('evaluate');
    const { numbers } = await debugging.facts();
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    const view = await memoryView(workbench);
    await expect.poll(() => view.byte(BigInt(numbers ?? 0)), { timeout: 20_000 }).toBe('01');
  } finally {
    vscode.configure({ 'liveMemory.debug.attachAutomatically': true });
    await endSession();
  }
});

describe('Compare with the Debugger’s Memory', () => {
  let facts: Facts | undefined;
  let view: MemoryView;

  /** The view tells where it is a moment after it has got there. VS Code shows no more than four notifications a second. */
  async function compareUntil(shown: Locator): Promise<void> {
    const compare = async (): Promise<number> => {
      await debugging.command('liveMemory.compareWithDebugger');
      await shown
        .first()
        .waitFor({ timeout: 1000 })
        .catch(() => undefined);
      return shown.count();
    };
    await expect.poll(compare, { interval: 500, timeout: 20_000 }).toBeGreaterThan(0);
  }

  test('shows a planted breakpoint, which the debugger hides', async (context) => {
    if (bed.missing.lldb !== undefined) return context.skip(bed.missing.lldb);
    await debugging.breakAt('debuggee.c', 'break here');
    await debugging.start('lldb: loop');
    facts = await debugging.facts();
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    view = await memoryView(workbench);
    await view.goTo('turn');
    await expect.poll(() => view.status().textContent()).toContain('debuggee');
    await compareUntil(workbench.page.locator('.tab', { hasText: 'debuggee and its debugger' }));
    const text = (): Promise<string> =>
      workbench.page.locator('.editor-group-container .monaco-editor .view-lines').last().innerText();
    await expect.poll(text).toMatch(/1\sbyte\sdiffers/);
    await expect.poll(text).toMatch(/is\sa\sbreakpoint/);
    await expect.poll(text).toContain('^^');
    await workbench.screenshot('compare');
  });

  test('says how many bytes are the same where nothing differs', async (context) => {
    if (facts === undefined) return context.skip('there is no lldb');
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    await debugging.command('notifications.clearAll');
    await compareUntil(workbench.notification(/32 bytes at .* are the same/));
  });

  test('says that a running program has to be paused', async (context) => {
    if (facts === undefined) return context.skip('there is no lldb');
    const before = debugging.traffic().length;
    await debugging.clearBreakpoints();
    // The debugger has to have heard of it, or the program stops there again at once.
    await until('no breakpoint is left', async () =>
      debugging
        .traffic()
        .slice(before)
        .some(({ kind, name }) => kind === 'response' && name === 'setBreakpoints'),
    );
    await debugging.command('notifications.clearAll');
    await debugging.run();
    await debugging.command('liveMemory.compareWithDebugger');
    await workbench
      .notification(/is running\. Pause it/)
      .first()
      .waitFor();
    await debugging.stop();
    await debugging.command('liveMemory.compareWithDebugger');
    await workbench.notification('No debug session debugs').first().waitFor();
  });

  afterAll(endSession);
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors.filter((error) => /^uncaught|live.?memory/i.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/\[error\].*live-memory.*(rejected promise|unhandled)/i);
});
