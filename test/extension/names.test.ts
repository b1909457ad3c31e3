import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, type AdapterName, type DebugBed, type Debugging } from './debug.ts';
import { bytesIn, hex, openDebugWindow, type DebugWindow } from './debugWindow.ts';
import type { Traffic } from './debuggers/wire.ts';
import { memoryView, type MemoryView } from './memory.ts';
import type { VSCode } from './vscode.ts';
import type { Workbench } from './workbench.ts';

// What the debugger knows, over the bytes: with real adapters.
let opened: DebugWindow | undefined;
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;

beforeAll(async () => {
  opened = await openDebugWindow({ width: 2300 });
  ({ bed, vscode, workbench, debugging } = opened);
}, 120_000);
afterAll(() => opened?.dispose());

/** Where a byte is: in the window, and on the canvases. */
async function placeOf(
  view: MemoryView,
  address: bigint,
): Promise<{ x: number; y: number; left: number; top: number }> {
  const row = view.row(address).locator('.bytes');
  const box = await row.boundingBox({ timeout: 5000 });
  const sheet = await view.frame.locator('.sheet').boundingBox();
  if (box === null || sheet === null) throw new Error(`the row of ${address.toString(16)} is not on the screen`);
  const width = box.width / (16 * 3 + 1);
  const index = Number(address & 0xfn);
  const x = box.x + (index * 3 + (index >= 8 ? 1 : 0) + 1) * width;
  const y = box.y + box.height / 2;
  return { x, y, left: x - sheet.x, top: y - sheet.y };
}

/** The colour under a byte; transparent where nothing is drawn. `below` is pixels below its middle. */
async function colour(view: MemoryView, address: bigint, below = 0): Promise<readonly number[]> {
  const { left, top } = await placeOf(view, address);
  return view.frame
    .locator('canvas.under')
    .evaluate(
      (canvas, [x, y]) => [...((canvas as HTMLCanvasElement).getContext('2d')?.getImageData(x, y, 1, 1).data ?? [])],
      [Math.round(left), Math.round(top + below)] as const,
    );
}

const isTinted = async (view: MemoryView, address: bigint): Promise<boolean> =>
  (await colour(view, address))[3] === 255;

/** What the hover over a byte says, an entry a line. */
async function hover(view: MemoryView, address: bigint): Promise<string[]> {
  const { page } = workbench;
  // From the view's own toolbar, so that no editor is crossed, whose hovers ask the debugger.
  const bar = await view.frame.locator('.toolbar').boundingBox();
  if (bar === null) throw new Error('the view has no toolbar');
  await page.mouse.move(bar.x + 5, bar.y + 2);
  await view.frame.locator('.tooltip:visible').waitFor({ state: 'hidden' });
  const { x, y } = await placeOf(view, address);
  await page.mouse.move(x, y);
  await view.frame.locator('.tooltip:visible').waitFor({ timeout: 3000 });
  const entries = view.frame.locator('.tooltip > div');
  return entries.evaluateAll((all) => all.map((one) => [...one.children].map((part) => part.textContent).join(' | ')));
}

/** The byte that the program's own file has for an address of its code. */
function inFile(pid: number, address: bigint): number {
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, start = '0', end = '0', offset = '0', file = ''] =
      /^(\w+)-(\w+) r-xp (\w+) \S+ \d+\s+(\/.*)$/.exec(line) ?? [];
    if (address < BigInt(`0x${start}`) || address >= BigInt(`0x${end}`)) continue;
    return readFileSync(file)[Number(address - BigInt(`0x${start}`) + BigInt(`0x${offset}`))] as number;
  }
  throw new Error('no file is mapped there');
}

/** Whether a request is one that only we make. */
function isOurs(name: string, body: unknown): boolean {
  const { expression = '', context } = (body ?? {}) as { expression?: string; context?: string };
  return name === 'evaluate' && context === 'watch' && /^(&|sizeof|\$)/.test(expression);
}

const ours = (from: number): Traffic[] =>
  debugging
    .traffic()
    .slice(from)
    .filter(({ kind, name, body }) => kind === 'request' && isOurs(name, body));

describe.each(['lldb', 'cdt'] as const satisfies readonly AdapterName[])('with %s', (adapter) => {
  let view: MemoryView;
  let facts: Readonly<Record<string, string>>;
  const fact = (name: string): bigint => BigInt(facts[name] as string);

  test('the bytes of a local are tinted, and its hover says name, type and value', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.breakAt('debuggee.c', 'break here');
    await debugging.start(`${adapter}: loop`);
    facts = await debugging.facts();
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    view = await memoryView(workbench);
    await view.goTo('$sp');
    await expect.poll(() => isTinted(view, fact('local')), { timeout: 10_000 }).toBe(true);
    expect(await hover(view, fact('local'))).toEqual(['local | int | 0']);
    expect(await hover(view, fact('iteration'))).toEqual(['iteration | int | 0']);
    await workbench.screenshot(`names-${adapter}`);
  });

  test('elements, members and bit-fields have names of their own, in structures and arrays', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    expect(await hover(view, fact('numbers') + 9n)).toEqual([
      'numbers[2] | int | 3',
      expect.stringMatching(/^numbers \| int ?\[8\]/),
    ]);
    expect((await hover(view, fact('own') + 8n))[0]).toBe('own.ratio | double | 1.5');
    expect((await hover(view, fact('own') + 0x24n)).join()).toMatch(
      /own\.low \| unsigned int \| 5,own\.middle \| unsigned int \| 17,own\.high/,
    );
    // What is deeper comes after all variables are there.
    const first = async (offset: bigint): Promise<string> => (await hover(view, fact('own') + offset))[0] ?? '';
    await expect.poll(() => first(34n)).toMatch(/^own\.center\.y \| \w+ \| -4/);
    expect(await first(50n)).toMatch(/^own\.corners\[2\]\.y \| \w+ \| 20/);
    expect(await hover(view, fact('own') + 34n)).toEqual([
      expect.any(String),
      expect.stringMatching(/^own\.center \|/),
      expect.stringMatching(/^own \|/),
    ]);
    expect(await hover(view, fact('pointer'))).toEqual([expect.stringMatching(/^pointer \| int \* \| 0x0*7f/)]);
    await workbench.screenshot(`names-${adapter}-hover`);
  });

  test('variables are told apart in every theme: filled, or outlined where contrast is high', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    if (adapter === 'cdt') return context.skip('a theme is the same with every debugger, and lldb has been looked at');
    for (const theme of ['light', 'contrast-dark', 'contrast-light', 'dark'] as const) {
      await workbench.setTheme(theme);
      const isFilled = !theme.startsWith('contrast');
      // Between two digits, where an outline has nothing.
      await expect.poll(() => isTinted(view, fact('numbers') + 5n), { timeout: 10_000 }).toBe(isFilled);
      await hover(view, fact('numbers') + 5n);
      await workbench.screenshot(`names-${theme}`);
    }
  });

  test('a selection of a variable’s bytes is named in the status line, and by a screen reader', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo('&numbers[2]');
    await expect.poll(() => view.frame.locator('.status .variable').textContent()).toBe('numbers[2]');
    await expect.poll(() => view.frame.locator('.spoken').textContent()).toMatch(/: 03, numbers\[2\]$/);
    await view.goTo('&own.center.y');
    await expect.poll(() => view.frame.locator('.status .variable').textContent()).toBe('own.center.y');
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    await expect.poll(() => view.frame.locator('.status .variable').textContent()).toBe('numbers');
  });

  test('the stack pointer, the frame’s base and the next instruction are marked', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    for (const register of ['sp', 'fp', 'pc'] as const) {
      await view.goTo(`$${register}`);
      const at = BigInt((await view.frame.locator('.status .address').textContent()) ?? 0);
      await expect.poll(() => hover(view, at)).toContainEqual(expect.stringMatching(`^\\$${register}: `));
    }
  });

  test('a breakpoint that the debugger has planted says what the file has, and is no change', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo('$pc');
    const at = BigInt((await view.frame.locator('.status .address').textContent()) ?? 0);
    const file = inFile(Number(facts['pid']), at).toString(16).padStart(2, '0');
    await workbench.screenshot(`names-${adapter}-planted`);
    if (adapter === 'cdt') {
      // gdb takes its breakpoints out while it shows a stop.
      expect(await view.byte(at)).toBe(file);
      return;
    }
    expect(await view.byte(at)).toBe('cc');
    expect(await hover(view, at)).toContain(`Breakpoint planted by the debugger; the file has ${file}`);
    // Another one: it comes into the code between two stops, and is marked as what it is.
    const before = await view.bytes(at);
    await debugging.addBreakpoint('debuggee.c', 'step 8');
    await debugging.stepOver();
    await expect.poll(() => isPlantedElsewhere(view, at)).not.toEqual([]);
    for (const other of await isPlantedElsewhere(view, at)) {
      expect((await hover(view, other)).join()).toContain('Breakpoint planted');
      // Not underlined as a change, which is blue.
      const [red = 0, , blue = 0] = await colour(view, other, 7);
      expect(blue).toBeLessThanOrEqual(red);
    }
    expect(await view.bytes(at)).toBe(before);
  });

  /** Addresses of other 0xcc on the screen near one. */
  async function isPlantedElsewhere(of: MemoryView, at: bigint): Promise<bigint[]> {
    const found: bigint[] = [];
    for (let row = (at & ~0xfn) - 0x20n; row < at + 0x180n; row += 16n) {
      if ((await of.row(row).count()) === 0) continue;
      const bytes = (await of.bytes(row)).split(' ');
      bytes.forEach((byte, i) => byte === 'cc' && row + BigInt(i) !== at && found.push(row + BigInt(i)));
    }
    return found.filter((address) => inFile(Number(facts['pid']), address) !== 0xcc);
  }

  test('after a step the value is the new one', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo('$sp');
    await expect
      .poll(() => hover(view, fact('local')).catch(() => []))
      .toEqual([expect.stringMatching(/^local \| int \| \d$/)]);
    const [before = ''] = await hover(view, fact('local'));
    const old = Number(before.split(' | ')[2]);
    if (old === 0) {
      await debugging.stepOver();
      await expect.poll(() => hover(view, fact('local')).catch(() => [])).toEqual(['local | int | 1']);
    } else expect(old).toBe(1);
    // Written by us: the value follows.
    vscode.configure({ 'liveMemory.editing': 'on' });
    await view.frame.getByRole('button', { name: 'Disable Editing' }).waitFor();
    await view.goTo('&numbers[7]');
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('2a');
    await expect.poll(async () => (await hover(view, fact('numbers') + 28n))[0]).toBe('numbers[7] | int | 42');
  });

  test('another frame of the call stack shows its own variables', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo(facts['*given'] as string);
    const shown = (): Promise<string[]> => hover(view, fact('*given') + 8n).catch(() => []);
    // VS Code asks for the other frames a while after a stop.
    await debugging.quiet();
    await debugging.chooseFrame('Down', 'loop');
    await expect
      .poll(shown, { timeout: 15_000 })
      .toEqual([
        expect.stringMatching(/^record\.ratio \| double \| 1\.\d+/),
        expect.stringMatching(/^record \| (struct )?record$/),
      ]);
    await debugging.chooseFrame('Up', 'turn');
    await expect.poll(() => isTinted(view, fact('*given') + 8n), { timeout: 15_000 }).toBe(false);
    // There and back while the other frame is still asked for.
    await debugging.chooseFrame('Down', 'loop');
    await expect.poll(() => isTinted(view, fact('*given') + 8n), { timeout: 15_000 }).toBe(true);
    await debugging.chooseFrame('Up', 'turn');
    await expect.poll(() => isTinted(view, fact('*given') + 8n), { timeout: 15_000 }).toBe(false);
    await debugging.quiet();
    expect(await isTinted(view, fact('*given') + 8n)).toBe(false);
  });

  test('steps as fast as the adapter makes them miss no stop and queue nothing, and the names of the last stop come after a rest', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo('$sp');
    await expect.poll(() => isTinted(view, fact('local')), { timeout: 15_000 }).toBe(true);
    const { thread = 0, stops } = await debugging.where();
    const from = debugging.traffic().length;
    await debugging.stepFast({ thread, count: 100 });
    expect((await debugging.where()).stops - stops).toBe(100);
    // The view shows the last stop, with nothing of the ones before it still to come.
    const [truth = NaN] = await bytesIn(facts['pid'], facts['local'], 1);
    await expect.poll(() => view.byte(fact('local')), { timeout: 1000 }).toBe(hex(truth, 1));
    // Asked is after a rest only, so that of steps faster than that nothing is ever asked; and what was going to be asked when the
    // next step came is not: at most the one question that was on its way.
    let stoppedMs = -Infinity;
    let isRunning = false;
    let late = 0;
    for (const { kind, name, timeMs, body } of debugging.traffic().slice(from)) {
      if (kind === 'request' && name === 'next') [isRunning, late] = [true, 0];
      if (kind === 'event' && name === 'stopped') [isRunning, stoppedMs] = [false, timeMs];
      if (kind !== 'request' || !isOurs(name, body)) continue;
      if (isRunning || timeMs - stoppedMs < 75) expect(++late).toBeLessThanOrEqual(1);
    }
    await expect.poll(() => ours(from).at(-1)?.timeMs, { timeout: 15_000 }).toBeGreaterThan(stoppedMs);
  });

  test('while the program runs nothing is asked, and the tints go', async (context) => {
    if (bed.missing[adapter] !== undefined) return context.skip(bed.missing[adapter]);
    await view.goTo('$sp');
    await expect.poll(() => isTinted(view, fact('iteration')), { timeout: 15_000 }).toBe(true);
    await debugging.command('workbench.debug.viewlet.action.disableAllBreakpoints');
    // lldb first ends a step that a breakpoint has interrupted, and stops once more.
    const state = (): Promise<string | null> => view.frame.locator('.live').getAttribute('data-state');
    let from = 0;
    for (let tries = 0; tries < 3 && (await state()) !== 'running'; tries++) {
      // A question that is on its way when F5 is pressed cannot be called back.
      await until('no more is asked', async () => {
        const before = debugging.traffic().length;
        await workbench.page.waitForTimeout(500);
        return debugging.traffic().length === before;
      });
      from = debugging.traffic().at(-1)?.timeMs ?? 0;
      await debugging.run();
      await workbench.page.waitForTimeout(1000);
    }
    expect(await state()).toBe('running');
    await expect.poll(() => isTinted(view, fact('iteration'))).toBe(false);
    // Long enough for anything that was put off.
    await workbench.page.waitForTimeout(1500);
    expect(debugging.requestsWhileRunning(from)).toEqual([]);
    await debugging.command('workbench.debug.viewlet.action.enableAllBreakpoints');
  });

  afterAll(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  });
});

describe.each(['lldb', 'cdt'] as const satisfies readonly AdapterName[])('C++ with %s', (adapter) => {
  test('a local of a method is named where it is', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.breakAt('debuggee.cpp', 'break here');
    await debugging.start(`${adapter}: c++`);
    const facts = await debugging.facts();
    await debugging.menuOnVariable(['local'], 'Show in Live Memory');
    const view = await memoryView(workbench);
    const local = BigInt(facts['local'] as string);
    await expect.poll(() => isTinted(view, local), { timeout: 15_000 }).toBe(true);
    await expect.poll(() => hover(view, local).catch(() => [])).toEqual(['local | int | 5']);
  });

  afterAll(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  });
});

describe.each(['node', 'debugpy'] as const satisfies readonly AdapterName[])('with %s', (adapter) => {
  test('a debugger that has no addresses is not bothered', async (context) => {
    const missing = bed.missing[adapter];
    if (missing !== undefined) return context.skip(missing);
    await debugging.breakAt(adapter === 'node' ? 'debuggee.js' : 'debuggee.py', 'break here');
    const from = debugging.traffic().length;
    await debugging.start(`${adapter}: loop`);
    const { pid } = await debugging.facts();
    await until('the process is a target', () =>
      debugging.command('liveMemory.goTo', { pid: Number(pid), address: '[stack]' }).then(
        () => true,
        () => false,
      ),
    );
    await memoryView(workbench);
    await debugging.stepOver();
    // Longer than the rest of a stop, and than the frame is waited for.
    await workbench.page.waitForTimeout(1500);
    expect(ours(from)).toEqual([]);
  });

  afterAll(async () => {
    await debugging.stop().catch(() => undefined);
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  });
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors.filter((error) => /^uncaught|live.?memory/i.test(error))).toEqual([]);
  expect(vscode.log()).not.toMatch(/\[error\].*live-memory.*(rejected promise|unhandled)/i);
});
