import { expect, test } from 'vitest';
import { createOwnRequests, type OwnRequests } from '../../extension/debug/ours.ts';

const request = (seq: number, command: string, parameters?: unknown): Record<string, unknown> => ({
  ...{ type: 'request', seq, command },
  ...(parameters !== undefined && { arguments: parameters }),
});
const refusal = (to: number): { body: { error: { showUser: boolean } } } => {
  const body = { error: { id: 1, format: 'no', showUser: true } };
  return Object.assign({ body }, { type: 'response', request_seq: to, success: false });
};

function isShown(ours: OwnRequests, to: number): boolean {
  const message = refusal(to);
  ours.received(message);
  return message.body.error.showUser;
}

test('the refusal of a request of ours is not for the user, once; that of anybody else’s is', () => {
  const ours = createOwnRequests();
  ours.expect('evaluate', { expression: 'x', frameId: 1 });
  ours.sent(request(4, 'evaluate', { expression: 'y', frameId: 1 }), true);
  ours.sent(request(5, 'variables', { expression: 'x', frameId: 1 }), true);
  ours.sent(request(6, 'evaluate', { expression: 'x', frameId: 1 }), true);
  ours.sent(request(7, 'evaluate', { expression: 'x', frameId: 1 }), true);
  expect([4, 5, 6, 7].map((seq) => isShown(ours, seq))).toEqual([true, true, false, true]);
  expect(isShown(ours, 6)).toBe(true);
});

test('a request that never went off is forgotten', () => {
  const ours = createOwnRequests();
  ours.expect('threads', {}).end();
  ours.sent(request(1, 'threads', {}), true);
  expect(isShown(ours, 1)).toBe(true);
});

test('what comes after the program has gone on is another request, which harms no adapter; anybody else’s stays as it is', () => {
  const ours = createOwnRequests();
  const [early, late] = ['scopes', 'variables'].map((command) => ours.expect(command, { of: 3 }));
  const messages = [
    request(1, 'scopes', { of: 3 }),
    request(2, 'variables', { of: 4 }),
    request(3, 'variables', { of: 3 }),
    request(4, 'variables', { of: 3 }),
  ];
  messages.forEach((message, index) => ours.sent(message, index === 0));
  expect(messages).toEqual([
    request(1, 'scopes', { of: 3 }),
    request(2, 'variables', { of: 4 }),
    request(3, 'threads', {}),
    request(4, 'variables', { of: 3 }),
  ]);
  expect([early?.isLate, late?.isLate]).toEqual([false, true]);
  expect(isShown(ours, 3)).toBe(false);
});

test('what a write of ours makes invalid is variables; anybody else’s may be all', () => {
  const ours = createOwnRequests();
  const areas = (): unknown => {
    const event = { type: 'event', event: 'invalidated', body: { areas: ['all'], threadId: 3 } };
    ours.received(event);
    expect(event.body.threadId).toBe(3);
    return event.body.areas;
  };
  ours.expect('writeMemory', { data: 'Kg==' });
  expect(areas()).toEqual(['all']);
  ours.sent(request(1, 'writeMemory', { data: 'AA==' }), true);
  expect(areas()).toEqual(['all']);
  ours.sent(request(2, 'writeMemory', { data: 'Kg==' }), true);
  expect(areas()).toEqual(['variables']);
  ours.received({ type: 'response', request_seq: 2, success: true, body: { bytesWritten: 1 } });
  expect(areas()).toEqual(['all']);
  // One that came too late is no write.
  ours.expect('writeMemory', { data: 'Kg==' });
  ours.sent(request(4, 'writeMemory', { data: 'Kg==' }), false);
  expect(areas()).toEqual(['all']);
  ours.expect('variables', { of: 3 });
  ours.sent(request(3, 'variables', { of: 3 }), true);
  expect(areas()).toEqual(['all']);
});

test('an adapter may answer anything', () => {
  const ours = createOwnRequests();
  for (const body of [undefined, null, 5, {}, { error: 'no' }, { error: null }]) {
    ours.expect('threads', {});
    ours.sent(request(1, 'threads', {}), true);
    expect(() => ours.received({ type: 'response', request_seq: 1, body })).not.toThrow();
  }
  expect(() =>
    [null, 7, 'x', {}].forEach((message) => (ours.sent(message, false), ours.received(message))),
  ).not.toThrow();
});
