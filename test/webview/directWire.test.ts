import { describe, expect, onTestFinished, test } from 'vitest';
import { pageBytes, PageState } from '../../common/page.ts';
import { createDirectWires, type DirectWire } from '../../extension/directWires.ts';
import { region } from '../region.ts';
import { sharedBrowser } from './browser.ts';
import { openOn, openViewPage, type ViewPage } from './page.ts';

const heap = 0x55d0c0a1f;

interface Connected {
  readonly view: ViewPage;
  readonly wire: DirectWire;
  /** What the page has said by the wire. */
  readonly heard: Record<string, unknown>[];
}

async function open(at?: string): Promise<ViewPage> {
  const view = await openViewPage(await sharedBrowser(), undefined, 1, at);
  onTestFinished(() => view.dispose());
  await openOn(view, [region(heap, 4, '[heap]', 'rw-p', 'heap')]);
  await view.page.locator('.row[data-address]').first().waitFor();
  return view;
}

/** Offers the page a wire, by VS Code's own; whether it has come within a second. */
async function offer(view: ViewPage): Promise<DirectWire | undefined> {
  const wires = createDirectWires(expect.unreachable);
  onTestFinished(() => wires.dispose());
  let connected: DirectWire | undefined;
  const made = await wires.offer({ connected: (wire) => (connected = wire), closed: () => undefined });
  await view.page.evaluate((url) => window.postMessage({ offer: url }, '*'), made?.url ?? '');
  for (let i = 0; i < 50 && connected === undefined; i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return connected;
}

async function connect(): Promise<Connected> {
  const view = await open('127.0.0.1');
  const wire = await offer(view);
  if (wire === undefined) throw new Error('the page has not connected');
  const heard: Record<string, unknown>[] = [];
  wire.port.listen((message) => heard.push(message as Record<string, unknown>));
  await view.page.evaluate(() => window.postMessage({ wire: 'moved' }, '*'));
  return { view, wire, heard };
}

function frame(seq: number, text: string): unknown {
  const bytes = new Uint8Array(pageBytes);
  bytes.set(new TextEncoder().encode(text));
  return {
    say: 'frame',
    body: { seq, timeMs: 0, pages: Float64Array.of(heap), states: Uint8Array.of(PageState.readable), bytes },
  };
}

const firstRow = (view: ViewPage) => view.page.locator('.row[data-address] .text').first();

describe('a page', () => {
  test('shows what comes by a direct wire, and answers by it', async () => {
    const { view, wire, heard } = await connect();
    wire.port.post(frame(1, 'Hello'));
    await expect.poll(() => firstRow(view).textContent()).toMatch(/^Hello/);
    await expect.poll(() => heard).toContainEqual({ say: 'drawn', body: { seq: 1 } });
    expect(await view.heard()).toContainEqual({ wire: 'moved' });
    expect((await view.heard()).filter(({ say }) => say === 'drawn')).toEqual([]);
  });

  test('waits with what comes by it for what was said before by VS Code’s own', async () => {
    const view = await open('127.0.0.1');
    const wire = await offer(view);
    wire?.port.post(frame(2, 'second'));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await firstRow(view).textContent()).not.toMatch(/second/);
    await view.page.evaluate(() => window.postMessage({ wire: 'moved' }, '*'));
    await expect.poll(() => firstRow(view).textContent()).toMatch(/^second/);
  });

  test('begins again by VS Code’s own where it breaks: what waited for an answer is told so, and nothing stays away', async () => {
    const { view, wire, heard } = await connect();
    const box = view.page.locator('.address-box input');
    await box.fill('main+8');
    await box.press('Enter');
    await expect.poll(() => heard.map(({ call }) => call)).toContain('resolve');
    const ready = async (): Promise<number> => (await view.heard()).filter(({ say }) => say === 'ready').length;
    expect(await ready()).toBe(1);
    wire.close();
    await expect.poll(() => view.page.locator('.notice').textContent()).toMatch(/connection broke off/);
    expect(await ready()).toBe(2);
    // Whatever broke one would break the next.
    expect(await offer(view)).toBeUndefined();
    await openOn(view, [region(heap, 4, '[heap]', 'rw-p', 'heap')]);
    await view.say('frame', (frame(1, 'again') as { body: never }).body);
    await expect.poll(() => firstRow(view).textContent()).toMatch(/^again/);
    await expect.poll(async () => (await view.heard()).filter(({ say }) => say === 'watch').length).toBeGreaterThan(1);
  });

  test('elsewhere than on this machine leaves an offer alone: 127.0.0.1 is another machine there', async () => {
    expect(await offer(await open('editor.example'))).toBeUndefined();
    expect(await offer(await open('localhost.example'))).toBeUndefined();
    expect(await offer(await open('one.localhost'))).toBeDefined();
  });
});
