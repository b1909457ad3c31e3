import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { attachFromPalette, type MemoryView } from './memory.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Theme, type Workbench } from './workbench.ts';

// What can be measured of how it looks; the screenshots are for people, and the README shows some of them.
let vscode: VSCode;
let workbench: Workbench;
let target: RunningTarget;
let view: MemoryView;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development' });
  workbench = await openWorkbench(vscode, { width: 1200, height: 760, theme: 'dark' });
  target = await startTarget('demo');
  view = await attachFromPalette(workbench, target.pid);
  await view.goTo(target.facts['demo'] ?? '');
});
afterAll(async () => {
  target?.dispose();
  await workbench?.dispose();
  await vscode?.dispose();
});

/** The contrast of two colours as WCAG 2.2 defines it, of an element's text against the page. */
function contrastOf(selector: string): Promise<number> {
  return view.frame
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = document.createElement('canvas').getContext('2d');
      const luminance = (colour: string): number => {
        if (canvas === null) return NaN;
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b] = [...canvas.getImageData(0, 0, 1, 1).data].map((value) => {
          const share = value / 255;
          return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * (r ?? 0) + 0.7152 * (g ?? 0) + 0.0722 * (b ?? 0);
      };
      const text = luminance(getComputedStyle(element).color);
      const page = luminance(getComputedStyle(document.body).backgroundColor);
      return (Math.max(text, page) + 0.05) / (Math.min(text, page) + 0.05);
    });
}

/** The colour of the map's first region, which the canvas has from the theme. */
function mapColour(): Promise<string> {
  return view.frame.locator('canvas.map').evaluate((canvas) => {
    const data = (canvas as HTMLCanvasElement).getContext('2d')?.getImageData(6, 4, 1, 1).data;
    return [...(data ?? [])].join();
  });
}

describe.each(['dark', 'light', 'contrast-dark', 'contrast-light'] as const)('in the theme %s', (theme: Theme) => {
  test('a switch while the view is open reaches text and canvases, and all text can be read', async () => {
    const before = await mapColour();
    await workbench.setTheme(theme);
    // Dark is what the window began with; every other theme has other colours than the one before it.
    if (theme !== 'dark') await expect.poll(mapColour).not.toBe(before);
    await workbench.page.waitForTimeout(600);
    for (const selector of [
      '.row .bytes',
      '.row .text',
      '.heading.sticky .name',
      '.values .number',
      '.status .label',
    ]) {
      expect(await contrastOf(selector), selector).toBeGreaterThan(4.5);
    }
    await view.frame.locator('.grid').focus();
    await workbench.screenshot(`demo-${theme}`);
  });
});

describe('in any width', () => {
  test.each([
    [1200, 16],
    [700, 8],
  ])('%i pixels wide: nothing wraps, nothing overlaps, %i bytes fit a row', async (width, bytes) => {
    await workbench.setTheme('dark');
    await workbench.page.setViewportSize({ width, height: 760 });
    await workbench.page.waitForTimeout(500);
    const heights = await view.frame
      .locator('#app')
      .evaluate((app) =>
        ['.toolbar', '.values', '.status'].map((name) => (app.querySelector(name) as HTMLElement).scrollHeight),
      );
    expect(heights.map((height) => height < 40)).toEqual([true, true, true]);
    const row = view.frame.locator('.row[data-address] .bytes').first();
    expect(((await row.textContent()) ?? '').trim().split(' ')).toHaveLength(bytes);
    const overlap = await row.evaluate((element) => {
      const text = element.nextElementSibling?.getBoundingClientRect();
      return element.getBoundingClientRect().right - (text?.left ?? 0);
    });
    expect(overlap).toBeLessThanOrEqual(0.5);
    await workbench.screenshot(`demo-${width}-wide`);
  });

  test('at 200 % zoom the rows and every control are still there', async () => {
    await workbench.page.setViewportSize({ width: 1200, height: 760 });
    vscode.configure({ 'editor.fontSize': 28 });
    await expect.poll(() => view.frame.locator('.row[data-address]').count()).toBeLessThan(20);
    expect(await view.frame.getByRole('button', { name: 'More Actions…' }).isVisible()).toBe(true);
    await workbench.screenshot('demo-large');
    vscode.configure({ 'editor.fontSize': 14 });
    await expect.poll(() => view.frame.locator('.row[data-address]').count()).toBeGreaterThan(20);
  });
});

test('the regions of the process are in the side bar, with what can be done with them', async () => {
  await workbench.setTheme('dark');
  await showSideBar();
  const rows = workbench.page.locator('.pane-body .monaco-list-row');
  await expect
    .poll(() => rows.allTextContents(), { timeout: 20_000 })
    .toEqual(expect.arrayContaining([expect.stringMatching(/demo.*\d+/), expect.stringContaining('heap')]));
  await rows.filter({ hasText: 'heap' }).first().click();
  await workbench.page.waitForTimeout(800);
  await workbench.screenshot('regions-dark');
});

/** A window that is still arranging itself may close the palette without running what was clicked in it. */
async function showSideBar(): Promise<void> {
  const title = workbench.page.locator('.sidebar .composite.title').getByText('Live Memory');
  for (let tries = 3; !(await title.isVisible()); tries--) {
    expect(tries, 'the side bar does not show').toBeGreaterThan(0);
    await workbench.runCommand('View: Show Live Memory');
    await title.waitFor({ timeout: 5000 }).catch(() => undefined);
  }
}

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors).toEqual([]);
});
