import fc from 'fast-check';
import { MessageChannel } from 'node:worker_threads';
import { expect, test, vi } from 'vitest';
import { addressMax, parseAddress, printAddress } from '../../common/address.ts';
import { createChannel, lending, moving, type Port } from '../../common/channel.ts';
import { createDisposableStore } from '../../common/dispose.ts';
import { errorFrom, MemoryError, printError } from '../../common/error.ts';
import { createEmitter } from '../../common/event.ts';
import { addressOfPage, offsetInPage, pageBytes, pageOf, PageState } from '../../common/page.ts';
import { findRegion, printLabel, tableOfRegions, type Region } from '../../common/region.ts';
import { parseValue, printValue, unitBytes, units, unitWidth } from '../../common/value.ts';
import { portOf } from '../../native/port.ts';
import { partOnPage, pagesOf, unreadableRanges, unreadableState } from '../../native/pages.ts';

const anyAddress = fc.bigInt({ min: 0n, max: addressMax });

test('page numbers and addresses are exact over all of 2^64', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(addressOfPage(pageOf(address)) + BigInt(offsetInPage(address))).toBe(address);
      expect(parseAddress(printAddress(address))).toBe(address);
      expect(parseAddress(printAddress(address, 16))).toBe(address);
    }),
  );
  expect(pageOf(addressMax)).toBe(2 ** 52 - 1);
  for (const text of ['', '0x', '10', '0x10000000000000000', '0xg', ' 0x1', '-0x1'])
    expect(parseAddress(text)).toBeUndefined();
});

test('a value of every unit prints and parses back to the same bytes, in both orders', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...units),
      fc.constantFrom('little', 'big'),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      (unit, order, noise) => {
        const bytes = noise.slice(0, unitBytes(unit));
        const view = new DataView(bytes.buffer);
        const printed = printValue(view, 0, unit, order);
        expect(printed.length).toBeLessThanOrEqual(unitWidth(unit));
        const parsed = parseValue(printed, unit, order);
        expect(typeof parsed).not.toBe('string');
        // Every NaN prints as nan, whatever its payload.
        if (printed === 'nan')
          expect(printValue(new DataView((parsed as Uint8Array).buffer as ArrayBuffer), 0, unit, order)).toBe('nan');
        else expect([...(parsed as Uint8Array)]).toEqual([...bytes]);
      },
    ),
    { numRuns: 2000 },
  );
});

test.each([
  ['u8', '256', /does not fit u8.*0 to 255/],
  ['i8', '-129', /-128 to 127/],
  ['u64', '-1', /does not fit/],
  ['u8', 'four', /not a whole number/],
  ['f64', '1,5', /not a number/],
  ['u8', '', /not a whole number/],
  [
    'f32',
    '1e39',
    /^1e39 does not fit f32, which goes from -3\.4028235e38 to 3\.4028235e38\. Write inf for infinity\.$/,
  ],
  ['f32', '-3.4028236e38', /^-3\.4028236e38 does not fit f32.*Write -inf/],
  ['f64', '1e309', /^1e309 does not fit f64, which goes from -1\.7976931348623157e308 to/],
] as const)('parseValue(%s, "%s") is refused with a sentence', (unit, text, message) => {
  expect(parseValue(text, unit, 'little')).toMatch(message);
});

test('parseValue() rounds to the largest float what lies nearer to it than to the next, and takes infinity by its name', () => {
  const shown = (text: string, unit: 'f32' | 'f64'): string => {
    const bytes = parseValue(text, unit, 'little') as Uint8Array;
    return printValue(new DataView(bytes.buffer), 0, unit, 'little');
  };
  expect(Number(shown('3.4028235e38', 'f32'))).toBeCloseTo(Math.fround(3.4028234663852886e38), -32);
  expect(shown('1.7976931348623157e308', 'f64')).toBe('1.7976931348623157e308');
  for (const unit of ['f32', 'f64'] as const) {
    expect(shown('inf', unit)).toBe('inf');
    expect(shown('-INF', unit)).toBe('-inf');
    expect(shown('nan', unit)).toBe('nan');
    expect(shown('1e-400', unit)).toBe('0');
  }
});

function wire(): [Port, Port] {
  const listeners: ((message: unknown) => void)[] = [];
  const end = (mine: number): Port => ({
    post: (message) => void Promise.resolve().then(() => listeners[1 - mine]?.(structuredClone(message))),
    listen: (receive) => void (listeners[mine] = receive),
  });
  return [end(0), end(1)];
}

interface Adder {
  readonly calls: { add: [{ a: number; b: number }, number]; fail: [Record<string, never>, number] };
  readonly says: { hello: string };
}
interface Nobody {
  readonly calls: Record<never, never>;
  readonly says: Record<never, never>;
}

test('a channel answers calls, hears words and carries errors with their code', async () => {
  const [left, right] = wire();
  const heard: string[] = [];
  createChannel<Adder, Nobody>(
    left,
    {
      add: ({ a, b }) => a + b,
      fail: () => {
        throw new MemoryError('Protected', 'no', { landed: 3, before: Uint8Array.of(1, 2, 3) });
      },
    },
    { hello: (text) => void heard.push(text) },
  );
  const channel = createChannel<Nobody, Adder>(right, {}, {});
  channel.say('hello', 'you');
  expect(await Promise.all([channel.call('add', { a: 1, b: 2 }), channel.call('add', { a: 3, b: 4 })])).toEqual([3, 7]);
  expect(heard).toEqual(['you']);
  await expect(channel.call('fail', {})).rejects.toMatchObject({
    name: 'MemoryError',
    code: 'Protected',
    message: 'no',
    landed: 3,
    before: Uint8Array.of(1, 2, 3),
  });
});

test('an answer’s buffers are moved where it says so, and copied otherwise', async () => {
  const { port1, port2 } = new MessageChannel();
  const kept = new Uint8Array(4).fill(1);
  const given = new Uint8Array(4).fill(2);
  interface Buffers {
    readonly calls: { kept: [object, Uint8Array]; given: [object, Uint8Array] };
    readonly says: Record<never, never>;
  }
  createChannel<Buffers, Nobody>(portOf(port1), { kept: () => kept, given: () => moving(given, [given.buffer]) }, {});
  const channel = createChannel<Nobody, Buffers>(portOf(port2), {}, {});
  expect(await channel.call('kept', {})).toEqual(new Uint8Array(4).fill(1));
  expect(await channel.call('given', {})).toEqual(new Uint8Array(4).fill(2));
  expect([kept.length, given.length]).toEqual([4, 0]);
  port1.close();
});

test('what an answer is lent is given back when it has been sent, and never changes what was', async () => {
  const { port1, port2 } = new MessageChannel();
  interface Lender {
    readonly calls: { lend: [object, Uint8Array] };
    readonly says: Record<never, never>;
  }
  const bytes = new Uint8Array(4).fill(1);
  createChannel<Lender, Nobody>(portOf(port1), { lend: () => lending(bytes, () => bytes.fill(2)) }, {});
  const channel = createChannel<Nobody, Lender>(portOf(port2), {}, {});
  expect(await channel.call('lend', {})).toEqual(new Uint8Array(4).fill(1));
  expect(bytes).toEqual(new Uint8Array(4).fill(2));
  port1.close();
});

test('a channel that is closed rejects what waits and what follows', async () => {
  const [left, right] = wire();
  createChannel<Adder, Nobody>(
    left,
    { add: () => new Promise(() => undefined), fail: () => 1 },
    { hello: () => undefined },
  );
  const channel = createChannel<Nobody, Adder>(right, {}, {});
  const waiting = channel.call('add', { a: 1, b: 2 });
  channel.close(new Error('over'));
  await expect(waiting).rejects.toThrow('over');
  await expect(channel.call('fail', {})).rejects.toThrow('over');
});

test('a channel takes any message at all, and rejects a call that nobody answers', async () => {
  const [left, right] = wire();
  const heard = vi.fn();
  createChannel<Adder, Nobody>(left, { add: ({ a, b }) => a + b, fail: () => 1 }, { hello: heard });
  const channel = createChannel<
    Nobody,
    { calls: { constructor: [object, number]; toString: [object, number] }; says: Record<never, never> }
  >(right, {}, {});
  for (const noise of [null, 1, 'x', [], {}, { say: 'toString' }, { say: '__proto__' }, { reply: 99 }, { call: 'add' }])
    right.post(noise);
  await expect(channel.call('constructor', {})).rejects.toThrow(/no such call/);
  await expect(channel.call('toString', {})).rejects.toThrow(/no such call/);
  expect(heard).not.toHaveBeenCalled();
});

test('an error of our own crosses as a plain Error', () => {
  const error = errorFrom(printError(new TypeError('mistake')));
  expect(error).not.toBeInstanceOf(MemoryError);
  expect(error.message).toBe('mistake');
});

test('an emitter fires for those who listened when it fired, and a store disposes in reverse', () => {
  const emitter = createEmitter<number>();
  const heard: number[] = [];
  const first = emitter.event((value) => {
    heard.push(value);
    first.dispose();
  });
  emitter.fire(1);
  emitter.fire(2);
  expect(heard).toEqual([1]);
  const order: number[] = [];
  const store = createDisposableStore();
  store.add({ dispose: () => void order.push(1) });
  store.add({ dispose: () => void order.push(2) });
  store.dispose();
  store.add({ dispose: () => void order.push(3) });
  expect(order).toEqual([2, 1, 3]);
});

const row = (start: bigint, end: bigint, name: string, access = 'r--p'): Region => ({
  start,
  end,
  access,
  offset: 0n,
  device: '00:00',
  inode: 0,
  name,
  kind: name === '[vvar]' ? 'vdso' : 'anonymous',
});

test('findRegion() gives the region that holds a page, or the one after it', () => {
  const gaps = fc.array(fc.tuple(fc.nat({ max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 20 });
  fc.assert(
    fc.property(gaps, fc.nat({ max: 220 }), (drawn, page) => {
      let at = 0n;
      const regions = drawn.map(([gap, size]) => {
        const start = at + BigInt(gap);
        at = start + BigInt(size);
        return row(start << 12n, at << 12n, '');
      });
      const table = tableOfRegions(regions, 1);
      const address = BigInt(page) << 12n;
      const holding = regions.findIndex(({ start, end }) => start <= address && address < end);
      const after = regions.findIndex(({ start }) => start > address);
      expect(findRegion(table, page)).toBe(holding >= 0 ? holding : -1 - (after < 0 ? regions.length : after));
    }),
  );
});

test('printLabel() counts from the lowest region of a file, and from each region of its own otherwise', () => {
  const table = tableOfRegions(
    [
      row(0x1000n, 0x2000n, '/lib/a.so'),
      row(0x2000n, 0x3000n, '/lib/a.so'),
      row(0x3000n, 0x4000n, ''),
      row(0x4000n, 0x5000n, '/lib/a.so'),
      row(0x9000n, 0xa000n, '[heap]'),
    ],
    1,
  );
  expect(printLabel(table, 0x1000n)).toBe('a.so');
  expect(printLabel(table, 0x4010n)).toBe('a.so+0x3010');
  expect(printLabel(table, 0x9001n)).toBe('[heap]+0x1');
  expect(printLabel(table, 0x3001n)).toBeUndefined();
  expect(printLabel(table, 0x8000n)).toBeUndefined();
});

test('unreadableState() gives the reason that the region has', () => {
  const table = tableOfRegions(
    [
      row(0x1000n, 0x2000n, '', '---p'),
      row(0x2000n, 0x3000n, '', '--xp'),
      row(0x3000n, 0x4000n, '/file', 'r--p'),
      row(0x4000n, 0x5000n, '/dev/dri/card0', 'rw-s'),
      row(0x5000n, 0x6000n, '/dev/shm/x', 'rw-s'),
      row(0x6000n, 0x7000n, '[vvar]', 'r--p'),
      row(0x7000n, 0x8000n, '', 'rw-p'),
    ],
    1,
  );
  expect([0, 1, 2, 3, 4, 5, 6, 7].map((page) => unreadableState(table, page))).toEqual([
    PageState.unmapped,
    PageState.noAccess,
    PageState.noRead,
    PageState.beyondFile,
    PageState.special,
    PageState.beyondFile,
    PageState.special,
    PageState.special,
  ]);
});

test('pagesOf() and partOnPage() cut a range into its pages without losing or doubling a byte', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 50_000n }), fc.nat({ max: 40_000 }), (start, length) => {
      const range = { start, length };
      let at = start;
      [...pagesOf(range)].forEach((page, i) => {
        const part = partOnPage(range, i);
        expect(part.start).toBe(at);
        expect(pageOf(part.start)).toBe(page);
        expect(part.length).toBeGreaterThan(0);
        expect(part.length).toBeLessThanOrEqual(pageBytes);
        at += BigInt(part.length);
      });
      expect(at).toBe(start + BigInt(length));
    }),
  );
});

test('unreadableRanges() merges neighbours with one reason', () => {
  const { readable, unmapped, noAccess } = PageState;
  const states = Uint8Array.of(unmapped, unmapped, readable, noAccess, unmapped);
  expect(unreadableRanges({ start: 0x1800n, length: 4 * pageBytes }, states)).toEqual([
    { range: { start: 0x1800n, length: 0x1800 }, state: unmapped },
    { range: { start: 0x4000n, length: 0x1000 }, state: noAccess },
    { range: { start: 0x5000n, length: 0x800 }, state: unmapped },
  ]);
});
