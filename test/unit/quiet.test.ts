import { expect, test } from 'vitest';
import { createQuiet } from '../../extension/debug/quiet.ts';

const request = (seq: number, command: string, parameters?: unknown): unknown => ({
  ...{ type: 'request', seq, command },
  ...(parameters !== undefined && { arguments: parameters }),
});
const refusal = (to: number): { body: { error: { showUser: boolean } } } => {
  const body = { error: { id: 1, format: 'no', showUser: true } };
  return Object.assign({ body }, { type: 'response', request_seq: to, success: false });
};

function isShown(quiet: ReturnType<typeof createQuiet>, to: number): boolean {
  const message = refusal(to);
  quiet.received(message);
  return message.body.error.showUser;
}

test('the refusal of a request of ours is not for the user, once; that of anybody else’s is', () => {
  const quiet = createQuiet();
  quiet.expect('evaluate', { expression: 'x', frameId: 1 });
  quiet.sent(request(4, 'evaluate', { expression: 'y', frameId: 1 }));
  quiet.sent(request(5, 'variables', { expression: 'x', frameId: 1 }));
  quiet.sent(request(6, 'evaluate', { expression: 'x', frameId: 1 }));
  quiet.sent(request(7, 'evaluate', { expression: 'x', frameId: 1 }));
  expect([4, 5, 6, 7].map((seq) => isShown(quiet, seq))).toEqual([true, true, false, true]);
  expect(isShown(quiet, 6)).toBe(true);
});

test('a request that never went off is forgotten', () => {
  const quiet = createQuiet();
  const answered = quiet.expect('threads', {});
  answered();
  quiet.sent(request(1, 'threads', {}));
  expect(isShown(quiet, 1)).toBe(true);
});

test('an adapter may answer anything', () => {
  const quiet = createQuiet();
  for (const body of [undefined, null, 5, {}, { error: 'no' }, { error: null }]) {
    quiet.expect('threads', {});
    quiet.sent(request(1, 'threads', {}));
    expect(() => quiet.received({ type: 'response', request_seq: 1, body })).not.toThrow();
  }
  expect(() => [null, 7, 'x', {}].forEach((message) => (quiet.sent(message), quiet.received(message)))).not.toThrow();
});
