import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startTarget } from '../target/target.ts';
import { attachFromPalette, markOld, type MemoryView } from './memory.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// Webviews have processes of their own in the VS Code of a desktop; where they share the window's, they are busy when it is.
let vscode: VSCode;
let workbench: Workbench;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development' });
  workbench = await openWorkbench(vscode, { width: 1200, height: 800, theme: 'dark', webviewsApart: true });
});
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
});

async function viewOnCounter(): Promise<{ view: MemoryView; counter: bigint }> {
  const target = await startTarget('demo');
  onTestFinished(() => target.dispose());
  await workbench.runCommand('View: Close All Editors');
  const view = await attachFromPalette(workbench, target.pid);
  await view.goTo(target.facts['ticks'] ?? '');
  const counter = BigInt(target.facts['ticks'] ?? 0);
  const before = await view.bytes(counter);
  await expect.poll(() => view.bytes(counter)).not.toBe(before);
  return { view, counter };
}

/** How often a row has changed while VS Code's window did nothing but turn for a second and a half. */
async function changesWhileWindowIsBusy(view: MemoryView, counter: bigint): Promise<number> {
  const row = view.row(counter).locator('.bytes');
  await row.evaluate((bytes) => {
    const changes: number[] = [];
    Object.assign(window, { changes });
    new MutationObserver(() => changes.push(Date.now())).observe(bytes, {
      childList: true,
      characterData: true,
      subtree: true,
    });
  });
  const [begun, ended] = await workbench.page.evaluate(() => {
    const from = Date.now();
    while (Date.now() < from + 1500);
    return [from, Date.now()] as const;
  });
  const changes = await row.evaluate(() => (window as unknown as { changes: number[] }).changes);
  // What was on its way already may still arrive.
  return changes.filter((ms) => ms > begun + 200 && ms < ended).length;
}

describe('a direct wire', () => {
  test('VS Code makes no fuss about its port: it forwards none, and tells nobody of an application', async () => {
    await viewOnCounter();
    const toasts = new Set<string>();
    // It looks for new ports every two seconds, and less often where looking takes long.
    for (const end = Date.now() + 12_000; Date.now() < end; await sleep(200))
      for (const text of await workbench.notification().allTextContents()) toasts.add(text);
    await workbench.screenshot('direct-wire-dark');
    expect([...toasts]).toEqual([]);
    expect(await workbench.page.locator('[id="status.forwardedPorts"]').getAttribute('aria-label')).toMatch(
      /No Ports/i,
    );
    expect(workbench.errors).toEqual([]);
  });

  test('a view stays live while the window is busy; where it has none, it waits for the window', async () => {
    const direct = await viewOnCounter();
    await expect.poll(() => changesWhileWindowIsBusy(direct.view, direct.counter)).toBeGreaterThan(10);

    vscode.configure({ 'liveMemory.directConnection': false });
    await sleep(500);
    const indirect = await viewOnCounter();
    expect(await changesWhileWindowIsBusy(indirect.view, indirect.counter)).toBeLessThan(3);
    const after = await indirect.view.bytes(indirect.counter);
    await expect.poll(() => indirect.view.bytes(indirect.counter)).not.toBe(after);
    vscode.configure({ 'liveMemory.directConnection': true });
  });

  test('a page that VS Code makes anew is live, though the last one was paused, and gets a wire again', async () => {
    const { view, counter } = await viewOnCounter();
    await view.frame.getByRole('button', { name: 'Pause' }).click();
    await expect.poll(() => view.frame.locator('.live').textContent()).toBe('paused');
    await markOld(workbench);
    await workbench.runCommand('Developer: Reload Webviews');
    await workbench.view().locator('#app:not([data-old]) .row[data-address]').first().waitFor();
    await expect.poll(() => view.frame.locator('.live').textContent()).toMatch(/^live/);
    await expect.poll(() => changesWhileWindowIsBusy(view, counter)).toBeGreaterThan(10);
  });
});
