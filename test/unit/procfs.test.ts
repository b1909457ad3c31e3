import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findLibc } from '../../native/linux/libc.ts';
import { parseArguments, parsePasswd, parseStat, parseStatus, processName } from '../../native/linux/procfs.ts';

const fields = 'S 17 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 206909 1000 42 18446744073709551615';

test('parseStat() finds its fields behind any name', () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 15 }).map((name) => Buffer.from(name).toString()),
      (name) => {
        expect(parseStat(Buffer.from(`42 (${name}) ${fields}`))).toEqual({
          pid: 42,
          name,
          state: 'S',
          parent: 17,
          isKernelThread: false,
          isEnding: false,
          startTime: '206909',
        });
      },
    ),
  );
});

test('parseStat() tells a kernel thread by its flag', () => {
  expect(parseStat(Buffer.from(`2 (kthreadd) ${fields.replace('4194560', '2129984')}`))?.isKernelThread).toBe(true);
});

test('parseStat() tells what is on its way out by its flag, or because it has been killed', () => {
  expect(parseStat(Buffer.from(`42 (x) ${fields.replace('4194560', '4194564')}`))?.isEnding).toBe(true);
  const rest = Array.from({ length: 28 }, () => '0');
  expect(parseStat(Buffer.from(`42 (x) S ${[...rest.slice(0, 27), '256'].join(' ')}`))?.isEnding).toBe(true);
  expect(parseStat(Buffer.from(`42 (x) S ${[...rest.slice(0, 27), '512'].join(' ')}`))?.isEnding).toBe(false);
});

test('parseStat() of something else is undefined', () => {
  for (const text of ['', '42', '42 (x', '42 (x) S 1', ') (']) expect(parseStat(Buffer.from(text))).toBeUndefined();
});

test('parseStatus() reads what is there, and what is missing as an old kernel means it', () => {
  const text =
    'Name:\tx\nTgid:\t42\nUid:\t0\t1\t2\t3\nGid:\t4\t5\t6\t7\nVmSize:\t  10 kB\nVmRSS:\t  1234 kB\nCapPrm:\t0000000000080000\nCapEff:\t0000000000080001\nNoNewPrivs:\t1\nSeccomp:\t2\nNSpid:\t42\t7\n';
  expect(parseStatus(Buffer.from(text))).toEqual({
    threadGroup: 42,
    tracer: 0,
    uids: [0, 1, 2, 3],
    gids: [4, 5, 6, 7],
    residentBytes: 1234 * 1024,
    hasMemory: true,
    permittedCapabilities: 0x80000n,
    effectiveCapabilities: 0x80001n,
    noNewPrivileges: true,
    seccomp: 2,
    namespacePids: [42, 7],
  });
  expect(parseStatus(Buffer.from('Name:\tx\n'))).toMatchObject({
    hasMemory: false,
    residentBytes: 0,
    seccomp: 0,
    noNewPrivileges: false,
  });
});

test('parseArguments() gives words without control characters', () => {
  expect(parseArguments(Buffer.from('redis-server\0*:6379\0\0\0'))).toEqual(['redis-server', '*:6379']);
  expect(parseArguments(Buffer.from('sh\0\0-c\0a\nb\x1b[31m\0'))).toEqual(['sh', '', '-c', 'a b [31m']);
  expect(parseArguments(Buffer.alloc(0))).toEqual([]);
});

test.each([
  ['python3', ['/usr/bin/python3', 'x.py'], '/usr/bin/python3.11', 'python3'],
  ['MainThread', ['node', 'server.js'], '/opt/node/bin/node', 'node'],
  ['MainThread', ['node', 'server.js'], '', 'node'],
  ['MainThread', [], '', 'MainThread'],
  ['chrome_crashpad', ['/usr/lib/chromium/chrome_crashpad_handler', '-x'], '', 'chrome_crashpad_handler'],
  ['chrome_crashpad', ['renamed'], '/usr/lib/chrome_crashpad_handler (deleted)', 'chrome_crashpad_handler'],
  ['exactly15letter', ['other'], '/bin/other', 'exactly15letter'],
] as const)('processName(%s, %j, %s) is %4$s', (threadName, words, executable, name) => {
  expect(processName(threadName, words, executable)).toBe(name);
});

test('parsePasswd() takes the first name of a uid', () => {
  expect([...parsePasswd('root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:\n\n#\nme:x:1000:1000:::')]).toEqual([
    [0, 'root'],
    [1000, 'me'],
  ]);
});

const line = (path: string): string =>
  `7f0c7a028000-7f0c7a1bd000 r-xp 00028000 fe:01 1835131                    ${path}\n`;

test.each([
  ['/usr/lib/x86_64-linux-gnu/libc.so.6', 'glibc'],
  ['/lib/aarch64-linux-gnu/libc-2.31.so', 'glibc before 2.34'],
  ['/lib/ld-musl-x86_64.so.1', 'musl'],
  ['/lib/ld-musl-aarch64.so.1', 'musl on arm64'],
  ['/opt/a b/libc.so.6', 'a path with a space'],
])('findLibc() finds %s (%s)', (path) => {
  expect(
    findLibc(line('/usr/bin/node') + line('/usr/lib/libcap.so.2') + line('/usr/lib/libcrypt.so.1') + line(path)),
  ).toBe(path);
});

test.each(['/usr/lib/libc.so.6 (deleted)', '/usr/lib/libc.so.6.debug', '/usr/lib/libcurl.so.4', '/tmp/mylibc.so.6'])(
  'findLibc() does not take %s for it',
  (path) => {
    expect(findLibc(line(path))).toBeUndefined();
  },
);
