import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBits32 } from '../target/bits32.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { attachFromPalette, type MemoryView } from './memory.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// Pages that are not in memory, and one that never comes when it is asked for.
let vscode: VSCode;
let workbench: Workbench;
let target: RunningTarget;
let view: MemoryView;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development' });
  workbench = await openWorkbench(vscode, { width: 1200, height: 760, theme: 'dark' });
  target = await startTarget('blocked');
  view = await attachFromPalette(workbench, target.pid);
});
afterAll(async () => {
  target?.dispose();
  await workbench?.dispose();
  await vscode?.dispose();
});

test('a page that is not in memory shows ?? with the reason and what to do', async () => {
  const page = BigInt(target.facts['page'] ?? 0);
  await view.goTo(`0x${page.toString(16)}`);
  const row = view.row(page);
  await expect.poll(() => row.locator('.bytes').textContent()).toMatch(/^(\?\? *)+$/);
  expect(await row.getAttribute('title')).toMatch(/not in memory.*Read Pages That Are Not in Memory/);
  await workbench.screenshot('absent');
});

test('a page that does not come is reported, Detach works meanwhile, and when it comes it is shown', async () => {
  const page = BigInt(target.facts['page'] ?? 0);
  await workbench.runCommand('Live Memory: Read Pages That Are Not in Memory');
  await view.frame
    .getByText(/has not answered for 2 seconds; a page it reads may be waiting/)
    .waitFor({ timeout: 15_000 });
  expect(await view.frame.locator('.toolbar').textContent()).toContain('not answering');
  await workbench.screenshot('not-answering');
  expect(await target.ask('serve')).toBe('ok');
  await view.frame.getByText('answers again').waitFor();
  await expect.poll(() => view.row(page).locator('.bytes').textContent()).toMatch(/^(77 *)+$/);
  await workbench.runCommand('Live Memory: Leave Pages That Are Not in Memory');
});

test('a view that waits for a page can be abandoned at once', async () => {
  const other = await startTarget('blocked');
  try {
    const stuck = await attachFromPalette(workbench, other.pid);
    await stuck.goTo(other.facts['page'] ?? '');
    await workbench.runCommand('Live Memory: Read Pages That Are Not in Memory');
    await stuck.frame.getByText(/has not answered/).waitFor({ timeout: 15_000 });
    await workbench.runCommand('Live Memory: Detach');
    await stuck.frame
      .getByText(/Detached/)
      .first()
      .waitFor();
  } finally {
    other.dispose();
  }
});

test('a program of 32 bits has addresses of eight digits, and its pointers are followed', async ({ skip }) => {
  const small = await startBits32();
  if (typeof small === 'string') return skip(small);
  try {
    const narrow = await attachFromPalette(workbench, small.pid);
    await narrow.goTo(small.facts['pointer'] ?? '');
    const row = narrow.frame.locator('.row[data-address] .address').first();
    expect(await row.textContent()).toMatch(/^[0-9a-f]{8}$/);
    await workbench.screenshot('bits32');
    await narrow.goTo(`*${small.facts['pointer']}`);
    const pattern = BigInt(small.facts['pattern'] ?? 0);
    await expect.poll(() => narrow.byte(pattern)).toBe('03');
    expect(await narrow.byte(pattern + 1n)).toBe('0a');
  } finally {
    small.dispose();
  }
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors).toEqual([]);
});
