import type { CDPSession, Page } from 'playwright-core';

/** What the browser's main thread spent, in milliseconds since some time ago. */
export interface Spent {
  readonly script: number;
  readonly layout: number;
  readonly style: number;
  /** All of the main thread's tasks, painting among them. */
  readonly task: number;
}

export interface Meter {
  read(): Promise<Spent>;
}

/** Reads Chromium's own account of where the time goes. */
export async function meter(page: Page): Promise<Meter> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('Performance.enable');
  return {
    async read() {
      const { metrics } = await session.send('Performance.getMetrics');
      const ms = (name: string): number => (metrics.find((metric) => metric.name === name)?.value ?? NaN) * 1000;
      return {
        script: ms('ScriptDuration'),
        layout: ms('LayoutDuration'),
        style: ms('RecalcStyleDuration'),
        task: ms('TaskDuration'),
      };
    },
  };
}

/** What a frame cost between two readings. */
export function perFrame(from: Spent, to: Spent, frames: number): Spent {
  return {
    script: (to.script - from.script) / frames,
    layout: (to.layout - from.layout) / frames,
    style: (to.style - from.style) / frames,
    task: (to.task - from.task) / frames,
  };
}
