import { expect, test } from 'vitest';
import {
  parseGdbMappings,
  parseGdbSections,
  parseLldbRegions,
  regionsFrom,
} from '../../extension/debug/parseRegions.ts';

const print = (regions: ReturnType<typeof regionsFrom>): string[] =>
  regions.map(({ start, end, access, name, kind }) =>
    `${start.toString(16)}-${end.toString(16)} ${access} ${kind} ${name}`.trimEnd(),
  );

test('gdb tells the mappings of a live process, with what they may be used for', () => {
  const said = `process 21335
Mapped address spaces:

          Start Addr           End Addr       Size     Offset  Perms  objfile
      0x555555554000     0x555555555000     0x1000        0x0  r--p   /tmp/a b/debuggee
      0x555555555000     0x555555557000     0x2000     0x1000  r-xp   /tmp/a b/debuggee
      0x55555555a000     0x55555557b000    0x21000        0x0  rw-p   [heap]
      0x7ffff7dd1000     0x7ffff7dd4000     0x3000        0x0  rw-p   
      0x7ffff7fc2000     0x7ffff7fc6000     0x4000        0x0  r--p   [vvar]
      0x7ffffffde000     0x7ffffffff000    0x21000        0x0  rw-p   [stack]
  0xffffffffff600000 0xffffffffff601000     0x1000        0x0  --xp   [vsyscall]
`;
  expect(print(regionsFrom(parseGdbMappings(said)))).toEqual([
    '555555554000-555555555000 r--p rodata /tmp/a b/debuggee',
    '555555555000-555555557000 r-xp text /tmp/a b/debuggee',
    '55555555a000-55555557b000 rw-p heap [heap]',
    '7ffff7dd1000-7ffff7dd4000 rw-p anonymous',
    '7ffff7fc2000-7ffff7fc6000 r--p vdso [vvar]',
    '7ffffffde000-7ffffffff000 rw-p stack [stack]',
    'ffffffffff600000-ffffffffff601000 --xp vdso [vsyscall]',
  ]);
});

test('gdb tells the parts of a core file, and the files that were mapped', () => {
  const sections = `Exec file: \`/tmp/debuggee', file type elf64-x86-64.
 [11]     0x555555555000->0x555555555017 at 0x00001000: .init ALLOC LOAD READONLY CODE HAS_CONTENTS
Core file: \`/tmp/core1', file type elf64-x86-64.
 [14]     0x555555554000->0x555555555000 at 0x00000468: load1 ALLOC LOAD READONLY HAS_CONTENTS
 [18]     0x55555555a000->0x55555557b000 at 0x00005468: load5 ALLOC LOAD HAS_CONTENTS
 [25]     0x7ffff7fc8000->0x7ffff7fca000 at 0x00064468: load12 ALLOC LOAD READONLY CODE HAS_CONTENTS
`;
  const mappings = `Mapped address spaces:

          Start Addr           End Addr       Size     Offset objfile
      0x555555554000     0x555555555000     0x1000        0x0 /tmp/debuggee
      0x555555555000     0x555555557000     0x2000     0x1000 /tmp/debuggee
`;
  expect(print(regionsFrom([...parseGdbSections(sections), ...parseGdbMappings(mappings)]))).toEqual([
    '555555554000-555555555000 r--p rodata /tmp/debuggee',
    '555555555000-555555557000 r--p rodata /tmp/debuggee',
    '55555555a000-55555557b000 rw-p anonymous',
    '7ffff7fc8000-7ffff7fca000 r-xp anonymous',
  ]);
});

test('lldb tells regions of processes and core files; what is not mapped is none', () => {
  const said = `[0x0000000000000000-0x0000555555554000) ---
[0x0000555555554000-0x0000555555555000) r-- /tmp/debuggee PT_LOAD[0]
[0x0000555555555000-0x0000555555557000) r-x /tmp/debuggee PT_LOAD[1]
[0x0000555555557000-0x0000555555558000) --- PT_LOAD[2]
[0x000055555555a000-0x000055555557b000) rw- [heap]
[0x00007ffff7fc8000-0x00007ffff7fca000) r-x [vdso] PT_LOAD[0]
[0x00007ffff7fff000-0x00007ffffffde000) ---
[0xffffffffff601000-0xffffffffffffffff) ---
`;
  expect(print(regionsFrom(parseLldbRegions(said)))).toEqual([
    '555555554000-555555555000 r--p rodata /tmp/debuggee',
    '555555555000-555555557000 r-xp text /tmp/debuggee',
    '555555557000-555555558000 r--p anonymous',
    '55555555a000-55555557b000 rw-p heap [heap]',
    '7ffff7fc8000-7ffff7fca000 r-xp vdso [vdso]',
  ]);
});

test('regionsFrom() gives whole pages, ascending and disjoint; what was told first counts', () => {
  const told = (start: bigint, end: bigint, name: string) => ({ start, end, access: 'rw-p', name });
  const regions = regionsFrom([
    told(0x5000n, 0x6000n, 'b'),
    told(0x1000n, 0x8000n, 'a'),
    told(0x9010n, 0x9020n, 'c'),
    told(0x9000n, 0x9000n, 'empty'),
    told(0xa000n, 0x9000n, 'backwards'),
    told(0n, 2n ** 65n, 'too far'),
  ]);
  expect(print(regions)).toEqual([
    '1000-5000 rw-p data a',
    '5000-6000 rw-p data b',
    '6000-8000 rw-p data a',
    '9000-a000 rw-p data c',
  ]);
});

test('other text is no region', () => {
  for (const said of ['', 'warning: unable to open /proc file', 'error: invalid process', 'x'.repeat(100_000)])
    for (const parse of [parseGdbMappings, parseGdbSections, parseLldbRegions]) expect(parse(said)).toEqual([]);
});
