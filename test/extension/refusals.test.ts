import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { printAddress, type Address } from '../../common/address.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { attachFromPalette, chooseProcess, openProcessList, type MemoryView } from './memory.ts';
import { startVSCode, type VSCode } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

// What a user gets for input that makes no sense, and for writes that must not land: a sentence, and nothing else.
let vscode: VSCode;
let workbench: Workbench;

beforeAll(async () => {
  vscode = await startVSCode({ extension: 'development', settings: { 'liveMemory.editing': 'on' } });
  workbench = await openWorkbench(vscode, { width: 1280, height: 800, theme: 'dark' });
});
afterAll(async () => {
  await workbench?.dispose();
  await vscode?.dispose();
});

async function start(): Promise<RunningTarget> {
  const target = await startTarget('scratch');
  onTestFinished(() => target.dispose());
  return target;
}

describe('attaching', () => {
  async function refused(pid: number): Promise<string> {
    await chooseProcess(workbench, pid);
    const message = workbench.notification().last();
    await message.waitFor();
    const text = (await message.textContent()) ?? '';
    await workbench.runCommand('Notifications: Clear All Notifications');
    return text;
  }

  test('to a pid that does not exist says so', async () => {
    expect(await refused(4_000_000)).toMatch(/no process|does not exist|has ended/i);
  });

  test('to a kernel thread says that it has no memory of its own', async () => {
    expect(await refused(2)).toMatch(/thread of the kernel/);
  });

  test('a pid that is typed whole is that process, whoever has its digits in a name', async () => {
    const target = await start();
    const decoy = path.join(mkdtempSync(path.join(tmpdir(), 'live-memory-decoy-')), `${target.pid}0`);
    copyFileSync('/bin/sleep', decoy);
    const sleeping = spawn(decoy, ['60']);
    onTestFinished(() => {
      sleeping.kill();
      rmSync(path.dirname(decoy), { recursive: true });
    });
    const { keyboard } = workbench.page;
    const tab = (): Promise<string | null> => workbench.page.locator('.tab.active').textContent();
    const type = async (): Promise<void> => {
      await openProcessList(workbench);
      await keyboard.type(String(target.pid));
    };
    const isListed = async (): Promise<void> => {
      await workbench
        .quickPicks()
        .filter({ hasText: `Attach to process ${target.pid}scratch` })
        .waitFor();
      await workbench.quickPicks().filter({ hasText: decoy }).waitFor();
    };

    await type();
    await isListed();
    await workbench.screenshot('typed-pid-dark');
    await keyboard.press('Enter');
    await expect.poll(tab).toContain(`scratch (${target.pid})`);
    await workbench.runCommand('View: Close All Editors');

    // Before the list has followed.
    await type();
    await keyboard.press('Enter');
    await expect.poll(tab).toContain(`scratch (${target.pid})`);
    await workbench.runCommand('View: Close All Editors');

    // Whoever means the other one gets the other one.
    await type();
    await isListed();
    await keyboard.press('ArrowUp');
    await keyboard.press('Enter');
    await expect.poll(tab).toContain(`${target.pid}0 (${sleeping.pid})`);
  });

  test('to a zombie says that it has ended', async () => {
    const target = await start();
    const zombie = Number(await target.ask('zombie'));
    expect(await refused(zombie)).toMatch(/exited|ended|zombie/i);
  });
});

describe('in a view', () => {
  let target: RunningTarget;
  let view: MemoryView;

  beforeEach(async () => {
    target = await start();
    await workbench.runCommand('View: Close All Editors');
    view = await attachFromPalette(workbench, target.pid);
  });

  /** Maps `pages` pages full of 0x11, 0x12, …. */
  const map = async (pages: number, access: string): Promise<Address> =>
    BigInt(await target.ask(`map ${pages} ${access} 17`));
  const peek = (address: Address, length: number): Promise<string> =>
    target.ask(`peek ${address.toString(16)} ${length}`);

  test.each([
    ['0x10', /nothing is mapped at 0x10/i],
    ['zzz', /"?zzz"?/],
    ['0x1ffffffffffffffff', /past 2\^64/],
    ['[heap]+', /ends where an address should follow/],
    ['*0x10', /0x10/],
  ])('the address %s is refused with the reason, and the view stays where it was', async (expression, reason) => {
    const before = await view.status().locator('.address').textContent();
    await view.goTo(expression);
    await expect.poll(() => view.notice().textContent()).toMatch(reason);
    expect(await view.status().locator('.address').textContent()).toBe(before);
    await view.goTo('[heap]');
    await expect.poll(() => view.status().locator('.label').textContent()).toBe('[heap]');
  });

  test('typing into a read-only page asks for a second, explicit step, and Cancel leaves it alone', async () => {
    const page = await map(1, 'r--');
    await view.goTo(printAddress(page));
    await expect.poll(() => view.bytes(page), { timeout: 5000 }).toMatch(/^11 11/);
    await workbench.page.keyboard.type('ff');
    await workbench.dialog().waitFor();
    expect(await workbench.dialog().textContent()).toMatch(/protected memory.*anyway/i);
    await workbench.screenshot('write-anyway-dark');
    await workbench.pressInDialog('Cancel');
    await expect.poll(() => view.notice().textContent()).toMatch(/r--p|read-only|not writ/i);
    expect(await peek(page, 2)).toBe('1111');

    await view.frame.locator('.grid').focus();
    await view.goTo(printAddress(page));
    await workbench.page.keyboard.type('ff');
    await workbench.pressInDialog('Write Anyway');
    await expect.poll(() => peek(page, 2)).toBe('ff11');
  });

  test('a paste across the end of what can be written lands nowhere', async () => {
    const pages = await map(2, 'rw-');
    await target.ask(`protect ${(pages + 4096n).toString(16)} 1 r--`);
    const start = pages + 4094n;
    await view.goTo(printAddress(start));
    await expect.poll(() => view.status().locator('.access').textContent(), { timeout: 5000 }).toBe('rw-p');
    await paste('aa bb cc dd');
    await workbench.pressInDialog('Cancel');
    await expect.poll(() => view.notice().textContent()).toMatch(/0x[0-9a-f]+/);
    expect(await peek(start, 4)).toBe('11111212');
  });

  test('a paste that is not hex, or longer than the region, lands nowhere', async () => {
    const page = await map(1, 'rw-');
    await view.goTo(printAddress(page + 4094n));
    await expect.poll(() => view.status().locator('.access').textContent(), { timeout: 5000 }).toBe('rw-p');
    await paste('aa zz');
    await expect.poll(() => view.notice().textContent()).toMatch(/"zz" is not hexadecimal.*Nothing was written/);
    // As long as all that is mapped from here on, and one byte more than fits in any case.
    await paste('aa '.repeat(5_000_000));
    await expect.poll(() => view.notice().textContent(), { timeout: 20_000 }).toMatch(/Nothing was written/);
    expect(await peek(page + 4094n, 2)).toBe('1111');
  });

  test('a page that is unmapped under the view becomes ?? and a write to it says so', async () => {
    const page = await map(1, 'rw-');
    await view.goTo(printAddress(page));
    await expect.poll(() => view.bytes(page), { timeout: 5000 }).toMatch(/^11 11/);
    await target.ask(`protect ${page.toString(16)} 1 ---`);
    await expect.poll(() => view.bytes(page), { timeout: 5000 }).toMatch(/^\?\? \?\?/);
    expect(await view.row(page).getAttribute('title')).toMatch(/PROT_NONE/);
    await target.ask(`unmap ${page.toString(16)} 1`);
    await workbench.page.keyboard.type('ff');
    await expect.poll(() => view.notice().textContent()).toMatch(/mapped/i);
  });

  const paste = (text: string): Promise<void> =>
    view.frame.locator('.grid').evaluate((grid, data) => {
      (grid as HTMLElement).focus();
      const transfer = new DataTransfer();
      transfer.setData('text/plain', data);
      document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer, cancelable: true }));
    }, text);
});

test('nothing went wrong behind the scenes', () => {
  expect(workbench.errors).toEqual([]);
  expect(vscode.log()).not.toMatch(/unhandled|rejected promise not handled/i);
});
