import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { openFile } from '../../native/elf/bytes.ts';
import { debugFileOf } from '../../native/elf/debugFile.ts';
import { readImage, type Image } from '../../native/elf/image.ts';
import { placesOf, symbolAt } from '../../native/elf/symbolTable.ts';
import { pause } from './support.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'live-memory-elf-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = `
  struct point { int x, y; } origin = {1, 2};
  static long hidden = 3;
  char zeros[100000];
  const char constant[] = "constant";
  __thread int own_of_each_thread = 4;
  __attribute__((noinline)) static long inner(long x) { return x + hidden++; }
  __attribute__((weak)) long soft(long x) { return inner(x); }
  long alias(long x) __attribute__((alias("soft")));
  __asm__(".globl bare\\n.text\\nbare: nop\\n nop\\n.set fixed, 0x1234\\n.globl fixed\\n");
  long start(long x) { return soft(x) + zeros[x] + origin.x + constant[x] + own_of_each_thread; }
`;
const mainOf = `${program} int main(int count, char **words) { (void)words; return (int)start(count) & 1; }`;

let files = 0;
function compile(source: string, flags: readonly string[], language = 'c'): string {
  const input = join(folder, `source${files++}.${language}`);
  const output = `${input}.out`;
  writeFileSync(input, source);
  execFileSync('cc', [...flags, '-o', output, input], { stdio: ['ignore', 'ignore', 'pipe'] });
  return output;
}

function strip(file: string, ...flags: string[]): string {
  execFileSync('strip', [...flags, file]);
  return file;
}

function read(file: string, roots: readonly string[] = []): Image {
  const source = openFile(file);
  if (source === undefined) throw new Error(`${file} cannot be opened`);
  const steps = readImage(source, roots);
  try {
    for (;;) {
      const step = steps.next();
      if (step.done !== true) continue;
      if (typeof step.value === 'string') throw new Error(step.value);
      return step.value;
    }
  } finally {
    source.dispose();
  }
}

interface Printed {
  readonly address: bigint;
  readonly size: number;
  readonly type: string;
  readonly name: string;
}

/** The symbols that readelf prints of a file and that we are to know; their names without a version. */
function printed(file: string): Printed[] {
  const lines = execFileSync('readelf', ['-Ws', file], { maxBuffer: 2 ** 30, encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, address = '', size = '', type = '', binding = '', , section = '', name = ''] =
      /^ *\d+: ([0-9a-f]+) +(\w+) (\w+) +(\w+) +(\w+)(?: +\[.*?\])? +(\w+) (\S+)/.exec(line) ?? [];
    if (!['FUNC', 'OBJECT', 'NOTYPE', 'IFUNC'].includes(type) || ['UND', 'ABS', 'COM'].includes(section)) return [];
    if (type === 'NOTYPE' && binding === 'LOCAL' && /^[.$]/.test(name)) return [];
    return [{ address: BigInt(`0x${address}`), size: Number(size), type, name: name.replace(/@.*/, '') }];
  });
}

/** What is in a table, as readelf's: address and name. */
function known({ elf, symbols }: Image): string[] {
  const bytes = Buffer.from(symbols.strings.buffer);
  return [...symbols.places].map((place, i) => {
    const at = symbols.names[i]!;
    const name = bytes.toString('utf8', at, bytes.indexOf(0, at)).replace(/@.*/, '');
    return `${(elf.base + BigInt(place)).toString(16)} ${name}`;
  });
}

const text = ({ address, name }: Printed): string => `${address.toString(16)} ${name}`;

const cases: readonly (readonly [string, () => string])[] = [
  ['a position-independent program', () => compile(mainOf, ['-O1', '-g', '-pie', '-fPIE'])],
  ['a program at fixed addresses', () => compile(mainOf, ['-O1', '-no-pie', '-fno-pie'])],
  ['a static program', () => compile(mainOf, ['-O1', '-static'])],
  ['a library', () => compile(program, ['-O1', '-shared', '-fPIC'])],
  ['a stripped library', () => strip(compile(program, ['-O1', '-shared', '-fPIC']))],
  ['a stripped program that exports', () => strip(compile(mainOf, ['-O1', '-rdynamic']))],
  ['a program without its local symbols', () => strip(compile(mainOf, ['-O1']), '--discard-all')],
  [
    'a program of 32 bits',
    () =>
      compile(
        program.replace(/__thread/, '').replace('start(', '_start('),
        '-m32 -nostdlib -static -fno-pic -no-pie -ffreestanding -O1'.split(' '),
      ),
  ],
  ['this very Node', () => process.execPath],
];

describe.each(cases)('of %s', (_, make) => {
  test('the table has what readelf prints, and each place has a name of its innermost symbol that means it', () => {
    const file = make();
    const image = read(file);
    const expected = printed(file);
    expect(expected.length).toBeGreaterThan(4);
    // What is in both tables of a file is twice in both.
    expect(known(image).sort()).toEqual(expected.map(text).sort());

    const byAddress = new Map<bigint, Printed[]>();
    for (const symbol of expected) byAddress.set(symbol.address, [...(byAddress.get(symbol.address) ?? []), symbol]);
    for (const [i, { address, size, type, name }] of expected.slice(0, 5000).entries()) {
      const place = Number(address - image.elf.base);
      const best = symbolAt(image.symbols, place);
      if (type === 'NOTYPE' || size === 0) continue;
      const names = byAddress.get(address)?.map((symbol) => symbol.name) ?? [];
      if (best === undefined) {
        // Looking all names up takes long in a large file.
        if (i % 100 === 0)
          for (const other of names) expect(placesOf(image.symbols, other), other).not.toEqual([place]);
        continue;
      }
      expect(best.place, name).toBe(place);
      expect(names).toContain(best.name);
      if (i % 100 === 0) expect(placesOf(image.symbols, best.name), best.name).toEqual([place]);
      expect(symbolAt(image.symbols, place + size - 1)?.place ?? place, name).toBeGreaterThanOrEqual(place);
    }
    for (const { address, type, name } of expected.filter(
      ({ name: found }) => found === 'start' || found === 'zeros',
    )) {
      expect(type).toBe(name === 'start' ? 'FUNC' : 'OBJECT');
      expect(placesOf(image.symbols, name)).toEqual([Number(address - image.elf.base)]);
    }
  });
});

test('a stripped file has its symbols from the debug file of the same build, and of no other', () => {
  const whole = compile(mainOf, ['-O1', '-g', '-Wl,--build-id']);
  const { elf } = read(whole);
  expect(elf.buildId).toMatch(/^[0-9a-f]{40}$/);
  const root = join(folder, 'root');
  const debugFile = root + debugFileOf(elf.buildId!);
  execFileSync('mkdir', ['-p', join(debugFile, '..')]);
  execFileSync('objcopy', ['--only-keep-debug', whole, debugFile]);
  const all = known(read(whole));
  strip(whole);
  expect(read(whole, [join(folder, 'elsewhere')])).toMatchObject({ isStripped: true });
  const joined = read(whole, [join(folder, 'elsewhere'), root]);
  expect(joined.isStripped).toBe(false);
  expect(placesOf(joined.symbols, 'hidden')).toHaveLength(1);
  expect(new Set(known(joined))).toEqual(new Set(all));

  execFileSync('objcopy', ['--only-keep-debug', compile(program, ['-shared', '-fPIC', '-Wl,--build-id']), debugFile]);
  expect(read(whole, [root])).toMatchObject({ isStripped: true });
});

test('openFile() opens neither a pipe nor a device, and wakes nobody who waits at one', async () => {
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const writer = spawn('sh', ['-c', 'echo begun; echo text > "$0"', pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void writer.kill('SIGKILL'));
  await once(writer.stdout, 'data');
  await pause(50);
  for (const path of [pipe, '/dev/zero', folder, join(folder, 'nothing')]) expect(openFile(path)).toBeUndefined();
  await pause(200);
  expect(writer.exitCode ?? writer.signalCode).toBeNull();
});

test('100,000 symbols are read within a quarter of a second, in steps of a few milliseconds', () => {
  const lines = Array.from({ length: 100_000 }, (_, i) => {
    const name = `a_function_of_many_${i}`;
    return `.globl ${name}\n.type ${name},@function\n${name}: nop\n.size ${name},1\n`;
  });
  const file = compile(`.text\n${lines.join('')}`, ['-shared', '-nostdlib'], 's');
  const count = printed(file).length;
  expect(count).toBeGreaterThanOrEqual(200_000);
  let leastMs = Infinity;
  for (let round = 0; round < 3; round++) {
    const begunMs = performance.now();
    const { symbols } = read(file);
    leastMs = Math.min(leastMs, performance.now() - begunMs);
    // Each is in both tables.
    expect(symbols.places).toHaveLength(count);
    expect(placesOf(symbols, 'a_function_of_many_77777')).toHaveLength(1);
  }
  // It takes about 30 ms on a machine that does nothing else.
  expect(leastMs).toBeLessThan(250);
});
