import { defineConfig } from 'vitest/config';
import { Tally } from './scripts/tally.ts';

/** A project a room of test/; `npm test -- unit` runs one. */
export default defineConfig({
  test: {
    reporters: ['default', new Tally()],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'live',
          include: ['test/live/**/*.test.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 5000 } },
        },
      },
      {
        test: {
          name: 'webview',
          include: ['test/webview/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'extension',
          include: ['test/extension/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          // What a window and a browser do between them takes its time on a machine that is busy.
          expect: { poll: { timeout: 10_000 } },
          // A workbench drops a click or a key now and then while it arranges itself; what fails twice is ours.
          retry: 1,
          // Each of these runs a VS Code and a browser; two at a time make both slow enough to fail.
          fileParallelism: false,
        },
      },
    ],
  },
});
