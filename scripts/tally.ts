import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What one stage came to. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each skipped test with its reason. */
  readonly notes: readonly string[];
}

/** Tells scripts/test.ts, through the file that TALLY names, what a vitest run came to. */
export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['TALLY'];
    if (file === undefined) return;
    let passed = 0;
    // A module that broke before its first test, or an error outside of any test, counts as a test that failed.
    let failed = errors.length;
    let skipped = 0;
    const notes: string[] = [];
    for (const module of modules) {
      failed += module.errors().length;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failed++;
        else {
          skipped++;
          const reason = result.state === 'skipped' ? result.note : undefined;
          notes.push(`${module.relativeModuleId} > ${test.fullName}: ${reason ?? 'no reason given'}`);
        }
      }
      // A failed hook fails its suite, and may leave all of its tests merely skipped.
      for (const suite of module.children.allSuites()) failed += suite.errors().length;
    }
    appendFileSync(file, JSON.stringify({ passed, failed, skipped, notes } satisfies Count));
  }
}
