// Which way of drawing 64 rows of 16 bytes, all of them changing and glowing on every frame, is the cheapest that still
// leaves text in the DOM? The grid's way ("text rows, canvas under them") was chosen by these figures.
import { readFileSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { chromiumArguments } from '../webview/page.ts';
import type { BenchResult } from './bench.ts';
import { meter, perFrame } from './browser.ts';

declare global {
  interface Window {
    rendererNames: string[];
    prepare(name: string): void;
    play(frames: number): Promise<{ script: number; elapsed: number }>;
  }
}

const frames = 120;

export async function run(): Promise<BenchResult[]> {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: chromiumArguments });
  try {
    const page = await browser.newPage({ viewport: { width: 1000, height: 1230 } });
    await page.setContent(readFileSync(new URL('renderers/page.html', import.meta.url), 'utf8'));
    await page.addScriptTag({ content: readFileSync(new URL('renderers/renderers.js', import.meta.url), 'utf8') });
    const clock = await meter(page);
    const results: BenchResult[] = [];
    for (const name of await page.evaluate(() => window.rendererNames)) {
      await page.evaluate((chosen) => window.prepare(chosen), name);
      await page.evaluate(() => window.play(30));
      const from = await clock.read();
      const { elapsed } = await page.evaluate((count) => window.play(count), frames);
      const cost = perFrame(from, await clock.read(), frames);
      results.push(
        { name: `${name}: frames`, value: (frames * 1000) / elapsed, unit: '/s' },
        { name: `${name}: scripting, style and layout`, value: cost.script + cost.style + cost.layout, unit: 'ms' },
        { name: `${name}: all of the main thread`, value: cost.task, unit: 'ms' },
      );
    }
    return results;
  } finally {
    await browser.close();
  }
}
