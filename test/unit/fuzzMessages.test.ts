import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress } from '../../common/address.ts';
import { createChannel, type Port } from '../../common/channel.ts';
import { errorFrom, MemoryError, printError, type WireError } from '../../common/error.ts';
import { isValidRange } from '../../common/range.ts';
import { pidMax } from '../../common/limits.ts';
import type { Place } from '../../common/protocol.ts';
import {
  isMenuContext,
  parsePid,
  parseSaveArgument,
  parseSaveText,
  parseTargetArgument,
} from '../../extension/arguments.ts';
import { allowedChoices, choiceNames, choicesFrom } from '../../extension/choices.ts';
import { parseAttachLink } from '../../extension/uri.ts';
import { placeFrom, viewStateFrom } from '../../extension/viewState.ts';
import { hostileName, hostileValue } from './hostile.ts';

/* What the other end of a wire, a link, a task or an older version's state may hold: anything. */

interface Echo {
  readonly calls: { echo: [number, number] };
  readonly says: { hello: unknown };
}
interface Nobody {
  readonly calls: Record<never, never>;
  readonly says: Record<never, never>;
}

/** A channel whose other end is in the test's own hands. */
function wire(): { port: Port; receive: (message: unknown) => void; posted: Record<string, unknown>[] } {
  const posted: Record<string, unknown>[] = [];
  let receiver: (message: unknown) => void = () => undefined;
  return {
    port: {
      post: (message) => void posted.push(message as Record<string, unknown>),
      listen: (receive) => void (receiver = receive),
    },
    receive: (message) => receiver(message),
    posted,
  };
}

/** A message of ours with anything in the place of its fields. */
const hostileMessage = fc.oneof(
  hostileValue,
  fc.record(
    {
      call: fc.oneof(fc.constantFrom('echo', 'toString', '__proto__', ''), hostileValue),
      say: fc.oneof(fc.constantFrom('hello', 'constructor', 'hasOwnProperty'), hostileValue),
      reply: fc.oneof(fc.constantFrom(0, -1, 4, 5, '1', 1.5, NaN, null), hostileValue),
      id: fc.oneof(fc.nat(5), hostileValue),
      body: hostileValue,
      error: fc.oneof(fc.record({ code: hostileValue, message: hostileValue }), hostileValue),
    },
    { requiredKeys: [] },
  ),
);

/** Whether a message is a well-formed answer to a call that is waiting. */
function answers(message: unknown, ids: readonly number[]): boolean {
  return typeof message === 'object' && message !== null && ids.includes((message as { reply: number }).reply);
}

test('a channel takes any message without throwing, and settles no call but the one that an answer names', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(hostileMessage, { maxLength: 10 }), async (noise) => {
      const { port, receive, posted } = wire();
      const heard: unknown[] = [];
      createChannel<Echo, Nobody>(port, { echo: (value) => value }, { hello: (body) => void heard.push(body) });
      const other = wire();
      const channel = createChannel<Nobody, Echo>(other.port, {}, {});
      const calls = [1, 2, 3].map((value) => channel.call('echo', value));
      const ids = other.posted.map(({ id }) => id as number);
      for (const message of noise) {
        receive(message);
        if (!answers(message, ids)) other.receive(message);
      }
      // The right answers come last and out of order; each finds the call that is its own.
      for (const at of [2, 0, 1]) other.receive({ reply: ids[at], body: at + 1 });
      expect(await Promise.all(calls)).toEqual([1, 2, 3]);
      receive({ call: 'echo', id: 'the last', body: 7 });
      receive({ call: 'echo', id: 1000, body: 7 });
      await new Promise((resolve) => setImmediate(resolve));
      expect(posted.find(({ reply }) => reply === 1000)).toEqual({ reply: 1000, body: 7 });
      for (const { reply } of posted) expect(typeof reply).toBe('number');
    }),
    { numRuns: 500 },
  );
});

test('an answer with any error at all rejects its call with an Error that has a text', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc
        .oneof(hostileValue, fc.record({ code: hostileValue, message: hostileValue }, { requiredKeys: [] }))
        .filter((error) => error !== undefined),
      async (error) => {
        const { port, receive, posted } = wire();
        const channel = createChannel<Nobody, Echo>(port, {}, {});
        const call = channel.call('echo', 1);
        receive({ reply: posted[0]?.['id'], error });
        const reason: unknown = await call.then(
          () => 'resolved',
          (thrown: unknown) => thrown,
        );
        expect(reason).toBeInstanceOf(Error);
        expect(typeof (reason as Error).message).toBe('string');
      },
    ),
    { numRuns: 500 },
  );
});

test('an error crosses a wire as it is, whatever its text', () => {
  fc.assert(
    fc.property(hostileName, fc.option(fc.nat(), { nil: undefined }), (message, landed) => {
      const error = new MemoryError('Protected', message, landed === undefined ? {} : { landed });
      const back = errorFrom(JSON.parse(JSON.stringify(printError(error))) as WireError);
      expect(back).toEqual(error);
      expect(back).toMatchObject({ code: 'Protected', message });
    }),
  );
});

function refusal(run: () => unknown): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}

test('arguments of commands are taken or refused with a sentence', () => {
  const argument = fc.oneof(
    hostileValue,
    // One that is right but for its numbers, which may be past their bounds.
    fc.record({
      pid: fc.integer({ min: -1, max: 5_000_000 }),
      start: fc.oneof(fc.bigInt({ min: -1n, max: 2n ** 65n }), fc.nat()),
      length: fc.oneof(fc.integer(), fc.constantFrom(0, 1, 1.5, NaN, Infinity, 2 ** 53, '0x10', true)),
      file: fc.constantFrom('/tmp/x', undefined),
    }),
    fc.record(
      {
        pid: fc.oneof(fc.nat(), hostileName, hostileValue),
        address: fc.oneof(hostileName, hostileValue),
        start: fc.oneof(fc.constant('0x10'), fc.bigInt(), hostileValue),
        length: fc.oneof(fc.integer(), fc.double(), hostileValue),
        file: fc.oneof(fc.constant('/tmp/x'), hostileValue),
      },
      { requiredKeys: [] },
    ),
  );
  fc.assert(
    fc.property(argument, (value) => {
      isMenuContext(value);
      for (const run of [() => parseTargetArgument(value), () => parseSaveArgument(value), () => parsePid(value)]) {
        const error = refusal(run);
        if (error !== undefined) expect(error).toMatchObject({ name: 'MemoryError', code: 'Invalid' });
      }
      if (refusal(() => parseSaveArgument(value)) !== undefined) return;
      const { pid, range } = parseSaveArgument(value);
      expect(pid >= 1 && pid <= pidMax && range.length >= 1 && isValidRange(range)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('what is typed to save is taken or refused with a sentence', () => {
  const pieces = fc
    .array(fc.constantFrom('[heap]', '+', '0x', '9', '1e3', ' ', '\t', '4096', 'K', 'GiB', '-', '9'.repeat(30)), {
      maxLength: 8,
    })
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(fc.string(), hostileName, pieces), (text) => {
      const error = refusal(() => parseSaveText(text));
      if (error !== undefined) {
        expect(error).toMatchObject({ name: 'MemoryError', code: 'Invalid' });
        return;
      }
      const { expression, length } = parseSaveText(text);
      expect(Number.isSafeInteger(length) && length >= 1 && expression.trim() !== '').toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('a link is taken or refused with a sentence, and never lets through what is not plain text', () => {
  const part = fc.oneof(
    fc.constantFrom('pid=1', 'pid=4242', 'pid=0', 'pid', 'address=[heap]+0x40', 'address=', '&', '=', '%26', 'PID=1'),
    hostileName.map((name) => `address=${name}`),
  );
  fc.assert(
    fc.property(
      fc.constantFrom('/attach', '/', '', '/Attach', '/attach/'),
      fc.oneof(
        fc.string(),
        fc.array(part, { maxLength: 4 }).map((parts) => parts.join('&')),
      ),
      (path, query) => {
        const error = refusal(() => parseAttachLink(path, query));
        if (error !== undefined) {
          expect(error).toMatchObject({ name: 'MemoryError', code: 'Invalid' });
          return;
        }
        const { pid, address } = parseAttachLink(path, query);
        expect(path).toBe('/attach');
        expect(pid >= 1 && pid <= pidMax).toBe(true);
        expect(address ?? 'x').toMatch(/^[\x20-\x7e]+$/);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a stored state gives a view, with only what makes sense of it, or none', () => {
  const address = fc.oneof(
    fc.constantFrom('0x10', '0xffffffffffffffff', '0x10000000000000000', '16', '0x'),
    hostileValue,
  );
  const place = fc.oneof(
    fc.record({ top: address, selection: fc.oneof(fc.record({ anchor: address, caret: address }), hostileValue) }),
    hostileValue,
  );
  const facts = fc.oneof(
    fc.constant({ pid: 42, startTime: '17' }),
    fc.record({
      pid: fc.oneof(fc.nat(), hostileValue),
      startTime: fc.oneof(fc.constant('17'), hostileValue),
      name: hostileValue,
    }),
    hostileValue,
  );
  const choices = fc.oneof(
    fc.record({
      unit: fc.oneof(fc.constantFrom('u32', 'hex8'), hostileValue),
      bytesPerRow: fc.oneof(fc.constantFrom(16, 17, '16'), hostileValue),
    }),
    hostileValue,
  );
  const stored = fc.oneof(hostileValue, fc.record({ facts, place, choices }, { requiredKeys: [] }));
  const checkPlace = (found: Place | undefined): void => {
    if (found === undefined) return;
    const { top, selection } = found;
    for (const text of [top, ...(selection === undefined ? [] : [selection.anchor, selection.caret])])
      expect(parseAddress(text)).toBeDefined();
  };
  fc.assert(
    fc.property(stored, place, choices, (value, somewhere, chosen) => {
      checkPlace(placeFrom(somewhere));
      const made = choicesFrom(chosen);
      for (const name of choiceNames) expect(allowedChoices[name]).toContain(made[name]);
      const state = viewStateFrom(value);
      if (state === undefined) return;
      expect(typeof state.facts.pid).toBe('number');
      for (const field of ['startTime', 'name', 'user', 'commandLine', 'executable'] as const)
        expect(typeof state.facts[field]).toBe('string');
      checkPlace(state.place);
    }),
    { numRuns: 1000 },
  );
});
