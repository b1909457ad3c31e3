import { describe, expect, it } from 'vitest';
import { MemoryError, type MemoryErrorCode } from '../../common/error.ts';
import { createEditing, type EditingPolicy, type Written } from '../../extension/editing.ts';
import { openTarget, type Target } from '../../extension/target.ts';
import { arrayAgent } from './arrayAgent.ts';

interface Bench {
  readonly target: Target;
  readonly memory: Uint8Array;
  readonly editing: ReturnType<typeof createEditing>;
  readonly asked: string[];
  readonly written: Written[];
  policy: EditingPolicy;
  answer: boolean;
  shorten(bytes: number): void;
}

const base = 0x10000n;

async function bench(policy: EditingPolicy = 'ask', answer = true): Promise<Bench> {
  const memory = new Uint8Array(8192);
  const { open, shorten } = arrayAgent(memory, base);
  const asked: string[] = [];
  const written: Written[] = [];
  const editing = createEditing(() => it.policy, {
    edit: async (_, who) => (asked.push(`edit by ${who}`), it.answer),
    force: async (_, range) => (asked.push(`force ${range.length}`), it.answer),
  });
  editing.onWritten((news) => written.push(news));
  const it: Bench = { target: await openTarget(open, 7), memory, editing, asked, written, policy, answer, shorten };
  return it;
}

const code = async (promise: Promise<unknown>): Promise<MemoryErrorCode | 'no error'> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof MemoryError ? error.code : 'no error'),
  );

describe('createEditing', () => {
  it('asks once a target, however many bytes are typed while the question is open', async () => {
    const { editing, target, asked, memory } = await bench();
    expect(editing.isOn(target)).toBe(false);
    await Promise.all(
      [1, 2, 3].map((byte) => editing.write(target, { start: `0x1000${byte}`, bytes: Uint8Array.of(byte) }, 'view')),
    );
    expect(asked).toEqual(['edit by view']);
    expect([...memory.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
    expect(editing.isOn(target)).toBe(true);
  });

  it('writes nothing where the user says no, and asks again at the next try', async () => {
    const it = await bench('ask', false);
    const write = () => it.editing.write(it.target, { start: '0x10000', bytes: Uint8Array.of(9) }, 'view');
    expect(await code(write())).toBe('Cancelled');
    it.answer = true;
    expect(await code(write())).toBe('no error');
    expect(it.asked).toHaveLength(2);
    expect(it.target.history.entries()).toHaveLength(1);
  });

  it('refuses where the setting is off, and turns editing off when the setting becomes it', async () => {
    const it = await bench('on');
    expect(it.editing.isOn(it.target)).toBe(true);
    it.policy = 'off';
    it.editing.refresh([it.target]);
    expect(it.editing.isOn(it.target)).toBe(false);
    expect(await code(it.editing.write(it.target, { start: '0x10000', bytes: Uint8Array.of(1) }, 'view'))).toBe(
      'Denied',
    );
    expect(await code(it.editing.set(it.target, true))).toBe('Denied');
    expect(it.memory[0]).toBe(0);
  });

  it('turned off by the pencil, editing comes back by it without a question, but not by typing', async () => {
    const it = await bench();
    await it.editing.set(it.target, true);
    await it.editing.set(it.target, false);
    await it.editing.set(it.target, true);
    expect(it.asked).toHaveLength(1);
    await it.editing.set(it.target, false);
    await it.editing.write(it.target, { start: '0x10000', bytes: Uint8Array.of(1) }, 'view');
    expect(it.asked).toHaveLength(2);
  });

  it('undo and redo swap the sides, and tell every view', async () => {
    const { editing, target, memory, written } = await bench('on');
    const view = {};
    await editing.write(target, { start: '0x10010', bytes: Uint8Array.of(1, 2) }, 'view', view);
    expect(written[0]?.origin).toBe(view);
    expect(await editing.undo(target)).toEqual({ start: '0x10010', bytes: Uint8Array.of(0, 0), held: true });
    expect([...memory.subarray(16, 18)]).toEqual([0, 0]);
    await editing.redo(target);
    expect([...memory.subarray(16, 18)]).toEqual([1, 2]);
    expect(target.history.entries().map(({ who }) => who)).toEqual(['view', 'undo', 'redo']);
    expect(target.history.entries()[0]?.label).toBe('[heap]+0x10');
    expect(await code(editing.redo(target))).toBe('Invalid');
  });

  it('undo refuses where the program has changed the bytes since, and keeps the write', async () => {
    const { editing, target, memory } = await bench('on');
    await editing.write(target, { start: '0x10010', bytes: Uint8Array.of(1) }, 'view');
    memory[16] = 77;
    expect(await code(editing.undo(target))).toBe('Conflict');
    expect(memory[16]).toBe(77);
    memory[16] = 1;
    expect(await code(editing.undo(target))).toBe('no error');
  });

  it('records what landed of a short write, tells also the view that wrote, and undoes just that', async () => {
    const { editing, target, memory, written, shorten } = await bench('on');
    const view = {};
    shorten(3);
    expect(
      await code(editing.write(target, { start: '0x10000', bytes: Uint8Array.of(1, 2, 3, 4, 5) }, 'view', view)),
    ).toBe('Protected');
    expect(target.history.entries()[0]).toMatchObject({
      after: Uint8Array.of(1, 2, 3),
      before: Uint8Array.of(0, 0, 0),
    });
    expect(written[0]).toMatchObject({ origin: undefined, result: { bytes: Uint8Array.of(1, 2, 3) } });
    await editing.undo(target);
    expect([...memory.subarray(0, 5)]).toEqual([0, 0, 0, 0, 0]);
  });

  it('offers to write a read-only page anyway, to a view only, and undoes it by force', async () => {
    const it = await bench('on');
    const edit = { start: '0x11000', bytes: Uint8Array.of(5) } as const;
    expect(await code(it.editing.write(it.target, edit, 'An extension'))).toBe('Protected');
    expect(it.asked).toEqual([]);
    await it.editing.write(it.target, edit, 'view');
    expect(it.asked).toEqual(['force 1']);
    expect(it.memory[4096]).toBe(5);
    expect(it.target.history.entries()[0]?.forced).toBe(true);
    await it.editing.undo(it.target);
    expect(it.memory[4096]).toBe(0);
    expect(it.asked).toHaveLength(1);
    it.answer = false;
    expect(await code(it.editing.write(it.target, edit, 'view'))).toBe('Protected');
    expect(it.memory[4096]).toBe(0);
  });

  it('refuses no bytes, too many, and those that pass 2^64, before it asks anything', async () => {
    const { editing, target, asked } = await bench();
    expect(await code(editing.write(target, { start: '0x10000', bytes: new Uint8Array(0) }, 'view'))).toBe('Invalid');
    expect(await code(editing.write(target, { start: '0x10000', bytes: new Uint8Array(17 << 20) }, 'view'))).toBe(
      'Limit',
    );
    expect(await code(editing.write(target, { start: '0xffffffffffffffff', bytes: new Uint8Array(2) }, 'view'))).toBe(
      'Invalid',
    );
    expect(asked).toEqual([]);
  });

  it('rapid undos take back one write each, in order', async () => {
    const { editing, target, memory } = await bench('on');
    for (let i = 1; i <= 4; i++) await editing.write(target, { start: '0x10000', bytes: Uint8Array.of(i) }, 'view');
    await Promise.all([editing.undo(target), editing.undo(target), editing.undo(target)]);
    expect(memory[0]).toBe(1);
  });
});

describe('openTarget', () => {
  it('keeps what the agent said before it had answered, and rejects calls once it is detached', async () => {
    const { target } = await bench();
    expect(target.regions.starts).toHaveLength(2);
    target.dispose();
    expect(target.status).toMatchObject({ state: 'gone', reason: 'Detached.' });
    expect(await code(target.call('read', { start: '0x10000', length: 1 }))).toBe('Gone');
  });
});
