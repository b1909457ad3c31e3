import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { ViewContract } from '../../common/protocol.ts';
import { createPin } from '../../extension/pin.ts';

type Pinned = ViewContract['says']['pinned'];

/** A pin whose answers the test gives, each by its turn. */
function pinned() {
  const told: Pinned[] = [];
  const asked: string[] = [];
  const waiting: ((address: bigint | Error) => void)[] = [];
  const pin = createPin(
    (expression) => {
      asked.push(expression);
      return new Promise((resolve, reject) =>
        waiting.push((found) =>
          found instanceof Error ? reject(found) : resolve({ address: `0x${found.toString(16)}` }),
        ),
      );
    },
    (news) => told.push(news),
  );
  const answer = async (found: bigint | Error): Promise<void> => {
    waiting.shift()?.(found);
    await sleep(0);
  };
  return { pin, told, asked, answer };
}

describe('a pin', () => {
  it('tells where its expression leads, at once and whenever it is followed', async () => {
    const { pin, told, asked, answer } = pinned();
    pin.set('$sp');
    await answer(0x1000n);
    pin.follow();
    await expect.poll(() => asked).toEqual(['$sp', '$sp']);
    await answer(new Error('no such register'));
    expect(told).toEqual([
      { expression: '$sp', address: '0x1000' },
      { expression: '$sp', error: 'no such register' },
    ]);
  });

  it('queues nothing: fifty stops ask once when they are over, and an answer that is old by then is not told', async () => {
    const { pin, told, asked, answer } = pinned();
    pin.set('p');
    for (let i = 0; i < 50; i++) {
      pin.follow();
      await sleep(1);
    }
    await sleep(100);
    // The first answer is still out: one more waits for it, however often it was asked for.
    expect(asked).toEqual(['p']);
    await answer(1n);
    expect(told).toEqual([]);
    expect(asked).toEqual(['p', 'p']);
    await answer(2n);
    expect(told).toEqual([{ expression: 'p', address: '0x2' }]);
  });

  it('says nothing of what is no longer pinned', async () => {
    const { pin, told, asked, answer } = pinned();
    pin.set('a');
    pin.set('b');
    await answer(1n);
    await answer(2n);
    pin.set(undefined);
    pin.follow();
    await sleep(100);
    expect(asked).toEqual(['a', 'b']);
    expect(told).toEqual([{ expression: 'b', address: '0x2' }, {}]);
  });
});
