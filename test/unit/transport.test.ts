import { expect, test } from 'vitest';
import { pageBytes } from '../../common/page.ts';
import { Errno } from '../../native/linux/errno.ts';
import { addIovec, createVectors } from '../../native/linux/vector.ts';
import { throughDescriptor } from '../../native/transport.ts';

test('what goes through a descriptor goes page by page from where pages begin: a call that is cut short leaves none half moved', () => {
  const moves: [number, number][] = [];
  const call = throughDescriptor(3, (_, local, length, position) => {
    moves.push([Number(position), length]);
    return local === 0 ? 0 : length;
  });
  const vectors = createVectors();
  addIovec(vectors, false, 0x10_0000, 16, 1000, 3 * pageBytes);
  addIovec(vectors, false, 0x20_0000, 40, 0, 2 * pageBytes);
  addIovec(vectors, false, 0x30_0000, 60, 5, 10);
  expect(call(vectors)).toBe(5 * pageBytes + 10);
  expect(moves).toEqual([
    [16 * pageBytes + 1000, pageBytes - 1000],
    [17 * pageBytes, 2 * pageBytes + 1000],
    [40 * pageBytes, 2 * pageBytes],
    [60 * pageBytes + 5, 10],
  ]);
});

test('what is asked before each page is written through a descriptor stops the call there', () => {
  const moves: [number, number][] = [];
  const call = throughDescriptor(
    3,
    (_, __, length, position) => {
      moves.push([Number(position), length]);
      return length;
    },
    (page) => page !== 18,
  );
  const vectors = createVectors();
  addIovec(vectors, false, 0x10_0000, 16, 1000, 3 * pageBytes);
  expect(call(vectors)).toBe(2 * pageBytes - 1000);
  expect(moves).toEqual([
    [16 * pageBytes + 1000, pageBytes - 1000],
    [17 * pageBytes, pageBytes],
  ]);
  const refused = createVectors();
  addIovec(refused, false, 0x10_0000, 18, 0, 10);
  expect(call(refused)).toBe(-Errno.EFAULT);
});
