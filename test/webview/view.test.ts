import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pageBytes, PageState } from '../../common/page.ts';
import { tableOfRegions } from '../../common/region.ts';
import { region } from '../region.ts';
import { sharedBrowser } from './browser.ts';
import { openOn, openViewPage, type ViewPage } from './page.ts';

const heap = 0x55d0c0a1f;
const top = 2 ** 52 - 1;
const regions = [
  region(0x55d0c0a00, 4, '/usr/bin/redis-server', 'r-xp', 'text'),
  region(heap, 33, '[heap]', 'rw-p', 'heap'),
  region(0x7f0000000, 2, '', '---p', 'reserved'),
  region(top, 1, '[vsyscall]', '--xp', 'vdso'),
];

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

function pageOf(text: string): Uint8Array {
  const bytes = new Uint8Array(pageBytes);
  bytes.set(new TextEncoder().encode(text));
  return bytes;
}

let seq = 0;
async function frame(page: number, bytes: Uint8Array, state: PageState = PageState.readable): Promise<void> {
  seq++;
  await view.say('frame', { seq, timeMs: 0, pages: Float64Array.of(page), states: Uint8Array.of(state), bytes });
  await expect
    .poll(async () => (await view.heard()).filter((said) => said.say === 'drawn').at(-1)?.body)
    .toEqual({ seq });
}

async function calls(name: string): Promise<unknown[]> {
  return (await view.heard()).filter((said) => said.call === name).map((said) => said.body);
}

/** How much ink a canvas has at a byte of a row: the sum of the alpha in its box. */
async function ink(canvas: 'under' | 'over', address: string, index: number): Promise<number> {
  const box = await row(address).boundingBox();
  const bytes = await row(address).locator('.bytes').boundingBox();
  const sheet = await view.page.locator('.sheet').boundingBox();
  if (box === null || bytes === null || sheet === null) throw new Error('the row is not on the screen');
  const width = bytes.width / (16 * 3 + 1);
  const x = bytes.x - sheet.x + (index * 3 + (index >= 8 ? 1 : 0)) * width;
  return view.page.evaluate(
    ([name, left, y, w, h]) => {
      const element = document.querySelector<HTMLCanvasElement>(`canvas.${name}`);
      const data = element?.getContext('2d')?.getImageData(left, y, w, h).data ?? new Uint8ClampedArray();
      return data.reduce((sum, value, i) => (i % 4 === 3 ? sum + value : sum), 0);
    },
    [canvas, Math.round(x), Math.round(box.y - sheet.y), Math.round(width * 2), Math.round(box.height)] as const,
  );
}

describe('rows', () => {
  test('each row carries its address, its bytes as two-digit hex separated by spaces, and its text', async () => {
    await frame(heap, pageOf('Hello World'));
    expect(await row('0x55d0c0a1f000').locator('.bytes').textContent()).toBe(
      '48 65 6c 6c 6f 20 57 6f 72 6c 64 00 00 00 00 00 ',
    );
    expect(await row('0x55d0c0a1f000').locator('.text').textContent()).toBe('Hello World.....');
    expect(await row('0x55d0c0a1f000').locator('.address').textContent()).toBe('000055d0c0a1f000');
  });

  test('are an ARIA grid', async () => {
    const grid = view.page.getByRole('grid', { name: 'Memory' });
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(4 * 256 + 33 * 256 + 2 * 256 + 256 + 4 + 3));
    await frame(heap, pageOf('Hello'));
    const line = row('0x55d0c0a1f000');
    expect(await line.getAttribute('role')).toBe('row');
    expect(await line.getByRole('rowheader').textContent()).toBe('000055d0c0a1f000');
    expect(await line.getByRole('gridcell').count()).toBe(2);
  });

  test('an unreadable page shows ?? with the reason, and never a zero', async () => {
    await frame(heap, new Uint8Array(0), PageState.noAccess);
    expect(await row('0x55d0c0a1f000').locator('.bytes').textContent()).toBe('?? '.repeat(16));
    expect(await row('0x55d0c0a1f000').getAttribute('title')).toContain('PROT_NONE');
    expect(await row('0x55d0c0a1f000').locator('.text').textContent()).toBe('');
  });

  test('a page that has not been read yet shows neither bytes nor zeros', async () => {
    expect(await row('0x55d0c0a1f000').locator('.bytes').textContent()).not.toMatch(/[0-9a-f]/);
  });

  test('a gap is one row that says how large it is; a region has a heading with access and size', async () => {
    await expect(view.page.locator('.row.gap', { hasText: '108 KiB not mapped' }).count()).resolves.toBe(1);
    expect(await view.page.locator('.rows .row.heading', { hasText: '[heap]' }).textContent()).toBe(
      '[heap]rw-p132 KiB',
    );
  });

  test('Ctrl+End scrolls to the last page of the address space with exact addresses', async () => {
    await view.page.locator('.grid').focus();
    await view.page.keyboard.press('Control+End');
    await row('0xfffffffffffffff0').waitFor();
    await frame(top, new Uint8Array(0), PageState.noRead);
    expect(await row('0xfffffffffffffff0').locator('.bytes').textContent()).toContain('??');
  });

  test('stay where they are when a region appears above', async () => {
    await frame(heap, pageOf('Hello'));
    const before = await row('0x55d0c0a1f000').boundingBox();
    await view.say('regions', tableOfRegions([region(0x55d000000, 500), ...regions], 2));
    await view.page.waitForTimeout(100);
    expect(await row('0x55d0c0a1f000').boundingBox()).toEqual(before);
    expect(await row('0x55d0c0a1f000').locator('.text').textContent()).toContain('Hello');
  });

  test('a unit of four bytes prints values of its byte order', async () => {
    await frame(heap, pageOf('\x01\x02\x03\x04'));
    await view.say('choices', {
      unit: 'hex32',
      byteOrder: 'big',
      bytesPerRow: 16,
      textEncoding: 'ascii',
      highlight: 'sinceStop',
    });
    await expect.poll(() => row('0x55d0c0a1f000').locator('.bytes').textContent()).toMatch(/^01020304 0{8} /);
  });

  test('a narrow view falls back to 8 bytes a row', async () => {
    await view.page.setViewportSize({ width: 480, height: 500 });
    await frame(heap, pageOf('Hello'));
    await expect.poll(() => row('0x55d0c0a1f008').count()).toBe(1);
  });
});

describe('watching', () => {
  test('watches the visible pages and forgets those that scroll away', async () => {
    const watched = async (): Promise<number[]> =>
      ((await view.heard()).filter((said) => said.say === 'watch').at(-1)?.body as { pages: number[] }).pages;
    expect(await watched()).toContain(heap);
    await view.page.locator('.grid').focus();
    await view.page.keyboard.press('Control+End');
    await expect.poll(watched).toEqual([top]);
  });
});

describe('pin', () => {
  const said = async () => (await view.heard()).filter(({ say }) => say === 'pin').map(({ body }) => body);
  const box = () => view.page.locator('.address-box input');

  test('the address box keeps what is pinned, goes where it leads, and is left alone while it leads to the same', async () => {
    await box().fill('&buffer[i]');
    await view.page.getByRole('button', { name: /^Pin/ }).click();
    await expect.poll(said).toEqual([{ expression: '&buffer[i]' }]);
    await view.say('pinned', { expression: '&buffer[i]', address: '0x55d0c0a1f020' });
    await expect.poll(() => view.page.locator('.status .address').textContent()).toBe('0x55d0c0a1f020');
    expect(await box().inputValue()).toBe('&buffer[i]');
    // The user goes elsewhere; the next stop leads to the same byte.
    await view.say('goTo', { address: '0x55d0c0a1f050' });
    await view.say('pinned', { expression: '&buffer[i]', address: '0x55d0c0a1f020' });
    await view.say('pinned', { expression: '&buffer[i]', error: 'i is optimised out' });
    await expect.poll(() => view.page.locator('.notice .message').textContent()).toContain('optimised out');
    expect(await view.page.locator('.status .address').textContent()).toBe('0x55d0c0a1f050');
    await view.say('pinned', { expression: '&buffer[i]', address: '0x55d0c0a1f021' });
    await expect.poll(() => view.page.locator('.status .address').textContent()).toBe('0x55d0c0a1f021');
    await view.page.getByRole('button', { name: /^Unpin/ }).click();
    await expect.poll(said).toEqual([{ expression: '&buffer[i]' }, {}]);
    await expect.poll(() => box().inputValue()).not.toBe('&buffer[i]');
  });
});

describe('glow', () => {
  test('a changed byte glows, its neighbour does not, and the glow goes within two seconds', async () => {
    const bytes = pageOf('Hello World');
    await frame(heap, bytes);
    expect(await ink('under', '0x55d0c0a1f000', 9)).toBe(0);
    bytes[9] = 0x99;
    await frame(heap, bytes);
    expect(await ink('under', '0x55d0c0a1f000', 9)).toBeGreaterThan(0);
    expect(await ink('under', '0x55d0c0a1f000', 5)).toBe(0);
    await expect.poll(() => ink('under', '0x55d0c0a1f000', 9), { timeout: 2500 }).toBe(0);
  });

  test('an own write is marked in another colour than a change by the program', async () => {
    const bytes = pageOf('Hello World');
    await frame(heap, bytes);
    bytes[9] = 0x99;
    await frame(heap, bytes);
    const colours = (): Promise<number[][]> =>
      view.page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas.under');
        const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        const found = new Map<string, number[]>();
        for (let i = 0; i < data.length; i += 4) {
          const [r, g, b] = [data[i] ?? 0, data[i + 1] ?? 0, data[i + 2] ?? 0];
          if ((data[i + 3] ?? 0) > 60) found.set(g > b ? 'green' : 'blue', [r, g, b]);
        }
        return [...found.keys()].sort().map((name) => found.get(name) as number[]);
      });
    expect(await colours()).toHaveLength(1);
    await view.say('written', { start: '0x55d0c0a1f002', bytes: Uint8Array.of(0x4a), held: true });
    await expect.poll(colours).toHaveLength(2);
  });

  test('a step passes without the word of the stop going and coming, and its numbers are there with it', async () => {
    const status = (state: 'running' | 'stopped'): Promise<void> =>
      view.say('status', { state, sinceMs: 1, isDebugged: true });
    const live = view.page.locator('.live');
    await frame(heap, pageOf('Hello'));
    await row('0x55d0c0a1f000').click({ position: { x: 160, y: 8 } });
    await status('stopped');
    await expect.poll(() => live.textContent()).toBe('stopped');
    const touched = await view.page.evaluate(async (page) => {
      const tell = (say: string, body: unknown): void => window.postMessage({ say, body }, '*');
      const found: { touched: number; numbers: boolean[] } = { touched: 0, numbers: [] };
      const watching = new MutationObserver((records) => (found.touched += records.length));
      watching.observe(document.querySelector('.toolbar') as Element, {
        attributes: true,
        childList: true,
        characterData: true,
        subtree: true,
      });
      for (let step = 1; step <= 5; step++) {
        tell('status', { state: 'running', sinceMs: 1, isDebugged: true });
        await new Promise((resolve) => setTimeout(resolve, 20));
        const bytes = new Uint8Array(4096).fill(step);
        tell('frame', { seq: 1000 + step, timeMs: 0, pages: Float64Array.of(page), states: Uint8Array.of(0), bytes });
        tell('status', { state: 'stopped', sinceMs: 1, isDebugged: true });
        await new Promise((resolve) => setTimeout(resolve, 20));
        found.numbers.push(
          new RegExp(`u8\\s*${step}(?!\\d)`).test(document.querySelector('.values')?.textContent ?? ''),
        );
      }
      watching.disconnect();
      return found;
    }, heap);
    expect(touched).toEqual({ touched: 0, numbers: [true, true, true, true, true] });
    await status('running');
    await expect.poll(() => live.textContent()).toBe('live');
  });

  test('what has changed since the last stop stays marked until the next one, and own writes are not among it', async () => {
    const at = '0x55d0c0a1f000';
    const status = (state: 'running' | 'stopped'): Promise<void> =>
      view.say('status', { state, sinceMs: 1, isDebugged: true });
    const bytes = pageOf('Hello World');
    await frame(heap, bytes);
    await status('stopped');
    await status('running');
    bytes[9] = 0x99;
    await frame(heap, bytes);
    await status('stopped');
    // Long after a glow would have gone it is still there.
    await view.page.waitForTimeout(1500);
    expect(await ink('under', at, 9)).toBeGreaterThan(0);
    expect(await ink('under', at, 5)).toBe(0);
    await view.say('written', { start: '0x55d0c0a1f002', bytes: Uint8Array.of(0x4a), held: true });
    bytes[2] = 0x4a;
    // The next step changes another byte: the old mark goes, the new one comes; our own write is no change.
    await status('running');
    bytes[5] = 0x77;
    await frame(heap, bytes);
    await status('stopped');
    await expect.poll(() => ink('under', at, 9)).toBe(0);
    await expect.poll(() => ink('under', at, 5)).toBeGreaterThan(0);
    await expect.poll(() => ink('under', at, 2), { timeout: 6000 }).toBe(0);
    // A byte that went and came back between two stops has not changed.
    await status('running');
    bytes[5] = 0x55;
    await frame(heap, bytes);
    bytes[5] = 0x77;
    await frame(heap, bytes);
    await status('stopped');
    await expect.poll(() => ink('under', at, 5)).toBe(0);
    // The debugger lets go of it: what changed since a stop says nothing any more, and what changes glows again.
    await status('running');
    bytes[9] = 0x22;
    await frame(heap, bytes);
    expect(await ink('under', at, 9)).toBeGreaterThan(0);
    await view.say('status', { state: 'running', sinceMs: 2 });
    await expect.poll(() => ink('under', at, 9), { timeout: 2500 }).toBe(0);
    bytes[5] = 0x33;
    await frame(heap, bytes);
    expect(await ink('under', at, 5)).toBeGreaterThan(0);
    await expect.poll(() => ink('under', at, 5), { timeout: 2500 }).toBe(0);
    // The switch: what changes glows, and goes.
    await view.say('choices', {
      unit: 'hex8',
      byteOrder: 'little',
      bytesPerRow: 16,
      textEncoding: 'ascii',
      highlight: 'live',
    });
    await status('running');
    bytes[9] = 0x11;
    await frame(heap, bytes);
    expect(await ink('under', at, 9)).toBeGreaterThan(0);
    await expect.poll(() => ink('under', at, 9), { timeout: 2500 }).toBe(0);
  });

  test('zero bytes are dimmed, others are not', async () => {
    await frame(heap, pageOf('Hello'));
    expect(await ink('over', '0x55d0c0a1f000', 9)).toBeGreaterThan(0);
    expect(await ink('over', '0x55d0c0a1f000', 2)).toBe(0);
  });
});

describe('editing', () => {
  beforeEach(async () => {
    await frame(heap, pageOf('Hello World'));
    await view.page.locator('.grid').focus();
  });

  test('two hex digits write one byte at the caret and move on', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: Uint8Array.of(0x4a), held: true });
    await view.page.keyboard.type('4');
    expect(await calls('write')).toEqual([]);
    expect(await view.page.locator('.half').textContent()).toBe('4_');
    await view.page.keyboard.type('a');
    await expect.poll(() => calls('write')).toEqual([{ start: '0x55d0c0a1f000', bytes: Uint8Array.of(0x4a) }]);
    await expect.poll(() => row('0x55d0c0a1f000').locator('.text').textContent()).toBe('Jello World.....');
    expect(await view.page.locator('.status .write').textContent()).toBe('1 byte written, held');
    expect(await view.page.locator('.status .label').textContent()).toBe('[heap]+0x1');
  });

  test('what the status line does not say takes no room in it, and what is written is said where nothing stood', async () => {
    const left = (name: string): Promise<number> =>
      view.page.locator(`.status .${name}`).evaluate((element) => element.getBoundingClientRect().left);
    const right = (name: string): Promise<number> =>
      view.page.locator(`.status .${name}`).evaluate((element) => element.getBoundingClientRect().right);
    expect((await left('address')) - (await right('label'))).toBeCloseTo(14);
    // A live region that is not displayed is not known, and what it says at first is not heard.
    const write = view.page.locator('.status .write');
    expect(await write.evaluate((element) => [element.textContent, getComputedStyle(element).display])).toEqual([
      '',
      'block',
    ]);
  });

  test('Tab moves to the text column, where characters are written as they are', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: Uint8Array.of(0x5a), held: true });
    await view.page.keyboard.press('Tab');
    await view.page.keyboard.type('Z');
    await expect.poll(() => calls('write')).toEqual([{ start: '0x55d0c0a1f000', bytes: Uint8Array.of(0x5a) }]);
  });

  test('Escape forgets half a byte', async () => {
    await view.page.keyboard.type('4');
    await view.page.keyboard.press('Escape');
    await view.page.keyboard.type('g');
    expect(await view.page.locator('.half').isHidden()).toBe(true);
    expect(await calls('write')).toEqual([]);
  });

  const paste = (text: string) =>
    view.page.evaluate((data) => {
      const transfer = new DataTransfer();
      transfer.setData('text/plain', data);
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, cancelable: true }));
    }, text);

  test('a paste is one write', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: Uint8Array.of(1, 2, 3), held: true });
    await paste('01 02 03');
    await expect.poll(() => calls('write')).toEqual([{ start: '0x55d0c0a1f000', bytes: Uint8Array.of(1, 2, 3) }]);
  });

  test('text that is not hex is refused in words and nothing is written', async () => {
    await paste('48 zz');
    expect(await view.page.locator('.notice .message').textContent()).toBe(
      '"zz" is not hexadecimal. Bytes are two digits each, 0 to 9 and a to f. Nothing was written.',
    );
    expect(await calls('write')).toEqual([]);
  });

  test('a paste longer than the mapped memory is refused in words and nothing is written', async () => {
    await view.page.keyboard.press('Control+ArrowDown');
    await paste('01 02 03');
    expect(await view.page.locator('.notice .message').textContent()).toMatch(
      /3 bytes, but only 1 are mapped from \[heap\]\+0x20fff/,
    );
    expect(await calls('write')).toEqual([]);
  });

  test('fill writes the pattern over the whole selection at once', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: new Uint8Array(5), held: true });
    for (let i = 0; i < 4; i++) await view.page.keyboard.press('Shift+ArrowRight');
    await view.say('perform', { action: 'fill' });
    await view.page.locator('.prompt').getByText('Fill 5 bytes with').waitFor();
    await view.page.waitForTimeout(100);
    await view.page.keyboard.type('a1 b2');
    await view.page.keyboard.press('Enter');
    await expect
      .poll(() => calls('write'))
      .toEqual([{ start: '0x55d0c0a1f000', bytes: Uint8Array.of(0xa1, 0xb2, 0xa1, 0xb2, 0xa1) }]);
  });

  test('a typed value that does not fit says so and writes nothing until it does', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: Uint8Array.of(255, 255, 255, 255), held: true });
    await view.page.keyboard.press('F2');
    await view.page.waitForTimeout(100);
    await view.page.keyboard.type('3000000000');
    await view.page.keyboard.press('Enter');
    await expect.poll(() => view.page.locator('.prompt .problem').textContent()).toMatch(/does not fit i32/);
    expect(await calls('write')).toEqual([]);
    await view.page.keyboard.press('Control+A');
    await view.page.keyboard.type('-1');
    await view.page.keyboard.press('Enter');
    await expect
      .poll(() => calls('write'))
      .toEqual([{ start: '0x55d0c0a1f000', bytes: Uint8Array.of(255, 255, 255, 255) }]);
  });
});

describe('moving', () => {
  beforeEach(async () => {
    await frame(heap, pageOf('Hello World'));
    await view.page.locator('.grid').focus();
  });
  const label = () => view.page.locator('.status .label').textContent();

  test('Ctrl+G goes to the address box, and Enter there to the address and back to the rows', async () => {
    await view.answer('resolve', { address: '0x55d0c0a1f020' });
    await view.page.keyboard.press('Control+G');
    await view.page.locator('.address-box:focus').waitFor();
    await view.page.keyboard.type('[heap]+0x20');
    await view.page.keyboard.press('Enter');
    await expect.poll(label).toBe('[heap]+0x20');
    expect(await calls('resolve')).toEqual([{ expression: '[heap]+0x20' }]);
    expect(await view.page.locator('.grid:focus').count()).toBe(1);
  });

  test('a view has the keyboard as soon as it opens', async () => {
    const other = await openViewPage(await sharedBrowser());
    await openOn(other, regions);
    await other.page.locator('.grid:focus').waitFor();
    await other.dispose();
  });

  test('Ctrl+Enter follows the pointer under the caret; Alt+Left and Alt+Right go back and forward', async () => {
    await view.answer('resolve', { address: '0x55d0c0a20008' });
    await view.page.keyboard.press('Control+Enter');
    await expect.poll(label).toBe('[heap]+0x1008');
    expect(await calls('resolve')).toEqual([{ expression: '*0x55d0c0a1f000' }]);
    await view.page.keyboard.press('Alt+ArrowLeft');
    await expect.poll(label).toBe('[heap]');
    await view.page.keyboard.press('Alt+ArrowRight');
    await expect.poll(label).toBe('[heap]+0x1008');
  });

  test('a drag with the mouse selects, and Shift with arrows goes on from there', async () => {
    const box = await row('0x55d0c0a1f010').locator('.bytes').boundingBox();
    if (box === null) throw new Error('no row');
    await view.page.mouse.move(box.x + 3, box.y + 5);
    await view.page.mouse.down();
    await view.page.mouse.move(box.x + box.width * 0.45, box.y + 5, { steps: 5 });
    await view.page.mouse.up();
    await expect.poll(() => view.page.locator('.status .selected').textContent()).toBe('8 bytes selected');
    await view.page.keyboard.press('Shift+ArrowDown');
    expect(await view.page.locator('.status .selected').textContent()).toBe('24 bytes selected');
  });

  test('the wheel scrolls by pixels and the heading of the region stays', async () => {
    const box = await view.page.locator('.viewport').boundingBox();
    if (box === null) throw new Error('no viewport');
    await view.page.mouse.move(box.x + 300, box.y + 200);
    await view.page.mouse.wheel(0, 2000);
    await expect.poll(() => row('0x55d0c0a1f000').count()).toBe(0);
    expect(await view.page.locator('.heading.sticky .name').textContent()).toBe('[heap]');
  });

  test('F5 and other keys of the workbench are not taken', async () => {
    const taken = await view.page.evaluate(() =>
      ['F5', 'F10', 'F11'].filter((key) => {
        const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true });
        return !(document.querySelector('.grid') as HTMLElement).dispatchEvent(event);
      }),
    );
    expect(taken).toEqual([]);
  });
});

describe('clipboard', () => {
  const copied = async () => (await calls('copy')).map((body) => (body as { text: string }).text);
  const event = (name: 'copy' | 'cut') =>
    view.page.evaluate((type) => document.dispatchEvent(new ClipboardEvent(type, { cancelable: true })), name);

  beforeEach(async () => {
    await frame(heap, pageOf('Hello World'));
    await view.page.locator('.grid').focus();
    for (let i = 0; i < 4; i++) await view.page.keyboard.press('Shift+ArrowRight');
    await view.answer('read', { bytes: new TextEncoder().encode('Hello'), states: Uint8Array.of(0) });
    await view.answer('copy', {});
  });

  test('copies what the process holds now, as hex in the bytes column and as text in the text column', async () => {
    await event('copy');
    await expect.poll(copied).toEqual(['48 65 6c 6c 6f']);
    expect(await calls('read')).toEqual([{ start: '0x55d0c0a1f000', length: 5 }]);
    await view.page.keyboard.press('Tab');
    await event('copy');
    await expect.poll(copied).toEqual(['48 65 6c 6c 6f', 'Hello']);
  });

  test('a cut copies first and then writes zeros, in one write', async () => {
    await view.answer('write', { start: '0x55d0c0a1f000', bytes: new Uint8Array(5), held: true });
    await event('cut');
    await expect.poll(() => calls('write')).toEqual([{ start: '0x55d0c0a1f000', bytes: new Uint8Array(5) }]);
    expect(await copied()).toEqual(['48 65 6c 6c 6f']);
  });
});

describe('status', () => {
  test('after the process has gone the last bytes stay, greyed, with when and why', async () => {
    await frame(heap, pageOf('Last words'));
    await view.say('status', { state: 'gone', sinceMs: Date.now(), reason: 'redis-server (4242) exited.' });
    await expect
      .poll(() => view.page.locator('.notice .message').textContent())
      .toMatch(/^redis-server \(4242\) exited\. These are the last bytes seen, at \d/);
    expect(await row('0x55d0c0a1f000').locator('.text').textContent()).toContain('Last words');
    expect(await view.page.locator('.grid.gone').count()).toBe(1);
  });

  test('the caret lights its row, its column, and says where the grid is at', async () => {
    await frame(heap, pageOf('Hello'));
    await view.page.locator('.grid').focus();
    await view.page.keyboard.press('ArrowDown');
    await view.page.keyboard.press('ArrowRight');
    await expect.poll(() => view.page.locator('.row.current').getAttribute('data-address')).toBe('0x55d0c0a1f010');
    expect(await view.page.locator('.columns .lit').allTextContents()).toEqual(['01', '1']);
    const current = await view.page.locator('.row.current').getAttribute('id');
    expect(await view.page.locator('.grid').getAttribute('aria-activedescendant')).toBe(current);
  });

  test('frames that follow each other are told of two at a time, and the last one however many there were', async () => {
    const drawn = async (): Promise<unknown[]> =>
      (await view.heard()).filter((said) => said.say === 'drawn').map(({ body }) => body);
    const before = (await drawn()).length;
    const bytes = pageOf('Hello');
    for (let i = 0; i < 5; i++) {
      bytes[0] = i;
      seq++;
      const body = { seq, timeMs: 0, pages: Float64Array.of(heap), states: Uint8Array.of(PageState.readable), bytes };
      await view.say('frame', body);
      await view.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
    }
    await expect.poll(async () => (await drawn()).at(-1)).toEqual({ seq });
    expect((await drawn()).slice(before)).toEqual([{ seq: seq - 3 }, { seq: seq - 1 }, { seq }]);
  });

  test('a view that looks less often for the sake of the program says why', async () => {
    const live = view.page.locator('.live');
    await view.say('pulse', { readMicroseconds: 3, ticks: 15, givesWay: true });
    await expect.poll(() => live.textContent()).toBe('live 15 Hz');
    expect(await live.getAttribute('title')).toMatch(/wait for a processor/);
    await view.say('pulse', { readMicroseconds: 3, ticks: 60 });
    await expect.poll(() => live.textContent()).toBe('live 60 Hz');
    expect(await live.getAttribute('title')).toBe('');
  });

  test('counts how often the selected bytes change', async () => {
    const bytes = pageOf('Hello');
    await frame(heap, bytes);
    for (let i = 0; i < 5; i++) {
      bytes[0] = i;
      await frame(heap, bytes);
    }
    await expect
      .poll(() => view.page.locator('.status .rate').textContent(), { timeout: 2500 })
      .toMatch(/^[1-5] changes?\/s$/);
  });

  test('the value line shows what the bytes at the caret mean', async () => {
    await frame(heap, pageOf('H'));
    await expect.poll(() => view.page.locator('.values').innerText()).toMatch(/i8\s*72/);
    expect(await view.page.locator('.values').innerText()).toMatch(/u32\s*72/);
  });

  test('numbers that change faster than one can read keep still in between, and the last one stands', async () => {
    await frame(heap, pageOf('Hello'));
    await row('0x55d0c0a1f000').click({ position: { x: 160, y: 8 } });
    await view.page.evaluate(() => {
      const number = document.querySelector('.values .number') as Element;
      Object.assign(window, { changes: 0 });
      const count = (): number => (window as unknown as { changes: number }).changes++;
      new MutationObserver(count).observe(number.closest('.values') as Element, {
        characterData: true,
        subtree: true,
        childList: true,
      });
    });
    const begun = Date.now();
    for (let i = 0; i < 40; i++) await frame(heap, new Uint8Array(pageBytes).fill(i));
    const elapsed = Date.now() - begun;
    await expect.poll(() => view.page.locator('.values').innerText()).toMatch(/u8\s*39/);
    const changes = await view.page.evaluate(() => (window as unknown as { changes: number }).changes);
    expect(changes).toBeGreaterThan(0);
    expect(changes).toBeLessThanOrEqual(elapsed / 180 + 2);
  });
});
