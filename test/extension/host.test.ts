import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { HostResult } from './host/index.ts';
import { artifacts, root, startVSCode } from './vscode.ts';
import { openWorkbench } from './workbench.ts';

const minutesMax = 5;

/** Opens a workbench as a development host that runs dist/test/index.cjs, as @vscode/test-electron does on a desktop. */
async function runInExtensionHost(): Promise<HostResult[]> {
  const results = path.join(artifacts, 'host.jsonl');
  mkdirSync(artifacts, { recursive: true });
  writeFileSync(results, '');
  // What the folder of an extension under development is to the workbench comes with its address, so none is installed;
  // and it takes such an address only as a test's.
  const vscode = await startVSCode({
    extension: 'none',
    env: { HOST_RESULTS: results, LIVE_MEMORY_ROOT: root },
    parameters: ['--vscode-option', 'enable-smoke-test-driver'],
  });
  try {
    const { host } = new URL(vscode.url);
    const folder = `vscode-remote://${host}${root}`;
    const payload = [
      ['extensionDevelopmentPath', folder],
      ['extensionTestsPath', `${folder}/dist/test/index.cjs`],
    ];
    let said = '';
    let end: (code: number) => void;
    const ended = new Promise<number>((resolve) => (end = resolve));
    const workbench = await openWorkbench(vscode, {
      width: 1280,
      height: 800,
      url: `${vscode.url}&payload=${encodeURIComponent(JSON.stringify(payload))}`,
      async prepare(page) {
        await page.exposeFunction('codeAutomationLog', (_type: string, parts: unknown[]) => {
          said += `${parts.map(String).join(' ')}\n`;
        });
        await page.exposeFunction('codeAutomationExit', (code: number) => end(code));
      },
    });
    const late = sleep(minutesMax * 60_000, undefined, { ref: false });
    const code = await Promise.race([ended, late]);
    await workbench.screenshot('host');
    await workbench.dispose();
    writeFileSync(path.join(artifacts, 'host.log'), said + vscode.log());
    const lines = readFileSync(results, 'utf8')
      .split('\n')
      .filter((line) => line !== '');
    const tests = lines.map((line) => JSON.parse(line) as HostResult);
    if (code === undefined) throw new Error(`The tests did not end in ${minutesMax} minutes.\n${said}`);
    if (code !== 0 && tests.every(({ state }) => state !== 'failed'))
      throw new Error(`The tests did not run:\n${said}`);
    return tests;
  } finally {
    await vscode.dispose();
    rmSync(results, { force: true });
  }
}

// Before any test is defined, because these are what there is to define.
const results = await runInExtensionHost();

describe('in the extension host', () => {
  test('there are tests', () => {
    expect(results.length).toBeGreaterThan(0);
  });
  for (const { title, state, error } of results) {
    test(title, (context) => {
      if (state === 'skipped') context.skip('the suite says so');
      if (error !== undefined) throw new Error(error);
    });
  }
});
