import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What one stage came to. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Each skipped test with its reason. */
  readonly notes: readonly string[];
  /** Each test that passed at its second try only, with what was wrong at the first. */
  readonly retried: readonly string[];
}

/** Tells scripts/test.ts, through the file that TALLY names, what a vitest run came to. */
export class Tally implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['TALLY'];
    if (file === undefined) return;
    let passed = 0;
    let failed = errors.length;
    let skipped = 0;
    const notes: string[] = [];
    const retried: string[] = [];
    for (const module of modules) {
      // A module that broke before its first test, or a hook that failed: what it did not come to is not skipped.
      const breaks = [module, ...module.children.allSuites()].reduce((sum, part) => sum + part.errors().length, 0);
      failed += breaks;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const name = `${module.relativeModuleId} > ${test.fullName}`;
        const note = result.state === 'skipped' ? result.note : undefined;
        if (result.state === 'passed') {
          passed++;
          const wrong = result.errors?.[0]?.message.split('\n', 1)[0];
          if ((test.diagnostic()?.retryCount ?? 0) > 0) retried.push(`${name}: ${wrong ?? 'no error was kept'}`);
        } else if (result.state === 'failed' || (breaks > 0 && note === undefined)) failed++;
        else {
          skipped++;
          notes.push(`${name}: ${note ?? 'no reason given'}`);
        }
      }
    }
    appendFileSync(file, JSON.stringify({ passed, failed, skipped, notes, retried } satisfies Count));
  }
}
