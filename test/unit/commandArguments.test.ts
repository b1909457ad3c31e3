import { describe, expect, it } from 'vitest';
import { MemoryError } from '../../common/error.ts';
import { isMenuContext, parseSaveArgument, parseSaveText, parseTargetArgument } from '../../extension/arguments.ts';
import { parseAttachLink } from '../../extension/uri.ts';

const invalid = (run: () => unknown): void => {
  expect(run).toThrow(MemoryError);
  try {
    run();
  } catch (error) {
    expect((error as MemoryError).code).toBe('Invalid');
  }
};

describe('parseTargetArgument', () => {
  it('takes nothing, a pid as a number or as text, and an address as text, number or bigint', () => {
    expect(parseTargetArgument(undefined)).toEqual({});
    expect(parseTargetArgument({ pid: 42, address: '[heap]+0x40' })).toEqual({ pid: 42, address: '[heap]+0x40' });
    expect(parseTargetArgument({ pid: '42', address: 4096 })).toEqual({ pid: 42, address: '4096' });
    expect(parseTargetArgument({ address: 2n ** 64n - 1n })).toEqual({ address: '0xffffffffffffffff' });
  });

  it('takes what menus pass as nothing', () => {
    for (const value of [undefined, null, { webview: 'liveMemory.view' }, { groupId: 1 }, { fsPath: '/a' }]) {
      expect(isMenuContext(value)).toBe(true);
      expect(parseTargetArgument(value)).toEqual({});
    }
  });

  it('refuses everything else with a sentence', () => {
    for (const value of [
      5,
      'redis',
      [],
      { pid: 0 },
      { pid: -1 },
      { pid: 1.5 },
      { pid: 1e9 },
      { pid: '12x' },
      { pid: {} },
      { pid: null },
    ]) {
      invalid(() => parseTargetArgument(value));
    }
    for (const address of ['', -1, 1.5, 2n ** 64n, -1n, {}, null, 'x'.repeat(5000)])
      invalid(() => parseTargetArgument({ address }));
  });
});

describe('parseSaveArgument', () => {
  it('takes a start as text or number, exact to 2^64', () => {
    expect(parseSaveArgument({ pid: 1, start: '0xfffffffffffff000', length: 4096, file: '/tmp/x' })).toEqual({
      pid: 1,
      range: { start: 0xfffffffffffff000n, length: 4096 },
      file: '/tmp/x',
    });
    expect(parseSaveArgument({ pid: 1, start: 4096, length: 1 }).range.start).toBe(4096n);
  });

  it('refuses ranges that make no sense and paths that are not absolute', () => {
    const good = { pid: 1, start: '0x1000', length: 16 };
    for (const wrong of [
      { length: 0 },
      { length: -1 },
      { length: 1.5 },
      { length: undefined },
      { length: 'many' },
      { length: true },
      { start: 'heap' },
      { start: -1 },
      { start: undefined },
      { start: '0xfffffffffffffff8' },
      { file: 'x.bin' },
      { file: 7 },
      { pid: undefined },
    ]) {
      invalid(() => parseSaveArgument({ ...good, ...wrong }));
    }
  });
});

describe('parseSaveText', () => {
  it('reads an expression and a length in bytes, hex or binary units', () => {
    expect(parseSaveText('[heap]+0x40 4096')).toEqual({ expression: '[heap]+0x40', length: 4096 });
    expect(parseSaveText(' libc.so.6 + 8  0x10 ')).toEqual({ expression: 'libc.so.6 + 8', length: 16 });
    expect(parseSaveText('0x1000 64K').length).toBe(65_536);
    expect(parseSaveText('0x1000 2 MiB').length).toBe(2_097_152);
  });

  it('refuses a lone address, a length of nothing and one that is too large to count', () => {
    for (const text of ['', '0x1000', '[heap] 0', '0x1000 x', '0x1000 9999999999999999'])
      invalid(() => parseSaveText(text));
  });
});

describe('parseAttachLink', () => {
  it('reads a pid and an address, whose plus stays a plus', () => {
    expect(parseAttachLink('/attach', 'pid=42')).toEqual({ pid: 42 });
    expect(parseAttachLink('/attach', 'pid=42&address=[heap]+0x40')).toEqual({ pid: 42, address: '[heap]+0x40' });
  });

  it('refuses other paths, other or repeated parameters, and anything odd in them', () => {
    for (const [path, query] of [
      ['/open', 'pid=42'],
      ['/attach', ''],
      ['/attach', 'pid'],
      ['/attach', 'pid='],
      ['/attach', 'pid=042'],
      ['/attach', 'pid=-1'],
      ['/attach', 'pid=0x10'],
      ['/attach', 'pid=99999999'],
      ['/attach', 'pid=42&pid=43'],
      ['/attach', 'pid=42&force=1'],
      ['/attach', 'pid=42&address='],
      ['/attach', 'pid=42&address=a\nb'],
      ['/attach', `pid=42&address=${'1'.repeat(5000)}`],
    ] as const) {
      invalid(() => parseAttachLink(path, query));
    }
  });
});
