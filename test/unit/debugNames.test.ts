import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { namesAt, type MemoryName } from '../../common/names.ts';
import { pageBytes } from '../../common/page.ts';
import { elementsOf, hasOneSize, isPointerType } from '../../extension/debug/types.ts';
import { innermost } from '../../webview/known.ts';
import { findPlanted, withoutPlanted } from '../../webview/planted.ts';

test.each([
  ['int *', true],
  ['struct node *const', true],
  ['const char * volatile', true],
  ['int &', true],
  ['std::string &&', true],
  ['int (*)(int, record *, double)', true],
  ['int (*)[4]', true],
  ['&mut [u8]', true],
  ['*const u8', true],
  ['int', false],
  ['record', false],
  ['std::vector<int *>', false],
  ['struct point [4]', false],
] as const)('isPointerType(%s)', (type, expected) => {
  expect(isPointerType(type)).toBe(expected);
});

test.each([
  ['int[8]', { count: 8, type: 'int' }],
  ['int [8]', { count: 8, type: 'int' }],
  ['struct point [4]', { count: 4, type: 'struct point' }],
  ['int[4][3]', { count: 4, type: 'int [3]' }],
  ['[i32; 5]', { count: 5, type: 'i32' }],
  ['[[u8; 2]; 3]', { count: 3, type: '[u8; 2]' }],
  ['int (*)[4]', undefined],
  ['int []', undefined],
  ['int', undefined],
  ['', undefined],
] as const)('elementsOf(%s)', (type, expected) => {
  expect(elementsOf(type)).toEqual(expected);
});

test('an array of unknown length has no size of its type', () => {
  expect(['int', 'int [8]', 'int [4][3]'].map(hasOneSize)).toEqual([true, true, true]);
  expect(['', 'int []', 'int [n]', 'int [4][n]', 'int [variable length]'].map(hasOneSize)).toEqual(
    Array(5).fill(false),
  );
});

test('a byte is called by its variable, and by every part that has it', () => {
  const name: MemoryName = {
    start: '0x1000',
    length: 12,
    name: 'own',
    type: 'record',
    kind: 'local',
    parts: [
      { name: '.count', offset: 0, length: 4, type: 'int', value: '1' },
      { name: '.low', offset: 8, length: 4 },
      { name: '.high', offset: 8, length: 4 },
    ],
  };
  const at = (address: bigint): string[] => namesAt(name, address).map(({ name: shown }) => shown);
  expect(at(0x1003n)).toEqual(['own', 'own.count']);
  expect(at(0x1004n)).toEqual(['own']);
  expect(at(0x100bn)).toEqual(['own', 'own.low', 'own.high']);
});

test.each([
  [['own', 'own.count'], 'own.count'],
  [['own', 'own.center', 'own.center.y'], 'own.center.y'],
  // Of a union, and of variables that share a byte, the first; never a part of another one.
  [['own', 'own.low', 'own.high', 'own.high.x'], 'own.low'],
  [['a', 'ab', 'ab[0]'], 'a'],
  [[], undefined],
] as const)('of %j the innermost is %s', (names, expected) => {
  expect(innermost({ names: names.map((name) => ({ name, type: undefined, value: undefined })) })).toBe(expected);
});

describe.each([[[0xcc]], [[0x00, 0x00, 0x20, 0xd4]]])('planted breakpoints of %j', (instruction) => {
  const breakpoint = Uint8Array.from(instruction);
  const size = instruction.length;

  test('are found where they stand and the file has something else; without them it is the file again', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: pageBytes, maxLength: pageBytes }),
        fc.uniqueArray(fc.nat(pageBytes / size - 1), { maxLength: 20 }),
        (file, places) => {
          const bytes = file.slice();
          for (const place of places) bytes.set(breakpoint, place * size);
          const planted = findPlanted(bytes, { bytes: file, breakpoint });
          for (let at = 0; at < pageBytes; at += size) {
            const own = file.subarray(at, at + size).join();
            const expected = places.includes(at / size) && own !== breakpoint.join();
            expect(planted?.[at] ?? 0).toBe(expected ? 1 : 0);
          }
          expect(withoutPlanted(bytes, { bytes: file, breakpoint })).toEqual(file);
        },
      ),
      { numRuns: 20 },
    );
  });
});
