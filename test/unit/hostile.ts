import fc from 'fast-check';

/** Names that somebody chose to trip a parser: of files, regions and processes. None is empty, none holds a zero byte. */
const awkward = [
  ...[
    '(deleted)',
    ' (deleted)',
    'a (deleted)',
    ' ',
    '  a  ',
    '\t',
    'a\tb',
    '\n',
    'a\nb',
    '\r\n',
    '\\',
    '\\012',
    '\\\\n',
  ],
  ...[
    ') R 1 (',
    ')',
    '(',
    '((',
    '42 (x) S 1',
    '-',
    'a-b',
    '+',
    'a+0x10',
    '*',
    '!',
    'a!b',
    'libc.so.6!malloc',
    '"',
    '"a"',
  ],
  ...[
    '"a',
    'a"',
    '[',
    ']',
    '[a',
    '[heap]',
    '[heap]+1',
    '0',
    '0x10',
    '4096',
    '7fff1234abcd',
    '00007fff`12345678',
    '1_0',
  ],
  ...[
    'é',
    '\u202e',
    '\ufeff',
    '😀',
    '\x7f',
    '\x1b[31m',
    '\u009b31m',
    '\rUid:\t0',
    '\u2028Uid:\t0',
    '__proto__',
    'constructor',
    'toString',
    'Name:\tx',
    '7f-80 rw-p',
  ],
] as const;

/** One component of a path, or the kernel's name of a thread. */
export const hostileName: fc.Arbitrary<string> = fc
  .oneof(
    fc.constantFrom(...awkward),
    fc
      .array(fc.constantFrom(...awkward, 'a', 'b', '.so', '1'), { minLength: 1, maxLength: 4 })
      .map((parts) => parts.join('')),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
    fc.integer({ min: 200, max: 5000 }).map((length) => 'long '.repeat(length / 5)),
  )
  .map((name) => Buffer.from(name).toString().replaceAll('\0', '').replaceAll('/', ''))
  .filter((name) => name !== '' && name !== '.' && name !== '..');

/** The same as the bytes that a file system has, which need not be UTF-8. */
export const hostileBytes: fc.Arbitrary<Buffer> = fc
  .oneof(
    hostileName.map((name) => Buffer.from(name)),
    fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  )
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0 && byte !== 0x2f)))
  .filter((bytes) => bytes.length > 0);

/** Anything that JSON or a structured clone carries, the shapes of our own messages with something wrong among them. */
export const hostileValue: fc.Arbitrary<unknown> = fc.anything({
  withBigInt: true,
  withDate: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  key: fc.oneof(
    fc.constantFrom(
      'call',
      'say',
      'reply',
      'id',
      'body',
      'error',
      'code',
      'message',
      'pid',
      'address',
      'start',
      'length',
    ),
    fc.constantFrom(
      'toString',
      'valueOf',
      '__proto__',
      'constructor',
      'facts',
      'place',
      'top',
      'selection',
      'startTime',
    ),
    fc.string({ maxLength: 5 }),
  ),
});
