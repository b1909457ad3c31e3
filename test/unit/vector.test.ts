import fc from 'fast-check';
import { expect, test } from 'vitest';
import { callBytesMax, iovecsMax } from '../../common/limits.ts';
import { pageBytes, PageState } from '../../common/page.ts';
import { localAddress } from '../../native/linux/libc.ts';
import { createVector, transfer, type Span, type Vector, type VectorCall } from '../../native/linux/vector.ts';

const { readable, unread, unmapped, noAccess } = PageState;

/** What stands at an address of the made-up target. */
const byteAt = (page: number, offset: number): number => (page * 7 + offset * 13 + (offset >> 8)) & 0xff;

interface Iovec {
  readonly base: bigint;
  readonly length: number;
}

/** A kernel in a few lines: it copies in order, byte by byte, and ends at the first page of `holes`. */
function kernel(
  vector: Vector,
  span: Span,
  holes: ReadonlySet<number>,
  written?: Map<bigint, number>,
): { call: VectorCall; calls: { locals: number; remotes: number; count: number }[] } {
  const calls: { locals: number; remotes: number; count: number }[] = [];
  const base = BigInt(localAddress(span.bytes));
  const iovecs = (words: Uint32Array, count: number): Iovec[] =>
    Array.from({ length: count }, (_, i) => ({
      base: BigInt(words[i * 4] as number) | (BigInt(words[i * 4 + 1] as number) << 32n),
      length: (words[i * 4 + 2] as number) + (words[i * 4 + 3] as number) * 2 ** 32,
    }));
  const call: VectorCall = ({ localAt: local, locals, remoteAt: remote, remotes }) => {
    const batch = vector.batches.find(({ localAt, remoteAt }) => localAt === local && remoteAt === remote);
    if (batch === undefined) throw new Error('a call with vectors that are not its own');
    const targets = iovecs(batch.local, locals);
    let at = 0;
    let used = 0;
    let count = 0;
    copying: for (const { base: from, length } of iovecs(batch.remote, remotes)) {
      for (let i = 0; i < length; i++) {
        const address = from + BigInt(i);
        if (holes.has(Number(address >> 12n))) break copying;
        while (used === targets[at]?.length) {
          at++;
          used = 0;
        }
        const index = Number((targets[at] as Iovec).base - base) + used++;
        if (index < 0 || index >= span.bytes.length) throw new Error('past the end of the buffer');
        if (written === undefined) span.bytes[index] = byteAt(Number(address >> 12n), Number(address & 0xfffn));
        else written.set(address, span.bytes[index] as number);
        count++;
      }
    }
    calls.push({ locals, remotes, count });
    return count > 0 ? count : -14;
  };
  return { call, calls };
}

function spanFor(pages: readonly number[], states: readonly PageState[], head = 0, cut = 0): Span {
  return {
    pages: Float64Array.from(pages),
    states: Uint8Array.from(states),
    bytes: new Uint8Array(new ArrayBuffer(Math.max(0, pages.length * pageBytes - head - cut))).fill(0xee),
    head,
  };
}

test('transfer() reads a contiguous range as one iovec on either side', () => {
  const vector = createVector();
  const span = spanFor([5, 6, 7, 8], [unread, unread, readable, unread], 100, 50);
  const { call, calls } = kernel(vector, span, new Set());
  expect(transfer(call, span, vector, () => unmapped)).toBe(4 * pageBytes - 150);
  expect(calls).toEqual([{ locals: 1, remotes: 1, count: 4 * pageBytes - 150 }]);
  expect([...span.states]).toEqual([readable, readable, readable, readable]);
  expect(span.bytes[0]).toBe(byteAt(5, 100));
  expect(span.bytes.at(-1)).toBe(byteAt(8, 4045));
});

test('transfer() splits at the kernel’s bound of iovecs', () => {
  const vector = createVector();
  const pages = Array.from({ length: iovecsMax * 2 + 1 }, (_, i) => i * 2);
  const span = spanFor(
    pages,
    pages.map(() => unread),
  );
  const { call, calls } = kernel(vector, span, new Set());
  transfer(call, span, vector, () => unmapped);
  expect(calls.map(({ remotes }) => remotes)).toEqual([iovecsMax, iovecsMax, 1]);
  expect(span.states.every((state) => state === readable)).toBe(true);
});

test('transfer() splits at the bytes that one call of the kernel moves at most', () => {
  const vector = createVector();
  const count = Math.ceil(callBytesMax / pageBytes) * 2 + 3;
  const span: Span = {
    pages: Float64Array.from({ length: count }, (_, i) => i + 1),
    states: new Uint8Array(count).fill(unread),
    // Memory that is asked for and never touched.
    bytes: new Uint8Array(new ArrayBuffer(count * pageBytes)),
    head: 0,
  };
  const asked: number[] = [];
  const call: VectorCall = ({ localAt }) => {
    const batch = vector.batches.find((one) => one.localAt === localAt);
    const length = batch?.remote[2] ?? 0;
    asked.push(length);
    return Math.min(length, callBytesMax);
  };
  expect(transfer(call, span, vector, () => unmapped)).toBe(count * pageBytes);
  expect(asked).toHaveLength(3);
  expect(Math.max(...asked)).toBeLessThanOrEqual(callBytesMax);
  expect(span.states.every((state) => state === readable)).toBe(true);
});

test('transfer() asks for a hole once, and then makes one call', () => {
  const vector = createVector();
  const span = spanFor([1, 2, 3, 4], [unread, unread, unread, unread]);
  const { call, calls } = kernel(vector, span, new Set([2]));
  transfer(call, span, vector, () => noAccess);
  expect(calls.map(({ count }) => count)).toEqual([pageBytes, 2 * pageBytes]);
  expect([...span.states]).toEqual([readable, noAccess, readable, readable]);
  for (let tick = 0; tick < 3; tick++) transfer(call, span, vector, () => unmapped);
  expect(calls).toHaveLength(5);
  span.states[1] = unread;
  transfer(call, span, vector, () => unmapped);
  expect([...span.states]).toEqual([readable, unmapped, readable, readable]);
});

test('transfer() marks a page readable that the caller asked for again', () => {
  const vector = createVector();
  const span = spanFor([1, 2], [unread, unread]);
  const { call } = kernel(vector, span, new Set());
  transfer(call, span, vector, () => unmapped);
  span.states[1] = unread;
  transfer(call, span, vector, () => unmapped);
  expect([...span.states]).toEqual([readable, readable]);
});

test('transfer() with stop ends at the hole, and says how many bytes landed before it', () => {
  const vector = createVector();
  const span = spanFor([1, 2, 3], [unread, unread, unread], 4090);
  const written = new Map<bigint, number>();
  const { call, calls } = kernel(vector, span, new Set([2]), written);
  expect(transfer(call, span, vector, 'stop')).toBe(6);
  expect(calls).toHaveLength(1);
  expect([...written.keys()]).toEqual([0x1ffan, 0x1ffbn, 0x1ffcn, 0x1ffdn, 0x1ffen, 0x1fffn]);
});

test('transfer() gives what is not about a page back as -errno', () => {
  const span = spanFor([1], [unread]);
  for (const errno of [3, 1, 38])
    expect(
      transfer(
        () => -errno,
        span,
        createVector(),
        () => unmapped,
      ),
    ).toBe(-errno);
});

test('transfer() of nothing makes no call', () => {
  const span = spanFor([1, 2], [unmapped, noAccess]);
  const never: VectorCall = () => {
    throw new Error('called');
  };
  expect(transfer(never, span, createVector(), () => unmapped)).toBe(0);
  expect(transfer(never, spanFor([], []), createVector(), () => unmapped)).toBe(0);
});

/** What a transfer should do, one page at a time. */
function naive(span: Span, holes: ReadonlySet<number>): { bytes: Uint8Array; states: Uint8Array } {
  const bytes = span.bytes.slice();
  const states = span.states.slice();
  span.pages.forEach((page, i) => {
    if ((states[i] as number) > unread) return;
    if (holes.has(page)) {
      states[i] = noAccess;
      return;
    }
    states[i] = readable;
    for (let offset = 0; offset < pageBytes; offset++) {
      const index = i * pageBytes + offset - span.head;
      if (index >= 0 && index < bytes.length) bytes[index] = byteAt(page, offset);
    }
  });
  return { bytes, states };
}

test('transfer() does what a loop over pages would, whatever the pages, holes, states and edges', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ page: fc.nat({ max: 40 }), state: fc.constantFrom(readable, unread, unread, unread, unmapped) }),
        { minLength: 1, maxLength: 24 },
      ),
      fc.uniqueArray(fc.nat({ max: 40 }), { maxLength: 12 }),
      fc.boolean(),
      fc.nat({ max: 4095 }),
      fc.nat({ max: 4095 }),
      (drawn, holeList, consecutive, head, cut) => {
        // A range has consecutive pages and odd edges; a plan has any pages, whole.
        const first = drawn[0]?.page ?? 0;
        const pages = drawn.map(({ page }, i) => (consecutive ? first + i : page));
        const edges = consecutive && drawn.length > 1;
        const span = spanFor(
          pages,
          drawn.map(({ state }) => state),
          edges ? head : 0,
          edges ? cut : 0,
        );
        const holes = new Set(holeList);
        const vector = createVector();
        for (let round = 0; round < 2; round++) {
          const expected = naive(span, holes);
          const { call } = kernel(vector, span, holes);
          transfer(call, span, vector, () => noAccess);
          expect([...span.states]).toEqual([...expected.states]);
          expect(Buffer.compare(span.bytes, expected.bytes)).toBe(0);
          // The second round goes over what the first has compiled, but for a hole that has opened and one that has closed.
          holes.add(pages[pages.length >> 1] as number);
          span.states[0] = unread;
        }
      },
    ),
    { numRuns: 200 },
  );
});
