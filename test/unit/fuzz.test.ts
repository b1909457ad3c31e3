import fc from 'fast-check';
import { expect, test } from 'vitest';
import { regionKinds, tableOfRegions } from '../../common/region.ts';
import { parseMaps, parseMapsTable } from '../../native/linux/maps.ts';
import { parseArguments, parsePasswd, parseStat, parseStatus, processName } from '../../native/linux/procfs.ts';
import { hostileBytes, hostileName } from './hostile.ts';

/* What other programs and users decide the text of: the kernel's files, with names that were chosen to trip a parser. */

interface Printed {
  readonly start: bigint;
  readonly end: bigint;
  readonly access: string;
  readonly offset: bigint;
  readonly device: string;
  readonly inode: number;
  readonly raw: Buffer;
}

/**
 * One line as show_map_vma() of fs/proc/task_mmu.c prints it: numbers in hex, 8 digits or more, padded to column 73 before
 * a name, in which mangle_path() escapes a newline and nothing else.
 */
function printLine({ start, end, access, offset, device, inode, raw }: Printed): Buffer {
  const hex = (value: bigint): string => value.toString(16).padStart(8, '0');
  const fixed = `${hex(start)}-${hex(end)} ${access} ${hex(offset)} ${device} ${inode} `;
  const name: number[] = [];
  for (const byte of raw) name.push(...(byte === 0x0a ? Buffer.from('\\012') : [byte]));
  return Buffer.concat([
    Buffer.from(raw.length === 0 ? fixed : fixed.padEnd(73)),
    Buffer.from(name),
    Buffer.from('\n'),
  ]);
}

const regionName = fc.oneof(
  fc.constant(Buffer.alloc(0)),
  fc
    .constantFrom('[heap]', '[stack]', '[vvar]', '[anon: a b ]', '/memfd:a b (deleted)', 'anon_inode:[perf event]')
    .map((name) => Buffer.from(name)),
  fc
    .array(hostileBytes, { minLength: 1, maxLength: 3 })
    .map((parts) => Buffer.concat(parts.flatMap((part) => [Buffer.from('/'), part]))),
  hostileBytes.map((name) => Buffer.concat([Buffer.from('/'), name, Buffer.from(' (deleted)')])),
);

const page = fc.bigInt({ min: 0n, max: 2n ** 20n });
const regions = fc
  .array(
    fc.record({
      gap: fc.oneof(fc.constant(0n), page),
      pages: page.map((count) => count + 1n),
      access: fc.tuple(...['r-', 'w-', 'x-', 'ps'].map((bit) => fc.constantFrom(...bit))).map((bits) => bits.join('')),
      offset: page.map((count) => count << 12n),
      device: fc
        .tuple(fc.nat(255), fc.nat(2 ** 20 - 1))
        .map((parts) => parts.map((part) => part.toString(16).padStart(2, '0')).join(':')),
      inode: fc.nat(Number.MAX_SAFE_INTEGER),
      raw: regionName,
    }),
    { maxLength: 20 },
  )
  .chain((drawn) =>
    fc.bigInt({ min: 0n, max: 2n ** 51n }).map((first) => {
      let at = first;
      return drawn.map(({ gap, pages, ...rest }): Printed => {
        const start = (at + gap) << 12n;
        at += gap + pages;
        return { start, end: at << 12n, ...rest };
      });
    }),
  );

/** What the parser makes of a name: our own reading of the escape, which cannot tell a typed one from the kernel's. */
function readName(raw: Buffer): string {
  return raw.toString('utf8').split('\\012').join('\n');
}

test('parseMaps() gives back what the kernel printed, whatever the names', () => {
  fc.assert(
    fc.property(regions, (printed) => {
      const bytes = Buffer.concat(printed.map(printLine));
      const expected = printed.map(({ raw, ...region }) => ({ ...region, name: readName(raw) }));
      const found = parseMaps(bytes);
      expect(found.map(({ kind, ...region }) => (expect(regionKinds).toContain(kind), region))).toEqual(expected);
      expect(parseMapsTable(bytes, 1)).toEqual(tableOfRegions(found, 1));
    }),
    { numRuns: 500 },
  );
});

/** What holds of the regions of any bytes at all. */
function checkRegions(bytes: Uint8Array): void {
  const found = parseMaps(bytes);
  let last = 0n;
  for (const { start, end, offset, inode } of found) {
    expect(start >= last && end > start && end <= 2n ** 64n && offset >= 0n).toBe(true);
    expect(start % 4096n).toBe(0n);
    expect(Number.isNaN(inode)).toBe(false);
    last = end;
  }
  expect(parseMapsTable(bytes, 1)).toEqual(tableOfRegions(found, 1));
}

test('parseMaps() of a file that was cut anywhere gives the regions before the cut, at most one of them with less of a name', () => {
  fc.assert(
    fc.property(regions, fc.nat(), (printed, at) => {
      const bytes = Buffer.concat(printed.map(printLine));
      const cut = bytes.subarray(0, at % (bytes.length + 1));
      const whole = parseMaps(bytes);
      const found = parseMaps(cut);
      const complete = cut.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
      expect(found.slice(0, complete)).toEqual(whole.slice(0, complete));
      expect(found.length - complete === 0 || found.length - complete === 1).toBe(true);
      expect(found.map(({ start, end }) => [start, end])).toEqual(
        whole.slice(0, found.length).map(({ start, end }) => [start, end]),
      );
      checkRegions(cut);
    }),
    { numRuns: 500 },
  );
});

test('parseMaps() of a file with bytes changed, left out or doubled finds regions that ascend', () => {
  const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'drop', 'double', 'newline'));
  fc.assert(
    fc.property(regions, fc.array(change, { minLength: 1, maxLength: 8 }), (printed, changes) => {
      let bytes = Buffer.concat(printed.map(printLine));
      for (const [place, value, how] of changes) {
        const at = place % (bytes.length + 1);
        const middle = {
          set: [value],
          drop: [],
          double: [...bytes.subarray(at, at + 40), ...bytes.subarray(at, at + 40)],
          newline: [0x0a],
        }[how];
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(middle), bytes.subarray(at + 1)]);
      }
      checkRegions(bytes);
    }),
    { numRuns: 1000 },
  );
});

test('parseMaps() takes any bytes at all', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 400, size: 'max' }), checkRegions), { numRuns: 1000 });
  checkRegions(Buffer.from(`1000-2000 r--p 00000000 00:00 0 ${'x'.repeat(1_000_000)}`));
  checkRegions(Buffer.alloc(1_000_000, '-'));
  checkRegions(Buffer.from('1000-2000 '.repeat(100_000)));
});

const statFields = 'S 17 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 206909 1000 42 18446744073709551615';

test('parseStat() finds its fields behind any name of a process', () => {
  fc.assert(
    fc.property(hostileBytes, (name) => {
      const line = Buffer.concat([Buffer.from('42 ('), name, Buffer.from(`) ${statFields}\n`)]);
      expect(parseStat(line)).toEqual({
        pid: 42,
        name: name.toString('utf8'),
        state: 'S',
        parent: 17,
        isKernelThread: false,
        isEnding: false,
        startTime: '206909',
      });
    }),
    { numRuns: 500 },
  );
});

test('parseStatus() is not led astray by the name of a process, in which the kernel escapes newlines and backslashes', () => {
  const rest = 'Tgid:\t42\nUid:\t1\t2\t3\t4\nVmSize:\t10 kB\nVmRSS:\t12 kB\nCapEff:\t0000000000000003\nSeccomp:\t2\n';
  fc.assert(
    fc.property(hostileName, (name) => {
      // proc_task_name() of fs/proc/array.c: string_escape_str(…, ESCAPE_SPACE | ESCAPE_SPECIAL, "\n\\").
      const escaped = name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
      expect(parseStatus(Buffer.from(`Name:\t${escaped}\n${rest}`))).toMatchObject({
        threadGroup: 42,
        uids: [1, 2, 3, 4],
        residentBytes: 12 * 1024,
        effectiveCapabilities: 3n,
        seccomp: 2,
      });
    }),
    { numRuns: 500 },
  );
});

test('the parsers of /proc and of /etc/passwd take any bytes at all', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc
      .array(
        fc.constantFrom(
          'Uid:',
          'VmRSS:',
          'CapEff:',
          'NSpid:',
          '\t',
          '\n',
          ' ',
          '(',
          ')',
          '-',
          '1',
          '0x',
          'g',
          '\0',
          ':',
        ),
        { maxLength: 40 },
      )
      .map((parts) => Buffer.from(parts.join(''))),
    hostileBytes,
  );
  fc.assert(
    fc.property(noise, hostileName, (bytes, name) => {
      parseStat(bytes);
      parseStatus(bytes);
      for (const word of parseArguments(bytes)) expect(word).not.toMatch(/\p{Cc}/u);
      for (const [uid, user] of parsePasswd(bytes.toString())) expect(`${uid}${user}`).not.toContain('\n');
      expect(typeof processName(name, parseArguments(bytes), bytes.toString())).toBe('string');
    }),
    { numRuns: 1000 },
  );
});
