import { expect, test } from 'vitest';
import { addressOfPage, PageState } from '../../common/page.ts';
import { tableOfRegions } from '../../common/region.ts';
import { around, differencesIn, printDifferences } from '../../extension/debug/differences.ts';

const region = (start: bigint, end: bigint, access: string) =>
  ({ start, end, access, name: '/bin/p', kind: 'text', offset: 0n, device: '', inode: 0 }) as const;
const table = tableOfRegions([region(0x1000n, 0x5000n, 'r-xp')], 1);
const range = { start: 0x1ff0n, length: 32 };
const readable = Uint8Array.of(PageState.readable, PageState.readable);

test('bytes that only one side can read differ, and those that neither can do not', () => {
  const bytes = new Uint8Array(32);
  const half = Uint8Array.of(PageState.readable, PageState.absent);
  const one = { bytes, states: readable };
  expect(differencesIn({ range, direct: one, through: one })).toEqual({ same: 32, unread: 0, differing: [] });
  const other = { bytes, states: half };
  expect(differencesIn({ range, direct: other, through: other })).toMatchObject({ same: 16, unread: 16 });
  const { same, differing } = differencesIn({ range, direct: one, through: other });
  expect(same).toBe(16);
  expect(differing).toEqual(Array.from({ length: 16 }, (_, i) => 0x2000n + BigInt(i)));
});

test('a row says where, shows both sides, marks what differs, and knows a planted breakpoint', () => {
  const direct = { bytes: new Uint8Array(32), states: Uint8Array.of(PageState.readable, PageState.withheld) };
  direct.bytes[3] = 0xcc;
  const through = { bytes: new Uint8Array(32), states: readable };
  through.bytes[3] = 0x8b;
  const readings = { range, direct, through };
  const text = printDifferences(readings, differencesIn(readings), table, 'debugger');
  expect(text.split('\n')).toEqual([
    '0x00001ff0   p+0xff3',
    '    process   00 00 00 cc 00 00 00 00 00 00 00 00 00 00 00 00',
    '    debugger  00 00 00 8b 00 00 00 00 00 00 00 00 00 00 00 00',
    '                       ^^',
    '    cc at 0x1ff3 is a breakpoint:',
    '    the debugger has planted it (int3), and hides it when it reads.',
    '',
    '0x00002000   p+0x1000',
    `    process   ${Array(16).fill('??').join(' ')}`,
    `    debugger  ${Array(16).fill('00').join(' ')}`,
    `              ${Array(16).fill('^^').join(' ')}`,
    '',
  ]);
});

test('around() stays in the region, and takes one page where there is none', () => {
  expect(around(table, 0x2345n, 2)).toEqual({ start: 0x1000n, length: 8192 });
  expect(around(table, 0x4345n, 16)).toEqual({ start: 0x1000n, length: 0x4000 });
  expect(around(table, addressOfPage(9) + 5n, 16)).toEqual({ start: 0x9000n, length: 4096 });
});
