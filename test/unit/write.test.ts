import { expect, test } from 'vitest';
import { holding, saying } from '../saying.ts';
import { MemoryError } from '../../common/error.ts';
import { pageBytes } from '../../common/page.ts';
import { tableOfRegions, type Region } from '../../common/region.ts';
import { Errno } from '../../native/linux/errno.ts';
import { writeMemory, writeParts, type WriteAccess } from '../../native/write.ts';

const region: Region = {
  start: 0x1000n,
  end: 0x4000n,
  access: 'rw-p',
  offset: 0n,
  device: '00:00',
  inode: 0,
  name: '[heap]',
  kind: 'heap',
};
const table = tableOfRegions([region], 1);

/** A process whose kernel lets as much through as a test says, where no real one can be made to. */
function fake(changes: Partial<WriteAccess> = {}): WriteAccess & { readonly memory: Uint8Array } {
  const memory = new Uint8Array(3 * pageBytes).fill(1);
  const at = (address: bigint): number => Number(address - 0x1000n);
  const put = (address: bigint, bytes: Uint8Array): number => {
    memory.set(bytes, at(address));
    return bytes.length;
  };
  return {
    memory,
    table: () => table,
    isAlive: () => true,
    gone: () => new MemoryError('Gone', 'x (1) has exited. Attach again to go on.'),
    readThrough: (address, bytes) => {
      bytes.set(memory.subarray(at(address), at(address) + bytes.length));
      return bytes.length;
    },
    writeThrough: put,
    writeVector: (parts, landed) => {
      parts.forEach(({ range, bytes }, i) => (landed[i] = put(range.start, bytes)));
      return 0;
    },
    refusal: (errno) => new Error(`errno ${errno}`),
    ...changes,
  };
}
const range = { start: 0x1ffen, length: 4 };
const bytes = Uint8Array.of(9, 8, 7, 6);

function errorOf(body: () => unknown): MemoryError {
  try {
    body();
  } catch (error) {
    return error as MemoryError;
  }
  throw new Error('nothing was thrown');
}

test('writeMemory() says of a short write how many of how many bytes landed, and what stood there before', () => {
  const target = fake({
    writeVector: ([part], landed) => {
      target.memory.set(part?.bytes.subarray(0, 2) ?? [], 0xffe);
      landed[0] = 2;
      return 0;
    },
  });
  const error = errorOf(() => writeMemory(target, range, bytes, {}));
  expect(error).toMatchObject({ code: 'Protected', landed: 2 });
  expect([...(error.before ?? [])]).toEqual([1, 1]);
  expect(error.message).toContain('0x2000');
  expect(error.message).toContain('2 of 4 bytes landed');
});

test('writeMemory() says so when nothing of it landed', () => {
  expect(errorOf(() => writeMemory(fake({ writeVector: () => 0 }), range, bytes, {}))).toMatchObject({
    code: 'Protected',
    landed: 0,
    message: holding('Nothing was written'),
  });
});

test('writeMemory() writes nothing when the address space was gone before', () => {
  let wrote = false;
  const target = fake({ readThrough: () => 0, writeVector: () => ((wrote = true), 0) });
  expect(errorOf(() => writeMemory(target, range, bytes, {}))).toMatchObject({ code: 'Gone' });
  expect(wrote).toBe(false);
});

test('writeMemory() says so when the process went while the bytes were being written', () => {
  for (const [moved, fate] of [
    [4, /While the bytes were being written.*They are lost with it/],
    [0, /While the bytes were being written.*Nothing was written/],
  ] as const) {
    let isAlive = true;
    const writeVector = (_: unknown, landed: Float64Array): number => {
      isAlive = false;
      landed[0] = moved;
      return 0;
    };
    const target = fake({ isAlive: () => isAlive, writeVector });
    expect(errorOf(() => writeMemory(target, range, bytes, {}))).toMatchObject({ code: 'Gone', message: saying(fate) });
  }
});

test('writeMemory() tells a write that the program changed at once from one that held', () => {
  const target = fake({
    writeVector: ([part], landed) => {
      target.memory.set(part?.bytes ?? [], 0xffe);
      target.memory[0x1000] = 0x55;
      landed[0] = 4;
      return 0;
    },
  });
  expect(writeMemory(target, range, bytes, {})).toEqual({ before: Uint8Array.of(1, 1, 1, 1), held: false });
});

test('writeMemory() by force on a descriptor that is for reading says what is missing', () => {
  expect(errorOf(() => writeMemory(fake({ writeThrough: () => -13 }), range, bytes, { force: true })).message).toMatch(
    /opened for reading only.*Nothing was written/,
  );
});

test('writeMemory() does not write what the caller changes meanwhile', () => {
  const given = Uint8Array.of(1, 2, 3, 4);
  const target = fake({
    readThrough: (_, into) => {
      given.fill(0xff);
      into.fill(0);
      return into.length;
    },
  });
  writeMemory(target, range, given, {});
  expect([...target.memory.subarray(0xffe, 0x1002)]).toEqual([1, 2, 3, 4]);
});

test('writeParts() says of a part that cannot be read back that it has landed and not held, and what became of the others', () => {
  const target = fake();
  let isWritten = false;
  const taken: WriteAccess = {
    ...target,
    writeVector: (parts, landed) => ((isWritten = true), target.writeVector(parts, landed)),
    // The program takes the first of the two away as soon as it is written to.
    readThrough: (address, into) =>
      isWritten && address === range.start ? -Errno.EIO : target.readThrough(address, into),
  };
  const other = { start: 0x3000n, length: 4 };
  const written = writeParts(
    taken,
    [
      { range, bytes },
      { range: other, bytes },
    ],
    {},
  );
  expect(written.map(({ landed, held, error }) => [landed, held, error])).toEqual([
    [4, false, undefined],
    [4, true, undefined],
  ]);
});
