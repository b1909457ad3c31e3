import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attachFromPalette, findBytes, type MemoryView } from './memory.ts';
import { root, startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// Programs that nobody here wrote, worked through the view alone; what they say of their own memory is the proof.
let vscode: VSCode;
let workbench: Workbench;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development' });
  workbench = await openWorkbench(vscode, { width: 1280, height: 860, theme: 'dark' });
});
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
});

describe('python3', () => {
  let python: ChildProcess;
  let facts: { readonly moving: string; readonly note: string };
  let view: MemoryView;
  let lines: AsyncIterator<string>;

  async function readsBack(): Promise<string> {
    python.stdin?.write('\n');
    return (await lines.next()).value as string;
  }

  beforeAll(async () => {
    python = spawn('python3', [path.join(root, 'test/target/python.py')], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (python.stdout === null) throw new Error('python3 has no output');
    lines = createInterface(python.stdout)[Symbol.asyncIterator]();
    facts = JSON.parse((await lines.next()).value as string) as typeof facts;
    view = await attachFromPalette(workbench, python.pid ?? 0);
  });
  afterAll(() => {
    python?.kill();
  });

  test('its buffer changes in the view', async () => {
    const address = BigInt(facts.moving);
    await view.goTo(facts.moving);
    const shown = async (): Promise<string> => (await view.text(address)) + (await view.text(address + 16n));
    await expect.poll(shown, { timeout: 5000 }).toMatch(/count \d{8} and/);
    const before = await shown();
    await expect.poll(shown, { timeout: 5000 }).not.toBe(before);
    expect(await shown()).toMatch(/count \d{8} and/);
  });

  test('bytes typed over after one question are what Python reads back', async () => {
    await view.goTo(facts.note);
    await expect.poll(() => view.status().locator('.access').textContent()).toBe('rw-p');
    await workbench.page.keyboard.type('42');
    await workbench.pressInDialog('Edit Memory');
    await expect.poll(readsBack).toBe('Bhange me, I am a bytearray.....');
    await view.frame.locator('.grid').focus();
    await workbench.page.keyboard.type('6f6f');
    await expect.poll(readsBack).toBe('Boonge me, I am a bytearray.....');
    await workbench.screenshot('python-edited-dark');
  });

  test('undo and redo are writes too', async () => {
    await workbench.page.keyboard.press('Control+Z');
    await workbench.page.keyboard.press('Control+Z');
    await workbench.page.keyboard.press('Control+Z');
    await expect.poll(readsBack).toBe('Change me, I am a bytearray.....');
    await workbench.page.keyboard.press('Control+Shift+Z');
    await expect.poll(readsBack).toBe('Bhange me, I am a bytearray.....');
  });

  test('text typed in the text column lands as it is', async () => {
    await view.goTo(`${facts.note} + 3`);
    await workbench.page.keyboard.press('Tab');
    await workbench.page.keyboard.type(' LIVE');
    await expect.poll(readsBack).toBe('Bha LIVEe, I am a bytearray.....');
  });
});

describe('redis-server', () => {
  let redis: ChildProcess;
  let folder: string;
  const cli = (...command: string[]): string =>
    execFileSync('redis-cli', ['-s', path.join(folder, 'redis.sock'), ...command], { encoding: 'utf8' }).trim();

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'live-memory-redis-'));
    const options = ['--port', '0', '--unixsocket', path.join(folder, 'redis.sock'), '--save', '', '--dir', folder];
    redis = spawn('redis-server', options, { stdio: 'ignore' });
  });
  afterAll(() => {
    redis?.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(['dark', 'light'] as const)('a value edited in the view is what redis-cli gets (%s)', async (theme) => {
    await workbench.setTheme(theme);
    const [value, edited] = ['Hello from redis, in memory', 'Jello from redis, in memory'];
    await expect.poll(() => cli('ping'), { timeout: 10_000 }).toBe('PONG');
    cli('set', 'greeting', value);
    // Buffers of the connection may hold the text as well; what GET returns is the one that counts.
    const addresses = await findBytes(redis.pid ?? 0, Buffer.from(value));
    expect(addresses.length).toBeGreaterThan(0);
    const view = await attachFromPalette(workbench, redis.pid ?? 0);
    for (const address of addresses) {
      await view.goTo(`0x${address.toString(16)}`);
      await expect.poll(() => view.byte(address), { timeout: 5000 }).toBe('48');
      await workbench.page.keyboard.type('4a');
      if (theme === 'dark' && address === addresses[0]) await workbench.pressInDialog('Edit Memory');
      await expect.poll(() => view.byte(address), { timeout: 5000 }).toBe('4a');
      await view.frame.locator('.grid').focus();
    }
    await workbench.page.waitForTimeout(300);
    await workbench.screenshot(`redis-edited-${theme}`);
    expect(cli('get', 'greeting')).toBe(edited);
  });
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors).toEqual([]);
  expect(vscode.log()).not.toMatch(/unhandled|rejected promise not handled/i);
});
