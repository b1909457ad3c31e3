import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silenceMs, targetsMax } from '../../common/limits.ts';
import { createTargets } from '../../extension/targets.ts';
import { arrayAgent } from './arrayAgent.ts';

const agents = () => arrayAgent(new Uint8Array(8192), 0x10000n);

describe('createTargets', () => {
  it('attaches once, however often and however fast it is asked', async () => {
    const agent = agents();
    const targets = createTargets(agent.open);
    const [first, second] = await Promise.all([targets.attach(7), targets.attach(7)]);
    expect(first).toBe(second);
    expect(await targets.attach(7)).toBe(first);
    expect(agent.running()).toBe(1);
    targets.dispose();
    expect(agent.running()).toBe(0);
  });

  it('finds out on attach that a process has gone unseen, and attaches to the new one of that number', async () => {
    const agent = agents();
    const targets = createTargets(agent.open);
    const old = await targets.attach(7);
    agent.end('toy (7) has exited.');
    const fresh = await targets.attach(7);
    expect(fresh).not.toBe(old);
    expect(old.status).toMatchObject({ state: 'gone', reason: 'toy (7) has exited.' });
    expect(targets.all()).toEqual([fresh]);
    expect(agent.running()).toBe(1);
  });

  it('keeps one that is gone for as long as a view shows it', async () => {
    const agent = agents();
    const targets = createTargets(agent.open);
    const target = await targets.attach(7);
    const uses = [targets.use(target), targets.use(target)];
    agent.end('toy (7) has exited.');
    await target.call('read', { start: '0x10000', length: 1 }).catch(() => undefined);
    expect(targets.find(7)).toBeUndefined();
    uses[0]?.dispose();
    uses[0]?.dispose();
    expect(targets.all()).toEqual([target]);
    uses[1]?.dispose();
    expect(targets.all()).toEqual([]);
    expect(agent.running()).toBe(0);
  });

  it('takes no more than the bound, and says what to do', async () => {
    const targets = createTargets(agents().open);
    for (let pid = 1; pid <= targetsMax; pid++) await targets.attach(pid);
    await expect(targets.attach(1000)).rejects.toThrow(/Detach from one first/);
    const [first] = targets.all();
    if (first !== undefined) targets.detach(first);
    await targets.attach(1000);
  });
});

describe('a target that does not answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is said to be silent after a while, delays nobody, and is not waited for by attach', async () => {
    const agent = agents();
    const targets = createTargets(agent.open);
    const target = await targets.attach(7);
    const told: boolean[] = [];
    target.onSilence((silent) => told.push(silent));
    agent.stick();
    const read = target.call('read', { start: '0x10000', length: 1 });
    read.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(silenceMs - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect([told, target.silent]).toEqual([[true], true]);
    const again = targets.attach(7);
    await vi.advanceTimersByTimeAsync(silenceMs);
    expect(await again).toBe(target);
    targets.detach(target);
    await expect(read).rejects.toMatchObject({ code: 'Gone' });
  });

  it('is noticed whichever call it is that waits, a quarter later at most, and answers again', async () => {
    const agent = agents();
    const target = await createTargets(agent.open).attach(7);
    const told: boolean[] = [];
    target.onSilence((silent) => told.push(silent));
    const ask = (): Promise<unknown> => target.call('read', { start: '0x10000', length: 1 });
    await ask();
    await vi.advanceTimersByTimeAsync(silenceMs * 0.2);
    agent.stick();
    const read = ask();
    read.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(silenceMs - 1);
    expect(told).toEqual([]);
    await vi.advanceTimersByTimeAsync(silenceMs * 0.25);
    expect(told).toEqual([true]);
    target.dispose();
    await expect(read).rejects.toMatchObject({ code: 'Gone' });
    await vi.advanceTimersByTimeAsync(0);
    expect([told, target.silent]).toEqual([[true, false], false]);
    // Nobody waits, and nothing looks.
    await vi.advanceTimersByTimeAsync(silenceMs);
    expect(vi.getTimerCount()).toBe(0);
  });
});
