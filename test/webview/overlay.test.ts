import { afterEach, describe, expect, test } from 'vitest';
import { pageBytes, PageState } from '../../common/page.ts';
import { glowMs } from '../../webview/glow.ts';
import { region } from '../region.ts';
import { sharedBrowser } from './browser.ts';
import { openOn, openViewPage, type ViewPage } from './page.ts';

// The canvases draw only the rows that look otherwise than they did: what they show has to be what drawing all would give.
const stack = 0x7ffffffde;
const size = { width: 1000, height: 700 };

let view: ViewPage;
afterEach(() => view.dispose());

async function open(scale: number): Promise<void> {
  view = await openViewPage(await sharedBrowser(), size, scale);
  await openOn(view, [region(stack, 33, '[stack]', 'rw-p', 'stack')]);
  await view.say('goTo', { address: '0x7ffffffde000' });
  await view.page.locator('.row[data-address="0x7ffffffde000"]').waitFor();
}

let seq = 0;
async function frame(bytes: Uint8Array): Promise<void> {
  const body = {
    seq: ++seq,
    timeMs: 0,
    pages: Float64Array.of(stack),
    states: Uint8Array.of(PageState.readable),
    bytes,
  };
  await view.say('frame', body);
  await expect
    .poll(async () => (await view.heard()).filter((said) => said.say === 'drawn').at(-1)?.body)
    .toEqual({ seq });
}

const status = (state: 'running' | 'stopped'): Promise<void> =>
  view.say('status', { state, sinceMs: 1, isDebugged: true });

/** Two animation frames: what was asked for has been drawn. */
const settled = (): Promise<void> =>
  view.page.evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(undefined)))),
  );

/** Keeps what the canvases show, and answers how much ink that is. */
const keep = (): Promise<number> =>
  view.page.evaluate(() => {
    const kept = ['under', 'over'].map((name) => {
      const canvas = document.querySelector<HTMLCanvasElement>(`canvas.${name}`);
      return canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    });
    Object.assign(window, { keptBefore: (window as unknown as { kept?: unknown }).kept, kept });
    let ink = 0;
    for (const data of kept) for (let i = 3; i < data.length; i += 4) ink += data[i] as number;
    return ink;
  });

/** By how much the last two that were kept differ where they differ most, in what of a pixel covers others. */
const difference = (): Promise<number> =>
  view.page.evaluate(() => {
    const { kept, keptBefore } = window as unknown as { kept: number[][]; keptBefore: number[][] };
    let most = 0;
    kept.forEach((data, canvas) => {
      const before = keptBefore[canvas] ?? [];
      if (before.length !== data.length) throw new Error('they differ in size');
      for (let i = 0; i < data.length; i++) {
        const alpha = (of: readonly number[]): number => (i % 4 === 3 ? 255 : (of[i | 3] as number));
        const covers = (of: readonly number[]): number => ((of[i] as number) * alpha(of)) / 255;
        most = Math.max(most, Math.abs(covers(data) - covers(before)));
      }
    });
    return most;
  });

/** Everything is drawn anew in a view of another size. */
async function drawAll(): Promise<void> {
  const now = view.page.viewportSize() ?? size;
  await resize(now.height + 40);
  await resize(now.height);
}

async function resize(height: number): Promise<void> {
  await view.page.setViewportSize({ ...size, height });
  await settled();
}

/** The heights, in pixels, of what each canvas draws anew while `act` is done. */
async function drawnDuring(act: () => Promise<void>): Promise<{ name: string; top: number; height: number }[]> {
  await view.page.evaluate(() => {
    const log: object[] = [];
    const { clearRect } = CanvasRenderingContext2D.prototype;
    Object.assign(window, { log });
    CanvasRenderingContext2D.prototype.clearRect = function (x, top, width, height) {
      log.push({ name: this.canvas.className, top, height });
      clearRect.call(this, x, top, width, height);
    };
  });
  await act();
  await settled();
  return view.page.evaluate(() => (window as unknown as { log: { name: string; top: number; height: number }[] }).log);
}

const address = (offset: number) => `0x${(stack * pageBytes + offset).toString(16)}` as const;

describe.each([1, 1.25, 2])('with %d pixels of the screen in one of CSS', (scale) => {
  test('what is drawn row by row is what is drawn all at once', async () => {
    await open(scale);
    // Numbers that look random and are the same each time.
    let state = 12345;
    const random = (below: number): number => (state = (state * 1103515245 + 12345) % 2 ** 31) % below;
    const bytes = Uint8Array.from({ length: pageBytes }, (_, i) => (i % 3 === 0 ? 0 : 0x41 + (i % 26)));
    await frame(bytes.slice());
    await status('stopped');
    await status('running');
    for (let step = 0; step < 12; step++) {
      for (let i = 0; i < 4; i++) bytes[random(400)] = random(4) === 0 ? 0 : random(256);
      await frame(bytes.slice());
      await view.say('names', {
        names: Array.from({ length: 3 }, (_, i) => ({
          start: address(random(60) + i * 100),
          length: 1 + random(40),
          name: `v${i}`,
          kind: 'local' as const,
        })),
        marks: [
          { register: 'sp', address: address(random(300)) },
          { register: 'fp', address: address(random(300)) },
        ],
      });
      await view.say('goTo', { address: address(random(400)), length: 1 + random(50) });
      await settled();
      if (step % 3 === 1) await status(step % 2 === 0 ? 'running' : 'stopped');
      await settled();
    }
    // The row above a register's tab, into which the tab reaches, changes by itself.
    await view.say('names', { names: [], marks: [{ register: 'sp', address: address(5 * 16) }] });
    await settled();
    bytes[4 * 16] = (bytes[4 * 16] as number) ^ 1;
    await frame(bytes.slice());
    await settled();
    expect(await keep()).toBeGreaterThan(10_000);
    await drawAll();
    await keep();
    // Half a pixel may be rounded one way or the other.
    expect(await difference()).toBeLessThanOrEqual(2);
  });

  test('a row that was out of sight comes back as it is now', async () => {
    await open(scale);
    const bytes = new Uint8Array(pageBytes);
    await frame(bytes.slice());
    const rows = (): Promise<number> => view.page.locator('.row:not(.sticky)').count();
    await view.page.locator('.grid').hover();
    const scroll = async (pixels: number): Promise<void> => {
      await view.page.mouse.wheel(0, pixels);
      await settled();
    };
    // Not a height in which another row is never seen, wherever the rows are scrolled to.
    const viewport = view.page.locator('.viewport');
    const fits = async (): Promise<boolean> => (await viewport.evaluate((element) => element.clientHeight % 19)) > 3;
    for (let height = size.height; !(await fits()); height--) await resize(height);
    const less = await rows();
    await scroll(18);
    expect(await rows()).toBe(less + 1);
    await scroll(-18);
    expect(await rows()).toBe(less);
    // All of its zeros were washed; now there are none, and what has changed glows no more.
    await frame(bytes.fill(0x41).slice());
    await view.page.waitForTimeout(glowMs + 300);
    await scroll(18);
    await keep();
    await drawAll();
    await keep();
    expect(await difference()).toBeLessThanOrEqual(2);
  });

  test('a byte that changes draws its row, and nothing else', async () => {
    await open(scale);
    const bytes = new Uint8Array(pageBytes).fill(0x41);
    await frame(bytes.slice());
    await settled();
    bytes[5 * 16 + 3] = 0x42;
    const drawn = await drawnDuring(() => frame(bytes.slice()));
    const row = await view.page.locator(`.row[data-address="${address(5 * 16)}"]`).boundingBox();
    const sheet = await view.page.locator('.sheet').boundingBox();
    const top = Math.floor(((row?.y ?? 0) - (sheet?.y ?? 0)) * scale);
    expect(drawn.length).toBeGreaterThan(0);
    for (const one of drawn) {
      expect(one.top).toBe(top);
      expect(one.height).toBeLessThanOrEqual(Math.ceil((row?.height ?? 0) * scale) + 1);
    }
  });
});
