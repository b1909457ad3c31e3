import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { holding, saying } from '../saying.ts';
import { pageBytes } from '../../common/page.ts';
import { findRegion, regionName } from '../../common/region.ts';
import { writeBytesMax } from '../../common/limits.ts';
import { addressOf, attachTo, startScratch, text } from './support.ts';

const four = Uint8Array.of(0xa1, 0xa2, 0xa3, 0xa4);

test('write() lands across a page border, holds, and gives what was there', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  const source = await attachTo(target.pid);
  const written = await source.write({ start: at + 4094n, length: 4 }, four);
  expect(written).toEqual({ before: Uint8Array.of(1, 1, 2, 2), held: true });
  expect(Buffer.from(await target.peek(at + 4092n, 8)).toString('hex')).toBe('0101a1a2a3a40202');
});

test('write() of a mebibyte and an odd number of bytes lands whole', async () => {
  const target = await startScratch();
  const at = await target.map(300, 'rw', 1);
  const source = await attachTo(target.pid);
  const bytes = Uint8Array.from({ length: 1024 * 1024 + 77 }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  await source.write({ start: at + 123n, length: bytes.length }, bytes);
  const back = new Uint8Array(bytes.length);
  await source.readInto({ start: at + 123n, length: bytes.length }, back);
  expect(Buffer.compare(back, bytes)).toBe(0);
});

test.each([
  ['first', 0n, 2],
  ['middle', 1n, 3],
  ['last', 2n, 3],
])('write() across a hole that is the %s page is refused before a byte lands', async (_, hole, pages) => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.unmap(at + hole * 4096n, 1);
  const source = await attachTo(target.pid);
  const length = pages * pageBytes - 100;
  const writing = source.write({ start: at + 50n, length }, new Uint8Array(length).fill(0xee));
  const first = hole === 0n ? at + 50n : at + hole * 4096n;
  await expect(writing).rejects.toMatchObject({
    code: 'Unmapped',
    message: holding(`Nothing is mapped at ${text(first)}. Nothing was written.`),
  });
  for (const page of [0n, 1n, 2n].filter((page) => page !== hole)) {
    expect((await target.peek(at + page * 4096n, pageBytes)).every((byte) => byte === Number(page) + 1)).toBe(true);
  }
});

test('write() into a page that ends in a read-only one is refused before a byte lands', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  await target.protect(at + 4096n, 1, 'r');
  const source = await attachTo(target.pid);
  await expect(source.write({ start: at + 4094n, length: 4 }, four)).rejects.toMatchObject({
    code: 'Protected',
    message: saying(new RegExp(`${text(at + 4096n)} lies in .*r--p.*Nothing was written.*Write anyway`)),
  });
  expect([...(await target.peek(at + 4094n, 4))]).toEqual([1, 1, 2, 2]);
});

test('write() with force passes over read-only and PROT_NONE', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 1);
  await target.protect(at, 1, 'r');
  await target.protect(at + 4096n, 1, '-');
  const source = await attachTo(target.pid);
  expect(await source.write({ start: at + 4094n, length: 4 }, four, { force: true })).toEqual({
    before: Uint8Array.of(1, 1, 2, 2),
    held: true,
  });
  await target.protect(at, 2, 'rw');
  expect([...(await target.peek(at + 4094n, 4))]).toEqual([...four]);
});

test('write() to the program’s own constants needs force, and then the program sees it', async () => {
  const target = await startScratch();
  const at = addressOf(target, 'constant');
  const source = await attachTo(target.pid);
  await expect(source.write({ start: at, length: 4 }, four)).rejects.toMatchObject({
    code: 'Protected',
    message: saying(/scratch \(r--p\)/),
  });
  const { before } = await source.write({ start: at, length: 4 }, four, { force: true });
  expect(Buffer.from(before).toString()).toBe('this');
  expect([...(await target.peek(at, 4))]).toEqual([...four]);
});

test('write() by force never helps where nothing is mapped, nor in what the kernel owns', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  await expect(source.write({ start: 8n, length: 4 }, four, { force: true })).rejects.toMatchObject({
    code: 'Unmapped',
  });
  const { table } = source;
  const vvar = table.nameOf.findIndex((_, i) => regionName(table, i) === '[vvar]');
  for (const start of [vvar < 0 ? undefined : BigInt(table.starts[vvar] as number) * 4096n, 0xffff_ffff_ff60_0000n]) {
    if (start === undefined || findRegion(table, Number(start >> 12n)) < 0) continue;
    await expect(source.write({ start, length: 4 }, four, { force: true })).rejects.toMatchObject({
      code: 'Protected',
      message: saying(/belongs to the kernel.*Nothing was written/),
    });
  }
});

test('write() past the end of a mapped file is refused before a byte lands', async () => {
  const target = await startScratch();
  const file = join(tmpdir(), `live-memory-${process.pid}-short`);
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 2 4096`));
  const source = await attachTo(target.pid);
  await expect(source.write({ start: at + 4094n, length: 4 }, four)).rejects.toMatchObject({
    code: 'Protected',
    message: saying(/Nothing was written/),
  });
  expect([...(await target.peek(at + 4094n, 2))]).toEqual([0, 0]);
});

test('write() with `expect` refuses when the program has moved on, and writes when it has not', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const source = await attachTo(target.pid);
  const { before } = await source.write({ start: at, length: 4 }, four);
  await target.ask(`fill ${(at + 2n).toString(16)} 1 0x77`);
  await expect(source.write({ start: at, length: 4 }, before, { expect: four })).rejects.toMatchObject({
    code: 'Conflict',
    message: holding(`at ${text(at + 2n)} there is 77 now, not a3. Nothing was written.`),
  });
  expect([...(await target.peek(at, 4))]).toEqual([0xa1, 0xa2, 0x77, 0xa4]);
  await source.write({ start: at, length: 4 }, before, { expect: Uint8Array.of(0xa1, 0xa2, 0x77, 0xa4) });
  expect([...(await target.peek(at, 4))]).toEqual([1, 1, 1, 1]);
});

test('write() after exec is Gone and leaves the new image as it is, at the same addresses', async () => {
  const target = await startScratch({ flags: ['-no-pie'] });
  const at = addressOf(target, 'known');
  const source = await attachTo(target.pid);
  await source.write({ start: at, length: 4 }, four);
  target.send('exec');
  const facts = JSON.parse(await target.nextLine()) as Record<string, string>;
  expect(BigInt(facts['known'] as string)).toBe(at);
  for (const force of [false, true]) {
    await expect(source.write({ start: at, length: 4 }, four, { force })).rejects.toMatchObject({
      code: 'Gone',
      message: saying(/exec/),
    });
  }
  expect(Buffer.from(await target.peek(at, 16)).toString()).toBe('live-memory-test');
});

test('write() after exit is Gone', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  target.send('exit');
  await target.exited;
  await expect(source.write({ start: addressOf(target, 'known'), length: 4 }, four)).rejects.toMatchObject({
    code: 'Gone',
    message: saying(/has exited/),
  });
});

test('write() of more than the bound, past 2^64 or of another length is refused', async () => {
  const target = await startScratch();
  const source = await attachTo(target.pid);
  const start = addressOf(target, 'known');
  await expect(
    source.write({ start, length: writeBytesMax + 1 }, new Uint8Array(writeBytesMax + 1)),
  ).rejects.toMatchObject({ code: 'Limit' });
  await expect(source.write({ start: 2n ** 64n - 2n, length: 4 }, four)).rejects.toMatchObject({ code: 'Invalid' });
  await expect(source.write({ start, length: 3 }, four)).rejects.toMatchObject({ code: 'Invalid' });
  expect(await source.write({ start, length: 0 }, new Uint8Array(0))).toEqual({
    before: new Uint8Array(0),
    held: true,
  });
});
