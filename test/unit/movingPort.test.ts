import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Port } from '../../common/channel.ts';
import { createMovingPort } from '../../common/movingPort.ts';

/** Two ends of a wire whose messages arrive when the test says so, in the order in which they were said. */
function slowWire(): { ends: [Port, Port]; deliver: (to: 0 | 1) => void } {
  const queues: [unknown[], unknown[]] = [[], []];
  const receivers: [((message: unknown) => void)?, ((message: unknown) => void)?] = [];
  const end = (own: 0 | 1): Port => ({
    post: (message) => queues[own === 0 ? 1 : 0].push(message),
    listen: (receive) => (receivers[own] = receive),
  });
  return {
    ends: [end(0), end(1)],
    deliver(to) {
      // A socket whose side has not looked yet keeps what has come.
      if (receivers[to] !== undefined && queues[to].length > 0) receivers[to](queues[to].shift());
    },
  };
}

test('what is said is heard once and in its order, whichever wire is the faster', () => {
  const step = fc.constantFrom('say 0', 'say 1', 'slow 0', 'slow 1', 'fast 0', 'fast 1', 'move 0', 'move 1');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const [slow, fast] = [slowWire(), slowWire()];
      const sides = slow.ends.map((end) => createMovingPort(end)) as [
        ReturnType<typeof createMovingPort>,
        ReturnType<typeof createMovingPort>,
      ];
      const heard: [unknown[], unknown[]] = [[], []];
      sides.forEach((side, i) => side.listen((message) => heard[i as 0 | 1].push(message)));
      const said = [0, 0];
      const hasMoved = [false, false];
      const move = (side: 0 | 1): void => {
        if (hasMoved[side]) return;
        hasMoved[side] = true;
        sides[side].moveTo(fast.ends[side]);
      };
      for (const what of [...steps, 'move 0', 'move 1']) {
        const [verb = '', number] = what.split(' ');
        const side = number === '0' ? 0 : 1;
        if (verb === 'say') sides[side].post((said[side] = (said[side] ?? 0) + 1));
        else if (verb === 'move') move(side);
        else (verb === 'slow' ? slow : fast).deliver(side);
      }
      for (let i = 0; i < 200; i++)
        for (const wire of [fast, slow]) for (const side of [0, 1] as const) wire.deliver(side);
      for (const side of [0, 1] as const)
        expect(heard[side]).toEqual(Array.from({ length: said[1 - side] ?? 0 }, (_, i) => i + 1));
    }),
    { numRuns: 2000 },
  );
});

test('after moving back the first wire is heard again, and what comes late on the other is not', () => {
  const [slow, fast] = [slowWire(), slowWire()];
  const [here, there] = slow.ends.map((end) => createMovingPort(end)) as [
    ReturnType<typeof createMovingPort>,
    ReturnType<typeof createMovingPort>,
  ];
  const heard: unknown[] = [];
  there.listen((message) => heard.push(message));
  here.moveTo(fast.ends[0]);
  there.moveTo(fast.ends[1]);
  slow.deliver(0);
  slow.deliver(1);
  here.post('lost');
  here.moveBack();
  there.moveBack();
  fast.deliver(1);
  here.post('found');
  slow.deliver(1);
  expect(heard).toEqual(['found']);

  const another = slowWire();
  here.moveTo(another.ends[0]);
  there.moveTo(another.ends[1]);
  fast.ends[0].post('late');
  fast.deliver(1);
  slow.deliver(1);
  here.post('next');
  another.deliver(1);
  expect(heard).toEqual(['found', 'next']);
});

test('what stays goes by the first wire, also after moving', () => {
  const [slow, fast] = [slowWire(), slowWire()];
  const here = createMovingPort(slow.ends[0], (message) => message === 'stay');
  const there = createMovingPort(slow.ends[1]);
  const heard: unknown[] = [];
  there.listen((message) => heard.push(message));
  here.moveTo(fast.ends[0]);
  there.moveTo(fast.ends[1]);
  slow.deliver(1);
  here.post('stay');
  here.post('go');
  fast.deliver(1);
  expect(heard).toEqual(['go']);
  slow.deliver(1);
  expect(heard).toEqual(['go', 'stay']);
});
