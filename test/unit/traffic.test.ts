import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createTraffic, type Traffic } from '../../extension/debug/traffic.ts';
import { pointerIn } from '../../extension/debug/pointer.ts';
import { hostileValue } from './hostile.ts';

function listened(): { traffic: Traffic; told: string[] } {
  const traffic = createTraffic();
  const told: string[] = [];
  traffic.onState((state) => told.push(state));
  traffic.onPid((pid) => told.push(`pid ${pid}`));
  traffic.onMemory(() => told.push('memory'));
  return { traffic, told };
}

const event = (name: string, body: unknown = {}): unknown => ({ type: 'event', event: name, body });
const request = (seq: number, command: string): unknown => ({ type: 'request', seq, command });
const response = (to: number, command: string, success = true, body: unknown = {}): unknown => ({
  type: 'response',
  request_seq: to,
  command,
  success,
  body,
});

test('a process event names the process, unless it is on another machine or makes no sense', () => {
  const { traffic, told } = listened();
  for (const body of [
    { systemProcessId: 5, isLocalProcess: false },
    { systemProcessId: '7' },
    { systemProcessId: -1 },
    { systemProcessId: 1.5 },
    {},
  ])
    traffic.received(event('process', body));
  expect(traffic.pid).toBeUndefined();
  traffic.received(event('process', { systemProcessId: 4242, name: 'x' }));
  expect(told).toEqual(['pid 4242']);
});

test('every stop is told, also of steps that follow each other, and going on is told once', () => {
  const { traffic, told } = listened();
  traffic.received(event('stopped', { threadId: 3, allThreadsStopped: true }));
  expect([traffic.state, traffic.threadId]).toEqual(['stopped', 3]);
  traffic.sent(request(10, 'next'));
  traffic.received(response(10, 'next'));
  traffic.received(event('continued', { threadId: 3 }));
  traffic.received(event('stopped', { threadId: 3 }));
  traffic.received(event('stopped', { threadId: 4 }));
  expect(told).toEqual(['stopped', 'running', 'stopped', 'stopped']);
});

test('a step that the adapter refuses leaves the process stopped', () => {
  const { traffic, told } = listened();
  traffic.received(event('stopped'));
  traffic.sent(request(11, 'stepIn'));
  traffic.received(response(11, 'stepIn', false));
  expect(traffic.state).toBe('stopped');
  expect(told).toEqual(['stopped', 'running', 'stopped']);
});

test('where other threads run on, memory changes on', () => {
  const { traffic } = listened();
  traffic.received(event('stopped', { threadId: 1, allThreadsStopped: false }));
  expect(traffic.state).toBe('running');
  traffic.received(event('stopped', { threadId: 1 }));
  traffic.received(event('continued', { threadId: 2, allThreadsContinued: false }));
  expect(traffic.state).toBe('stopped');
});

test('the frames that VS Code has asked for tell their source, until the process goes on', () => {
  const { traffic } = listened();
  const frames = (...stackFrames: unknown[]): unknown => response(5, 'stackTrace', true, { stackFrames });
  traffic.received(event('stopped', { threadId: 1 }));
  traffic.received(
    frames({ id: 1, source: { path: '/src/a.c' } }, { id: 2, source: { path: 'b.c' } }, { id: 3 }, { id: '4' }, null),
  );
  traffic.received(response(6, 'stackTrace', true, { stackFrames: 7 }));
  expect([1, 2, 3, 4].map((id) => traffic.sourceOf(id))).toEqual(['/src/a.c', undefined, undefined, undefined]);
  traffic.sent(request(7, 'next'));
  expect(traffic.sourceOf(1)).toBeUndefined();
  traffic.received(event('stopped', { threadId: 1 }));
  traffic.received(frames({ id: 1, source: { path: '/src/c.c' } }));
  expect(traffic.sourceOf(1)).toBe('/src/c.c');
  traffic.received(event('stopped', { threadId: 1 }));
  expect(traffic.sourceOf(1)).toBeUndefined();
});

test('what the adapter can do comes with initialize, and may change', () => {
  const { traffic, told } = listened();
  traffic.received(response(1, 'initialize', true, { supportsReadMemoryRequest: true }));
  expect(traffic.capabilities).toMatchObject({ readsMemory: true, writesMemory: false, disassembles: false });
  traffic.received(event('capabilities', { capabilities: { supportsWriteMemoryRequest: true } }));
  traffic.received(
    event('capabilities', { capabilities: { supportsDisassembleRequest: true, supportsDataBreakpoints: 1 } }),
  );
  expect(traffic.capabilities).toMatchObject({
    readsMemory: true,
    writesMemory: true,
    disassembles: true,
    breaksOnData: false,
  });
  traffic.received(event('memory'));
  traffic.received(event('invalidated'));
  expect(told).toEqual(['memory', 'memory']);
});

test('data breakpoints are those of VS Code, not the ones that were announced as ours', () => {
  const { traffic } = listened();
  let told = 0;
  traffic.onDataBreakpoints(() => told++);
  const sent = (seq: number, breakpoints: unknown): void =>
    traffic.sent({ type: 'request', seq, command: 'setDataBreakpoints', arguments: { breakpoints } });
  const theirs = [{ dataId: 'a', accessType: 'write' }];
  const both = [...theirs, { dataId: 'b', accessType: 'read' }];
  sent(1, theirs);
  expect(told).toBe(0);
  traffic.received(response(1, 'setDataBreakpoints', true, { breakpoints: [{ verified: true }] }));
  expect([traffic.dataBreakpoints, told]).toEqual([theirs, 1]);
  traffic.expectOwn(both);
  sent(2, both);
  traffic.received(response(2, 'setDataBreakpoints', true, {}));
  expect([traffic.dataBreakpoints, told]).toEqual([theirs, 1]);
  // Announced once, expected once.
  sent(3, both);
  expect(traffic.dataBreakpoints).toEqual(both);
  sent(4, 'nonsense');
  expect(traffic.dataBreakpoints).toEqual(both);
});

test('an adapter may send anything', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('event', 'response', 'request'), hostileValue, hostileValue, hostileValue)),
      (messages) => {
        const { traffic } = listened();
        for (const [type, name, body, success] of messages) {
          for (const message of [body, { type, event: name, command: name, body, success, request_seq: success }]) {
            traffic.sent(message);
            traffic.received(message);
          }
        }
        expect(['running', 'stopped']).toContain(traffic.state);
      },
    ),
  );
});

test.each([
  ['0x7ffd12345678', 0x7ffd12345678n],
  ['0x00007ffd12345678 "text"', 0x7ffd12345678n],
  ['(int *) 0x7ffd1234 <buffer+4>', 0x7ffd1234n],
  ['(struct node *) 0X55D0C0A1F2A0', 0x55d0c0a1f2a0n],
  ['@0x7ffd1234: 5', 0x7ffd1234n],
  ['0xffffffffffffffff', 0xffff_ffff_ffff_ffffn],
  ['5', undefined],
  ['{a = 0x1234, b = 2}', undefined],
  ['"0x1234"', undefined],
  ['0x12345678901234567', undefined],
  ['<optimized out>', undefined],
  ['', undefined],
] as const)('pointerIn(%s)', (text, expected) => {
  expect(pointerIn(text)).toBe(expected);
});
