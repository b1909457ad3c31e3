import { afterEach, beforeEach, expect, test } from 'vitest';
import { pageBytes, PageState } from '../../common/page.ts';
import { tableOfRegions } from '../../common/region.ts';
import { region } from '../region.ts';
import { sharedBrowser } from './browser.ts';
import { openOn, openViewPage, type ViewPage } from './page.ts';

const data = 0x55d0c0a04;
const regions = [
  region(data, 4, '/usr/bin/redis-server', 'rw-p', 'data'),
  region(data + 4, 4, '', 'rw-p', 'anonymous'),
  region(0x55d0c0a1f, 33, '[heap]', 'rw-p', 'heap'),
];

let view: ViewPage;
beforeEach(async () => {
  view = await openViewPage(await sharedBrowser());
  await openOn(view, regions);
  await view.page.locator('.row[data-address]').first().waitFor();
});
afterEach(() => view.dispose());

const label = () => view.page.locator('.status .label').textContent();
const asked = async (): Promise<unknown[]> =>
  (await view.heard()).filter(({ call }) => call === 'label').map(({ body }) => body);

async function goTo(address: `0x${string}`): Promise<void> {
  await view.say('goTo', { address });
  await expect.poll(() => view.page.locator('.status .address').textContent()).toBe(address);
}

test('the status line says the region at once, and the symbol when the host has answered', async () => {
  await goTo('0x55d0c0a04010');
  expect(await label()).toBe('redis-server+0x10');
  await expect.poll(asked).toEqual([{ address: '0x55d0c0a04010' }]);
  await view.answer('label', { label: 'redis-server!server+0x8' });
  await goTo('0x55d0c0a05020');
  await expect.poll(label).toBe('redis-server!server+0x8');
});

test('the symbol of memory without a name is shown; the heap has none and is not asked about', async () => {
  await view.answer('label', { label: 'redis-server!zeros' });
  await goTo('0x55d0c0a08000');
  await expect.poll(label).toBe('redis-server!zeros');
  const before = await asked();
  await goTo('0x55d0c0a1f040');
  await view.page.waitForTimeout(300);
  expect(await label()).toBe('[heap]+0x40');
  expect(await asked()).toEqual(before);
});

test('a caret that moves on asks for where it comes to rest, once', async () => {
  await view.answer('label', { label: 'redis-server!server' });
  await goTo('0x55d0c0a04000');
  await expect.poll(label).toBe('redis-server!server');
  const before = (await asked()).length;
  await view.page.locator('.grid').focus();
  await view.page.evaluate(() => {
    const grid = document.querySelector('.grid');
    for (let i = 0; i < 20; i++)
      grid?.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true }));
  });
  await expect.poll(asked).toHaveLength(before + 1);
  await view.page.waitForTimeout(300);
  expect((await asked()).slice(before)).toEqual([{ address: '0x55d0c0a04014' }]);
});

test('what is known stays while it is asked for again, because the regions have changed', async () => {
  await view.answer('label', { label: 'redis-server!old' });
  await goTo('0x55d0c0a04000');
  await expect.poll(label).toBe('redis-server!old');
  await view.answer('label', { label: 'redis-server!new' });
  const shown = view.page.evaluate(async () => {
    const seen = new Set<string>();
    const element = document.querySelector('.status .label');
    for (const endMs = Date.now() + 600; Date.now() < endMs; await new Promise(requestAnimationFrame))
      seen.add(element?.textContent ?? '');
    return [...seen];
  });
  await view.say('regions', tableOfRegions(regions, 2));
  expect(await shown).toEqual(['redis-server!old', 'redis-server!new']);
});

test('the pointer hint names the symbol that is pointed to', async () => {
  const bytes = new Uint8Array(pageBytes);
  new DataView(bytes.buffer).setBigUint64(0, 0x55d0c0a05020n, true);
  await goTo('0x55d0c0a04000');
  await view.answer('label', { label: 'redis-server!commands' });
  await view.say('frame', {
    seq: 1,
    timeMs: 0,
    pages: Float64Array.of(data),
    states: Uint8Array.of(PageState.readable),
    bytes,
  });
  await expect.poll(() => view.page.locator('.pointer').textContent()).toBe('→ redis-server!commands');
});
