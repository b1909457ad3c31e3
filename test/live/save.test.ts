import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { saveBytesMax } from '../../common/limits.ts';
import { pageBytes } from '../../common/page.ts';
import { connectTo, isRoot, startScratch, text, until } from './support.ts';

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'live-memory-save-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('save writes the bytes, lists what could not be read, and leaves holes there', async () => {
  const target = await startScratch();
  const at = await target.map(1000, 'rw', 1);
  await target.unmap(at + 300n * 4096n, 1);
  await target.protect(at + 301n * 4096n, 2, '-');
  await target.protect(at + 999n * 4096n, 1, '-');
  const agent = await connectTo(target.pid);
  const file = join(folder(), 'saved.bin');
  const length = 1000 * pageBytes - 100;
  const saved = await agent.channel.call('save', { id: 1, range: { start: text(at + 100n), length }, file });
  expect(saved.unreadable).toEqual([
    { range: { start: text(at + 300n * 4096n), length: pageBytes }, reason: 'not mapped' },
    { range: { start: text(at + 301n * 4096n), length: 2 * pageBytes }, reason: 'mapped without access (PROT_NONE)' },
    { range: { start: text(at + 999n * 4096n), length: pageBytes }, reason: 'mapped without access (PROT_NONE)' },
  ]);
  expect(saved.savedBytes).toBe(length - 4 * pageBytes);
  const bytes = readFileSync(file);
  expect(bytes).toHaveLength(length);
  const expected = Buffer.alloc(1000 * pageBytes);
  for (let page = 0; page < 1000; page++) {
    if (![300, 301, 302, 999].includes(page))
      expected.fill((page + 1) & 0xff, page * pageBytes, (page + 1) * pageBytes);
  }
  expect(bytes.equals(expected.subarray(100))).toBe(true);
});

test('save makes a file that only its owner may read, and takes the place of an old one whole', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const agent = await connectTo(target.pid);
  const file = join(folder(), 'saved.bin');
  writeFileSync(file, 'much longer than what is saved now');
  await agent.channel.call('save', { id: 1, range: { start: text(at), length: 10 }, file });
  expect([...readFileSync(file)]).toEqual(Array.from({ length: 10 }, () => 1));
  expect(statSync(file).mode & 0o077).toBe(0);
});

test('save of a vast reservation costs no call a page', async () => {
  const target = await startScratch();
  const pages = 64 * 1024 * 256;
  const at = await target.map(pages, '-');
  const agent = await connectTo(target.pid);
  const file = join(folder(), 'saved.bin');
  const begunMs = performance.now();
  const saved = await agent.channel.call('save', {
    id: 1,
    range: { start: text(at), length: pages * pageBytes },
    file,
  });
  expect(saved).toEqual({
    savedBytes: 0,
    unreadable: [
      { range: { start: text(at), length: pages * pageBytes }, reason: 'mapped without access (PROT_NONE)' },
    ],
  });
  expect(performance.now() - begunMs).toBeLessThan(2000);
});

test('save tells its progress, is cancelled, and leaves nothing behind', async () => {
  const target = await startScratch();
  const at = await target.map(100_000, 'rw', 1);
  const agent = await connectTo(target.pid);
  const place = folder();
  const saving = agent.channel.call('save', {
    id: 5,
    range: { start: text(at), length: 100_000 * pageBytes },
    file: join(place, 'saved.bin'),
  });
  const failing = expect(saving).rejects.toMatchObject({ code: 'Cancelled' });
  await until('it tells its progress', () => agent.progress.length > 0);
  expect(agent.progress[0]?.id).toBe(5);
  agent.channel.say('cancelSave', { id: 5 });
  await failing;
  expect(readdirSync(place)).toEqual([]);
});

test('save of a process that exits midway is Gone and leaves nothing behind', async () => {
  const target = await startScratch();
  const at = await target.map(100_000, 'rw', 1);
  const agent = await connectTo(target.pid);
  const place = folder();
  const saving = agent.channel.call('save', {
    id: 5,
    range: { start: text(at), length: 100_000 * pageBytes },
    file: join(place, 'saved.bin'),
  });
  const failing = expect(saving).rejects.toMatchObject({ code: 'Gone', message: saying(/has exited/) });
  await until('it tells its progress', () => agent.progress.length > 0);
  target.dispose();
  await failing;
  expect(readdirSync(place)).toEqual([]);
});

test('save lets ticks go on', async () => {
  const target = await startScratch();
  const counter = BigInt(target.facts['counter'] as string);
  await target.ask(`count ${text(counter)} 50`);
  const at = await target.map(100_000, 'rw', 1);
  const agent = await connectTo(target.pid);
  agent.channel.say('watch', { view: 1, pages: Float64Array.of(Number(counter >> 12n)) });
  await until('frames come', () => agent.frames.length > 0);
  const before = agent.frames.length;
  const begunMs = performance.now();
  await agent.channel.call('save', {
    id: 1,
    range: { start: text(at), length: 100_000 * pageBytes },
    file: join(folder(), 'saved.bin'),
  });
  const seconds = (performance.now() - begunMs) / 1000;
  expect((agent.frames.length - before) / seconds).toBeGreaterThan(20);
});

test('save refuses what cannot be, with a sentence', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const agent = await connectTo(target.pid);
  const place = folder();
  const range = { start: text(at), length: 10 };
  const refused = (request: Partial<{ range: typeof range; file: string }>): Promise<unknown> =>
    agent.channel
      .call('save', { id: 1, range, file: join(place, 'saved.bin'), ...request })
      .catch((error: unknown) => error);
  expect(await refused({ file: 'relative.bin' })).toMatchObject({ code: 'Invalid', message: saying(/absolute/) });
  expect(await refused({ file: join(place, 'missing', 'x') })).toMatchObject({
    code: 'Invalid',
    message: saying(/no folder .*missing/),
  });
  expect(await refused({ file: place })).toMatchObject({ code: 'Invalid', message: saying(/is a folder/) });
  expect(await refused({ range: { ...range, length: 0 } })).toMatchObject({ code: 'Invalid' });
  expect(await refused({ range: { start: '0x0', length: saveBytesMax + 1 } })).toMatchObject({ code: 'Limit' });
  expect(readdirSync(place)).toEqual([]);
  expect(existsSync(`${place}.part`)).toBe(false);
});

test.skipIf(!isRoot || !existsSync('/dev/full'))('save to a disk that refuses says so', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const agent = await connectTo(target.pid);
  const saving = agent.channel.call('save', { id: 1, range: { start: text(at), length: 10 }, file: '/proc/saved.bin' });
  await expect(saving).rejects.toMatchObject({ code: saying(/Denied|Invalid/) });
});

test('a save that a detach meets leaves nothing behind', async () => {
  const target = await startScratch();
  const at = await target.map(100_000, 'rw');
  await target.ask(`fill ${at.toString(16)} ${100_000 * pageBytes} 1`);
  const agent = await connectTo(target.pid);
  const where = folder();
  const saving = agent.channel
    .call('save', { id: 1, range: { start: text(at), length: 100_000 * pageBytes }, file: join(where, 'saved.bin') })
    .catch((error: unknown) => error);
  await until('the save is under way', () => readdirSync(where).length > 0);
  agent.dispose();
  await saving;
  await until('it is taken back', () => readdirSync(where).length === 0);
});
