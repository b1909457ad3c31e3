// The view itself, in a browser: 64 rows whose every byte changes on every tick, at 60 ticks a second.
import { region } from '../region.ts';
import { launchBrowser, openOn, openViewPage } from '../webview/page.ts';
import type { BenchResult } from './bench.ts';
import { meter, perFrame } from './browser.ts';

const heap = 0x55d0c0a1f;

export async function run(): Promise<BenchResult[]> {
  const browser = await launchBrowser();
  const view = await openViewPage(browser, { width: 1000, height: 1360 });
  try {
    await openOn(view, [region(heap, 33, '[heap]', 'rw-p', 'heap')]);
    await view.page.locator('.row[data-address]').first().waitFor();
    const rows = await view.page.locator('.row[data-address]').count();
    const play = (ms: number): Promise<{ drawn: number; elapsed: number }> =>
      view.page.evaluate(
        ([duration, page]) =>
          new Promise<{ drawn: number; elapsed: number }>((done) => {
            // Every frame changes every row, so that each time this one has become another is a frame.
            let drawn = 0;
            const watching = new MutationObserver(() => drawn++);
            const row = document.querySelector('.row[data-address] .bytes') as Element;
            watching.observe(row, { childList: true, characterData: true, subtree: true });
            // Made before the clock runs: what the host does is not the view's cost.
            const frames = Array.from({ length: 16 }, (_, seq) =>
              Uint8Array.from({ length: 4096 }, (_, i) => ((i + seq) % 8 === 0 ? 0 : i * 7 + seq * 13)),
            );
            const started = performance.now();
            let sent = 0;
            const tick = (): void => {
              const bytes = (frames[sent % 16] as Uint8Array).slice();
              const body = { seq: ++sent, timeMs: 0, pages: Float64Array.of(page), states: Uint8Array.of(0), bytes };
              window.postMessage({ say: 'frame', body }, '*', [bytes.buffer]);
              const now = performance.now();
              if (now - started < duration) setTimeout(tick, started + (sent * 1000) / 60 - now);
              else {
                const elapsed = now - started;
                setTimeout(() => {
                  watching.disconnect();
                  done({ drawn, elapsed });
                }, 100);
              }
            };
            tick();
          }),
        [ms, heap] as const,
      );
    await play(1000);
    const clock = await meter(view.page);
    const from = await clock.read();
    const { drawn, elapsed } = await play(5000);
    const cost = perFrame(from, await clock.read(), drawn);
    return [
      {
        name: `frames painted of ${rows} rows that all change`,
        value: (drawn * 1000) / elapsed,
        unit: '/s',
        limit: 57,
        higherIsBetter: true,
      },
      {
        name: 'scripting, style and layout a frame',
        value: cost.script + cost.style + cost.layout,
        unit: 'ms',
        limit: 4,
      },
      { name: 'of that scripting', value: cost.script, unit: 'ms' },
      { name: 'all of the main thread a frame, painting included', value: cost.task, unit: 'ms' },
    ];
  } finally {
    await browser.close();
  }
}
