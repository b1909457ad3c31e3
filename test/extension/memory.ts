import type { FrameLocator, Locator } from 'playwright-core';
import { printAddress, type Address } from '../../common/address.ts';
import { addressOfPage, pageOf } from '../../common/page.ts';
import { attach } from '../../native/attach.ts';
import { createPlan } from '../../native/source.ts';
import type { Workbench } from './workbench.ts';

/** A memory view in the workbench, worked as a user works it. */
export interface MemoryView {
  readonly frame: FrameLocator;
  /** The row of bytes that holds an address, 16 to a row. */
  row(address: Address): Locator;
  /** The bytes of a row as the view shows them: `48 65 6c …`. */
  bytes(address: Address): Promise<string>;
  /** One of them. */
  byte(address: Address): Promise<string | undefined>;
  text(address: Address): Promise<string>;
  goTo(expression: string): Promise<void>;
  /** What the bar above the value line says. */
  notice(): Locator;
  status(): Locator;
}

/** Attaches through the palette's list of processes, as a user does. */
export async function attachFromPalette(workbench: Workbench, pid: number): Promise<MemoryView> {
  await markOld(workbench);
  await chooseProcess(workbench, pid);
  await workbench.view().locator('#app:not([data-old]) .row[data-address]').first().waitFor();
  return memoryView(workbench);
}

/** Opens the list of processes, types a pid and takes what is offered for it. */
export async function chooseProcess(workbench: Workbench, pid: number): Promise<void> {
  await openProcessList(workbench);
  await workbench.page.locator('.quick-input-widget:visible input.input').fill(String(pid));
  await workbench
    .quickPicks()
    .filter({ has: workbench.page.locator('.label-name', { hasText: new RegExp(`process ${pid}$`) }) })
    .click();
}

/** Opens the list of processes and waits for it: what the palette leaves on the screen for a moment is not it. */
export async function openProcessList(workbench: Workbench): Promise<void> {
  await workbench.runCommand('Live Memory: Attach to Process…');
  await workbench.page.locator('.quick-input-widget:visible input[placeholder^="Type a name"]').waitFor();
  await workbench.quickPicks().first().waitFor();
}

/** The view that can be seen stays on the screen until the next one is there: it must not be taken for that one. */
export async function markOld(workbench: Workbench): Promise<void> {
  const app = workbench.view().locator('#app');
  if ((await app.count()) > 0) await app.evaluate((element) => element.setAttribute('data-old', ''));
}

export async function memoryView(workbench: Workbench, index = 0): Promise<MemoryView> {
  const frame = workbench.view(index);
  await frame.locator('.row[data-address]').first().waitFor({ timeout: 30_000 });
  const row = (address: Address): Locator => frame.locator(`.row[data-address="${printAddress(address & ~0xfn)}"]`);
  const bytes = async (address: Address): Promise<string> =>
    ((await row(address).locator('.bytes').textContent()) ?? '').trim();
  return {
    frame,
    row,
    bytes,
    async byte(address) {
      const inSixteen = (await bytes(address)).split(' ')[Number(address & 0xfn)];
      if (inSixteen !== undefined) return inSixteen;
      // A narrow view has rows of eight.
      const eight = frame.locator(`.row[data-address="${printAddress(address & ~7n)}"] .bytes`);
      return (await eight.count()) === 0
        ? undefined
        : (await eight.textContent())?.trim().split(' ')[Number(address & 7n)];
    },
    text: async (address) => (await row(address).locator('.text').textContent()) ?? '',
    async goTo(expression) {
      const box = frame.locator('.address-box input');
      await box.fill(expression);
      await box.press('Enter');
      // The rows have the keyboard again when the address is found; the bar says why where it is not.
      await frame.locator('.grid:focus, .notice[data-severity=error]:visible').first().waitFor();
    },
    notice: () => frame.locator('.notice .message'),
    status: () => frame.locator('.status'),
  };
}

/** Where a process holds some bytes in memory that it can write; for programs that do not tell. */
export async function findBytes(pid: number, needle: Uint8Array): Promise<Address[]> {
  const process = await attach(pid);
  const found: Address[] = [];
  try {
    for (const region of await process.regions()) {
      if (!region.access.startsWith('rw')) continue;
      const first = pageOf(region.start);
      const count = pageOf(region.end) - first;
      // Chunks share a page, so that nothing is missed between two.
      for (let at = 0; at < count; at += 255) {
        const plan = createPlan(Array.from({ length: Math.min(256, count - at) }, (_, i) => first + at + i));
        await process.read(plan);
        const bytes = Buffer.from(plan.bytes.buffer);
        for (let hit = bytes.indexOf(needle); hit >= 0; hit = bytes.indexOf(needle, hit + 1)) {
          const address = addressOfPage(first + at) + BigInt(hit);
          if (!found.includes(address)) found.push(address);
        }
      }
    }
  } finally {
    process.dispose();
  }
  return found;
}
