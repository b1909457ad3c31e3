import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createDebugBed, createDebugging, type AdapterName, type DebugBed, type Debugging } from './debug.ts';
import { memoryView, type MemoryView } from './memory.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// What the debugger knows, over the bytes: with real adapters.
let bed: DebugBed;
let vscode: VSCode;
let workbench: Workbench;
let debugging: Debugging;

beforeAll(async () => {
  bed = await createDebugBed();
  vscode = await startVSCode({ extension: 'development', ...bed.options });
  workbench = await openWorkbench(vscode, { width: 2300, height: 1000, theme: 'dark' });
  debugging = createDebugging(workbench, bed);
}, 120_000);
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
  await bed?.dispose();
});

/** Where a byte is in the window. */
async function boxOf(view: MemoryView, address: bigint): Promise<{ x: number; y: number }> {
  const box = await view.row(address).locator('.bytes').boundingBox();
  if (box === null) throw new Error('the row is not on the screen');
  const width = box.width / (16 * 3 + 1);
  const index = Number(address & 0xfn);
  return { x: box.x + (index * 3 + (index >= 8 ? 1 : 0) + 1) * width, y: box.y + box.height / 2 };
}

/** What the hover over a byte says, one line an entry; empty where none comes. */
async function hover(view: MemoryView, address: bigint): Promise<string[]> {
  const { page } = workbench;
  await page.mouse.move(5, 5);
  const { x, y } = await boxOf(view, address);
  await page.mouse.move(x, y, { steps: 2 });
  await page.waitForTimeout(500);
  return view.frame.locator('.tooltip:visible > div').allTextContents();
}

test('explore', async () => {
  for (const adapter of ['lldb', 'cdt'] as const) {
    await debugging.breakAt('debuggee.c', 'break here');
    await debugging.start(`${adapter}: loop`);
    const facts = await debugging.facts();
    const from = debugging.traffic().length;
    await debugging.menuOnVariable(['numbers'], 'Show in Live Memory');
    const view = await memoryView(workbench);
    await workbench.page.waitForTimeout(2500);
    await workbench.screenshot(`names-${adapter}`);
    await view.goTo('$sp');
    await workbench.page.waitForTimeout(300);
    for (const name of ['numbers', 'own', 'text', 'local', 'given', 'iteration', 'pointer']) {
      try {
        console.log(
          name,
          await hover(view, BigInt(facts[name] ?? 0) + (name === 'own' || name === 'numbers' ? 9n : 0n)),
        );
      } catch (e) {
        console.log(name, String(e).slice(0, 80));
      }
    }
    console.log(await hover(view, BigInt(facts['own'] ?? 0) + 36n));
    console.log(await hover(view, BigInt(facts['numbers'] ?? 0) + 9n));
    await workbench.screenshot(`names-${adapter}-hover`);
    const step = debugging.traffic().length;
    await debugging.stepOver();
    await workbench.page.waitForTimeout(1500);
    await workbench.page.screenshot({
      path: `.run/artifacts/names-${adapter}-clip.png`,
      clip: { x: 1320, y: 60, width: 700, height: 560 },
    });
    console.log(
      'STEP',
      debugging
        .traffic()
        .slice(step)
        .map(
          ({ timeMs, kind, name, body }) =>
            `${(timeMs % 100000).toFixed(1)} ${kind} ${name} ${JSON.stringify(body)?.slice(0, 150)}`,
        )
        .join('\n'),
    );
    console.log(
      'VARS',
      JSON.stringify(
        debugging
          .traffic()
          .filter(({ kind, name }) => kind === 'response' && name === 'variables')
          .slice(0, 3),
      ),
    );
    const seen = debugging.traffic().slice(from, 0);
    const t0 = seen[0]?.timeMs ?? 0;
    console.log(
      seen
        .map(
          ({ timeMs, kind, name, body }) =>
            `${(timeMs - t0).toFixed(1)} ${kind} ${name} ${JSON.stringify(body)?.slice(0, 150)}`,
        )
        .join('\n'),
    );
    await debugging.stop();
    await debugging.clearBreakpoints();
    await workbench.runCommand('View: Close All Editors');
  }
  console.log(vscode.log().slice(-3000), workbench.errors);
});
void describe;
void ({} as AdapterName);
