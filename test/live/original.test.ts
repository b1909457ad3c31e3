import { expect, test } from 'vitest';
import { pageBytes, pageOf } from '../../common/page.ts';
import type { OriginalPage } from '../../common/protocol.ts';
import { addressOf, connectTo, startScratch, text } from './support.ts';

/** Told apart from what node:buffer makes of the same bytes. */
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

test('original: a page of code is the file’s, whatever a debugger has planted in it, and says what debuggers plant', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  // Run once, and over: nobody comes here again.
  const main = addressOf(target, 'main');
  const page = pageOf(main);
  const pageText = text(main & ~0xfffn);
  const before = await agent.channel.call('read', { start: pageText, length: pageBytes, faultIn: true });
  const original = (): Promise<OriginalPage> => agent.channel.call('original', { page });
  expect(hex((await original()).bytes)).toBe(hex(before.bytes));
  await agent.channel.call('write', { start: text(main), bytes: Uint8Array.of(0xcc), force: true });
  const after = await agent.channel.call('read', { start: pageText, length: pageBytes });
  expect(after.bytes[Number(main & 0xfffn)]).toBe(0xcc);
  const { bytes, breakpoint } = await original();
  expect(hex(bytes)).toBe(hex(before.bytes));
  expect(hex(breakpoint)).toBe({ x64: 'cc', arm64: '000020d4' }[process.arch as 'x64' | 'arm64']);
});

test('original: memory that is no code of a file has none, and neither has what is not mapped', async () => {
  const target = await startScratch();
  const agent = await connectTo(target.pid);
  const anonymous = await target.map(1, 'rx', 1);
  for (const address of [addressOf(target, 'heap'), addressOf(target, 'constant'), anonymous, 0n])
    expect(await agent.channel.call('original', { page: pageOf(address) })).toEqual({});
});

test('original: a page that is none is refused in words', async () => {
  const agent = await connectTo((await startScratch()).pid);
  for (const page of [-1, 1.5, 2 ** 52, NaN])
    await expect(agent.channel.call('original', { page })).rejects.toThrow(/is not a page/);
});
