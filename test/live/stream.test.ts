import { expect, test } from 'vitest';
import { regionLookMsMin } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import { attachTo, pause, startScratch } from './support.ts';

const page = BigInt(pageBytes);
const { absent, noAccess, readable, unmapped } = PageState;

test('stream() gives what was mapped, opened, closed or unmapped since it began, to whoever is slow to take it', async () => {
  const target = await startScratch();
  const at = await target.map(2000, 'rw', 1);
  const hex = (index: number): string => (at + BigInt(index) * page).toString(16);
  await target.unmap(at + 600n * page, 400);
  await target.protect(at + 1200n * page, 100, '-');
  await target.ask(`drop ${hex(1800)} 200`);
  const source = await attachTo(target.pid);
  const holes: [from: number, pages: number, state: PageState][] = [];
  let taken = 0;
  for await (const { range, state, bytes } of source.stream({ start: at, length: 2000 * pageBytes })) {
    if (taken++ === 0) {
      await target.ask(`map 400 rw 601 ${hex(600)}`);
      await target.protect(at + 1200n * page, 100, 'r');
      await target.unmap(at + 1500n * page, 50);
      await target.protect(at + 1600n * page, 50, '-');
      await target.unmap(at + 1850n * page, 50);
      await pause(regionLookMsMin + 20);
    }
    const from = Number((range.start - at) / page);
    if (state !== readable) holes.push([from, range.length / pageBytes, state]);
    for (let i = 0; i < bytes.length; i += pageBytes) expect(bytes[i]).toBe((from + i / pageBytes + 1) & 0xff);
  }
  expect(holes).toEqual([
    [1500, 50, unmapped],
    [1600, 50, noAccess],
    [1800, 50, absent],
    [1850, 50, unmapped],
    [1900, 100, absent],
  ]);
});
