import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryNames } from '../../common/names.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import { region } from '../region.ts';
import { sharedBrowser } from './browser.ts';
import { openOn, openViewPage, type ViewPage } from './page.ts';

// What a debugger knows of the bytes: names, registers, and breakpoints that it has planted.
const stack = 0x7ffffffde;
const text = 0x55d0c0a00;
const regions = [region(text, 2, '/usr/bin/program', 'r-xp', 'text'), region(stack, 33, '[stack]', 'rw-p', 'stack')];

const told: MemoryNames = {
  names: [
    { start: '0x7ffffffde010', length: 4, name: 'local', type: 'int', value: '7', kind: 'local' },
    {
      start: '0x7ffffffde014',
      length: 8,
      name: 'pair',
      type: 'short[4]',
      kind: 'local',
      parts: [0, 1, 2, 3].map((i) => ({ name: `[${i}]`, offset: 2 * i, length: 2, type: 'short', value: String(i) })),
    },
    { start: '0x7ffffffde01c', length: 8, name: 'pointer', type: 'int *', value: '0x1234', kind: 'argument' },
  ],
  marks: [
    { register: 'sp', address: '0x7ffffffde008' },
    { register: 'fp', address: '0x7ffffffde030' },
    { register: 'pc', address: '0x55d0c0a00003' },
  ],
};

let view: ViewPage;
let errors: string[];

beforeEach(async () => {
  view = await openViewPage(await sharedBrowser());
  errors = [];
  view.page.on('pageerror', (error) => errors.push(error.message));
  await openOn(view, regions);
  await view.page.locator('.row[data-address]').first().waitFor();
});
afterEach(async () => {
  await view.dispose();
  expect(errors).toEqual([]);
});

const row = (address: string) => view.page.locator(`.row[data-address="${address}"]`);
const status = (state: 'running' | 'stopped'): Promise<void> =>
  view.say('status', { state, sinceMs: 1, isDebugged: true });

let seq = 0;
async function frame(page: number, bytes: Uint8Array): Promise<void> {
  seq++;
  const states = Uint8Array.of(PageState.readable);
  await view.say('frame', { seq, timeMs: 0, pages: Float64Array.of(page), states, bytes });
  await drawn();
}

async function drawn(): Promise<void> {
  await expect
    .poll(async () => (await view.heard()).filter((said) => said.say === 'drawn').at(-1)?.body)
    .toEqual({ seq });
}

async function goTo(address: `0x${string}`): Promise<void> {
  await view.say('goTo', { address });
  await row(`0x${(BigInt(address) & ~0xfn).toString(16)}`).waitFor();
}

/** Where byte `index` of a row is in the window, from its left edge, and how wide a character is. */
async function boxOf(address: string, index: number, column: 'bytes' | 'text') {
  const box = await row(address).locator(`.${column}`).boundingBox();
  if (box === null) throw new Error('the row is not on the screen');
  if (column === 'text')
    return { x: box.x + (index * box.width) / 16, y: box.y, width: box.width / 16, height: box.height };
  const width = box.width / (16 * 3 + 1);
  return { x: box.x + (index * 3 + (index >= 8 ? 1 : 0)) * width, y: box.y, width: 2 * width, height: box.height };
}

/** The colour that a canvas has in the middle of a byte, or so many pixels from it. */
async function colour(
  canvas: 'under' | 'over',
  address: string,
  index: number,
  { column = 'bytes', dx = 0, dy = 0 }: { column?: 'bytes' | 'text'; dx?: number; dy?: number } = {},
): Promise<string> {
  const { x, y, width, height } = await boxOf(address, index, column);
  const sheet = await view.page.locator('.sheet').boundingBox();
  if (sheet === null) throw new Error('no sheet');
  return view.page.evaluate(
    ([name, left, top]) => {
      const element = document.querySelector<HTMLCanvasElement>(`canvas.${name}`);
      return [...(element?.getContext('2d')?.getImageData(left, top, 1, 1).data ?? [])].join();
    },
    [canvas, Math.floor(x + width / 2 - sheet.x + dx), Math.floor(y + height / 2 - sheet.y + dy)] as const,
  );
}

/** The sum of the alpha of a canvas over a byte. */
async function ink(canvas: 'under' | 'over', address: string, index: number): Promise<number> {
  const { x, y, width, height } = await boxOf(address, index, 'bytes');
  const sheet = await view.page.locator('.sheet').boundingBox();
  if (sheet === null) throw new Error('no sheet');
  return view.page.evaluate(
    ([name, left, top, w, h]) => {
      const context = document.querySelector<HTMLCanvasElement>(`canvas.${name}`)?.getContext('2d');
      return [...(context?.getImageData(left, top, w, h).data ?? [])]
        .filter((_, i) => i % 4 === 3)
        .reduce((sum, alpha) => sum + alpha, 0);
    },
    [canvas, Math.round(x - sheet.x), Math.round(y - sheet.y), Math.round(width), Math.round(height)] as const,
  );
}

const nothing = '0,0,0,0';

async function hover(address: string, index: number, column: 'bytes' | 'text' = 'bytes'): Promise<void> {
  await view.page.mouse.move(5, 5);
  const { x, y, width, height } = await boxOf(address, index, column);
  await view.page.mouse.move(x + width / 2, y + height / 2);
}

const tooltip = () => view.page.getByRole('tooltip');
const entries = () =>
  view.page
    .locator('.tooltip > div')
    .evaluateAll((all) => all.map((one) => [...one.children].map((part) => part.textContent).join(' | ')));

describe('names', () => {
  const bytes = new Uint8Array(pageBytes).fill(0x41);

  beforeEach(async () => {
    await goTo('0x7ffffffde000');
    await frame(stack, bytes);
    await status('stopped');
    await view.say('names', told);
    await expect.poll(() => colour('under', '0x7ffffffde010', 1)).not.toBe(nothing);
  });

  test('bytes of a variable are tinted in both columns, neighbours in other colours, and nothing else is', async () => {
    const local = await colour('under', '0x7ffffffde010', 1);
    const pair = await colour('under', '0x7ffffffde010', 5);
    const pointer = await colour('under', '0x7ffffffde010', 13);
    expect(new Set([local, pair, pointer, nothing]).size).toBe(4);
    // It goes on in the next row, and ends where the variable ends.
    expect(await colour('under', '0x7ffffffde020', 3)).toBe(pointer);
    expect(await colour('under', '0x7ffffffde020', 4)).toBe(nothing);
    expect(await colour('under', '0x7ffffffde000', 15)).toBe(nothing);
    for (const [index, expected] of [
      [1, local],
      [5, pair],
      [13, pointer],
    ] as const)
      expect(await colour('under', '0x7ffffffde010', index, { column: 'text' })).toBe(expected);
  });

  test('a decimal or a float, which is one text for all its bytes, is tinted whole', async () => {
    await view.say('choices', {
      unit: 'u32',
      byteOrder: 'little',
      bytesPerRow: 16,
      textEncoding: 'ascii',
      highlight: 'live',
    });
    await expect.poll(() => row('0x7ffffffde010').locator('.bytes').textContent()).toMatch(/1094795585/);
    const box = await row('0x7ffffffde010').locator('.bytes').boundingBox();
    const sheet = await view.page.locator('.sheet').boundingBox();
    const filled = await view.page.evaluate(
      ([left, top, width]) => {
        const data = document.querySelector<HTMLCanvasElement>('canvas.under')?.getContext('2d');
        const line = [...(data?.getImageData(left, top, width, 1).data ?? [])];
        return line.filter((value, i) => i % 4 === 3 && value === 255).length;
      },
      [Math.round(box!.x - sheet!.x), Math.round(box!.y + 9 - sheet!.y), Math.round(box!.width)] as const,
    );
    expect(filled).toBeGreaterThan(box!.width * 0.8);
  });

  test('the hover says name, type and value: of the element first, then of the variable', async () => {
    await hover('0x7ffffffde010', 6);
    await tooltip().waitFor();
    expect(await entries()).toEqual(['pair[1] | short | 1', 'pair | short[4]']);
    // From there, the next one comes at once; in the text column as well.
    const { x, y, width, height } = await boxOf('0x7ffffffde010', 2, 'text');
    await view.page.mouse.move(x + width / 2, y + height / 2);
    await expect.poll(entries).toEqual(['local | int | 7']);
    await view.page.keyboard.press('Escape');
    await tooltip().waitFor({ state: 'hidden' });
  });

  test('where nothing is known there is no hover', async () => {
    await hover('0x7ffffffde040', 3);
    await view.page.waitForTimeout(600);
    expect(await tooltip().isVisible()).toBe(false);
  });

  test('a hover stays inside the window', async () => {
    await view.page.setViewportSize({ width: 640, height: 300 });
    await view.say('names', {
      names: [{ start: '0x7ffffffde000', length: 64, name: 'n'.repeat(200), kind: 'local' }],
      marks: [],
    });
    await expect.poll(() => colour('under', '0x7ffffffde000', 3)).not.toBe(nothing);
    await hover('0x7ffffffde000', 12, 'text');
    await tooltip().waitFor();
    const box = await tooltip().boundingBox();
    expect(box!.x).toBeGreaterThanOrEqual(0);
    expect(box!.x + box!.width).toBeLessThanOrEqual(640);
    expect(box!.y).toBeGreaterThanOrEqual(0);
    expect(box!.y + box!.height).toBeLessThanOrEqual(300);
  });

  test('the status line and a screen reader say what the caret is at, and what a whole selection is', async () => {
    await goTo('0x7ffffffde016');
    await expect.poll(() => view.page.locator('.status .variable').textContent()).toBe('pair[1]');
    expect(await view.page.locator('.spoken').textContent()).toMatch(/: 41, A, pair\[1\]$/);
    await view.say('goTo', { address: '0x7ffffffde014', length: 8 });
    await expect.poll(() => view.page.locator('.status .variable').textContent()).toBe('pair');
    await view.say('goTo', { address: '0x7ffffffde014', length: 9 });
    await expect.poll(() => view.page.locator('.status .variable').isHidden()).toBe(true);
  });

  test('zeros of a variable are dimmed on its tint, not on the background', async () => {
    const zeros = bytes.slice();
    zeros.fill(0, 0x10, 0x20);
    const under = await colour('under', '0x7ffffffde010', 1, { dx: -3 });
    await frame(stack, zeros);
    // The wash is the tint's own colour, only not as dense; what has just changed is not washed.
    const wash = (): Promise<string> => colour('over', '0x7ffffffde010', 1, { dx: -3 });
    await expect.poll(wash, { timeout: 5000 }).not.toBe(nothing);
    const [r, g, b, a] = (await wash()).split(',').map(Number);
    expect(a).toBeGreaterThan(100);
    const near = under.split(',').map(Number);
    [r, g, b].forEach((value, i) => expect(Math.abs((value ?? 0) - (near[i] ?? 0))).toBeLessThan(4));
  });

  test('a change of a variable, a selection and the caret are still to be seen', async () => {
    const quiet = await colour('under', '0x7ffffffde010', 5);
    const changed = bytes.slice();
    changed[0x15] = 0x42;
    await frame(stack, changed);
    expect(await colour('under', '0x7ffffffde010', 5)).not.toBe(quiet);
    expect(await colour('under', '0x7ffffffde010', 6)).toBe(quiet);
    await view.say('goTo', { address: '0x7ffffffde014', length: 8 });
    await expect.poll(() => colour('under', '0x7ffffffde010', 7)).toBe('38,79,120,255');
  });

  test('registers have a tab between the rows and an edge at their byte', async () => {
    // The tab of sp stands over byte 8 of its row, in the row above; its colour is opaque.
    const tab = await colour('over', '0x7ffffffde000', 8, { dx: -8, dy: -10 });
    expect(tab.endsWith(',255')).toBe(true);
    expect(tab).toBe(await colour('over', '0x7ffffffde000', 8, { dx: -10, dy: 0 }));
    expect(await colour('over', '0x7ffffffde030', 0, { dx: -10 })).not.toBe(tab);
    await hover('0x7ffffffde000', 8);
    await tooltip().waitFor();
    expect(await entries()).toEqual([expect.stringMatching(/^\$sp: /)]);
  });

  test('what was told goes a moment after the process has gone on, and steps do not make it flicker', async () => {
    const tinted = (): Promise<boolean> => colour('under', '0x7ffffffde010', 1).then((found) => found !== nothing);
    await status('running');
    await status('stopped');
    expect(await tinted()).toBe(true);
    await view.say('names', { ...told, marks: [] });
    await view.page.waitForTimeout(400);
    expect(await tinted()).toBe(true);
    await status('running');
    await expect.poll(tinted).toBe(false);
    expect(await view.page.locator('.status .variable').isHidden()).toBe(true);
    await view.say('names', told);
    await expect.poll(tinted).toBe(true);
    // The debugger lets go of it.
    await view.say('status', { state: 'stopped', sinceMs: 2 });
    await expect.poll(tinted).toBe(false);
  });

  test('where the theme has high contrast, variables are outlined instead of filled', async () => {
    await view.page.evaluate(() => {
      document.documentElement.style.setProperty('--vscode-contrastActiveBorder', '#f38518');
      document.documentElement.style.setProperty('--vscode-contrastBorder', '#6fc3df');
      document.body.className = 'vscode-high-contrast';
    });
    // Between the digits nothing is drawn, and at the box's edge a line is.
    await expect.poll(() => colour('under', '0x7ffffffde010', 5)).toBe(nothing);
    expect(await ink('under', '0x7ffffffde010', 5)).toBeGreaterThan(0);
    expect(await ink('under', '0x7ffffffde030', 5)).toBe(0);
  });

  test('a variable of a gigabyte costs no more than what is seen of it', async () => {
    const many: MemoryNames = {
      names: [{ start: '0x7ffffffde000', length: 2 ** 30, name: 'huge', kind: 'global' }],
      marks: [],
    };
    await view.say('names', many);
    await expect.poll(() => colour('under', '0x7ffffffde040', 3)).not.toBe(nothing);
    await goTo('0x7ffffffde800');
    await expect.poll(() => view.page.locator('.status .variable').textContent()).toBe('huge');
  });
});

describe('planted breakpoints', () => {
  const file = Uint8Array.from({ length: pageBytes }, (_, i) => (i * 7 + 0x55) & 0xff);
  // A breakpoint of the program's own, which the file has as well.
  file[0x20] = 0xcc;
  const planted = file.slice();
  planted[0x13] = 0xcc;

  beforeEach(async () => {
    await view.answer('original', { bytes: file, breakpoint: Uint8Array.of(0xcc) });
    await goTo('0x55d0c0a00000');
    await frame(text, file);
  });

  const isMarked = async (address: string, index: number): Promise<boolean> => (await ink('under', address, index)) > 0;

  test('the file is asked for pages of code alone, and only while a debugger has the process', async () => {
    const asked = async () => (await view.heard()).filter(({ call }) => call === 'original').map(({ body }) => body);
    expect(await asked()).toEqual([]);
    await status('running');
    await expect.poll(asked).toEqual([{ page: text }]);
    await goTo('0x7ffffffde000');
    await frame(stack, new Uint8Array(pageBytes));
    expect(await asked()).toEqual([{ page: text }]);
  });

  test('one is marked, says what the file has, and never glows, planted or removed', async () => {
    await status('stopped');
    await expect.poll(async () => (await view.heard()).some(({ call }) => call === 'original')).toBe(true);
    await status('running');
    await frame(text, planted);
    expect(await isMarked('0x55d0c0a00010', 3)).toBe(true);
    // Its colour is the breakpoint's, without any of the colour of changes.
    const [red = 0, , blue = 0] = (await colour('under', '0x55d0c0a00010', 3, { dy: 8 })).split(',').map(Number);
    expect(red).toBeGreaterThan(blue);
    await status('stopped');
    await hover('0x55d0c0a00010', 3);
    await tooltip().waitFor();
    expect(await entries()).toEqual([
      `Breakpoint planted by the debugger; the file has ${((0x13 * 7 + 0x55) & 0xff).toString(16)}`,
    ]);
    expect(await row('0x55d0c0a00010').locator('.bytes').textContent()).toMatch(/^(\w\w ){3}cc /);
    // Removed: nothing is left of it, not even for the second that a change glows.
    await status('running');
    await frame(text, file);
    expect(await isMarked('0x55d0c0a00010', 3)).toBe(false);
    await status('stopped');
    expect(await isMarked('0x55d0c0a00010', 3)).toBe(false);
    // The program's own is no breakpoint of a debugger, and a real change is one.
    expect(await isMarked('0x55d0c0a00020', 0)).toBe(false);
    const changed = file.slice();
    changed[0x15] = 0xee;
    await status('running');
    await frame(text, changed);
    expect(await isMarked('0x55d0c0a00010', 5)).toBe(true);
  });

  test('one that was seen before the file was known loses its glow', async () => {
    await frame(text, planted);
    expect(await isMarked('0x55d0c0a00010', 3)).toBe(true);
    await status('stopped');
    await expect
      .poll(async () => (await colour('under', '0x55d0c0a00010', 3, { dy: 8 })).split(',').map(Number))
      .toSatisfy(([red = 0, , blue = 0]) => red > blue);
  });

  test('on 64-bit ARM it is a word of four bytes, and one out of line is none', async () => {
    const word = [0x00, 0x00, 0x20, 0xd4];
    await view.answer('original', { bytes: file, breakpoint: Uint8Array.from(word) });
    await status('stopped');
    await expect.poll(async () => (await view.heard()).some(({ call }) => call === 'original')).toBe(true);
    const memory = file.slice();
    memory.set(word, 0x14);
    memory.set(word, 0x26);
    await frame(text, memory);
    for (const i of [4, 5, 6, 7])
      expect((await colour('under', '0x55d0c0a00010', i, { dy: 8 })).split(',')[3]).not.toBe('0');
    await hover('0x55d0c0a00010', 6);
    await tooltip().waitFor();
    expect((await entries())[0]).toMatch(/^Breakpoint planted/);
    await goTo('0x55d0c0a00026');
    await expect.poll(() => view.page.locator('.spoken').textContent()).toMatch(/: 00$/);
  });

  test('a screen reader hears of it', async () => {
    await status('stopped');
    await frame(text, planted);
    await goTo('0x55d0c0a00013');
    await expect
      .poll(() => view.page.locator('.spoken').textContent())
      .toMatch(/: cc, breakpoint planted by the debugger; the file has \w\w$/);
  });
});
