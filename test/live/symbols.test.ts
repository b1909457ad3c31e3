import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Address } from '../../common/address.ts';
import { labelName } from '../../common/region.ts';
import { labelAddress, resolveAddress } from '../../native/address.ts';
import { createImages } from '../../native/elf/images.ts';
import { openByPath, openExact } from '../../native/elf/openMapped.ts';
import type { Process } from '../../native/process.ts';
import { createSymbols, type Symbols } from '../../native/symbols.ts';
import { saying } from '../saying.ts';
import { startTarget, type RunningTarget } from '../target/target.ts';
import { addressOf, attachTo, connectTo, text } from './support.ts';

interface Known {
  readonly target: RunningTarget;
  readonly source: Process;
  readonly symbols: Symbols;
  /** The address that the program itself says a symbol has. */
  at(fact: string): Address;
  label(fact: string, plus?: bigint): Promise<string | undefined>;
}

async function start(flags: readonly string[] = [], libraries: readonly string[] = []): Promise<Known> {
  const target = await startTarget('symbols', libraries, { flags });
  onTestFinished(() => target.dispose());
  const source = await attachTo(target.pid);
  const symbols = createSymbols(source);
  onTestFinished(() => symbols.dispose());
  const at = (fact: string): Address => addressOf(target, fact);
  return { target, source, symbols, at, label: (fact, plus = 0n) => symbols.label(at(fact) + plus) };
}

/** What an address is called, which is to be resolved to that very address again. */
async function readBack(
  source: Process,
  address: Address,
): Promise<{ readonly label: string; readonly back: Address }> {
  const label = await labelAddress(source, address);
  if (label === undefined) throw new Error(`${text(address)} has no label`);
  return { label, back: (await resolveAddress(source, label)).address };
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'live-memory-symbols-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A library with `answer` and `marked`, after as many other functions and variables as `others`. */
function buildLibrary(path: string, others = 0): string {
  const source = Array.from(
    { length: others },
    (_, i) => `int other${i}(int x) { return x * ${i}; } int more${i} = ${i};`,
  );
  source.push('int marked = 7; int answer(void) { return marked; }');
  writeFileSync(`${path}.c`, source.join('\n'));
  execFileSync('cc', ['-O0', '-shared', '-fPIC', '-o', path, `${path}.c`]);
  return path;
}

test.each([
  ['position-independent', ['-pie', '-fPIE'], 'symbols-pie-fPIE'],
  ['at fixed addresses', ['-no-pie', '-fno-pie'], 'symbols-no-pie-fno-pie'],
  ['static', ['-static', '-DSTATIC'], 'symbols-static-DSTATIC'],
  ['static and position-independent', ['-static-pie', '-fPIE', '-DSTATIC'], 'symbols-static-pie-fPIE-DSTATIC'],
  ['of one segment for code and constants', ['-Wl,-z,noseparate-code'], 'symbols-Wl_-z_noseparate-code'],
])('label() and find() agree with a program that is %s', async (_, flags, file) => {
  const { symbols, source, at, label } = await start(flags);
  const name = basename(source.facts.executable);
  expect(name).toBe(file);
  for (const fact of ['main', 'initialised', 'zeros', 'constant', 'hidden', 'hidden_function']) {
    expect(await label(fact), fact).toBe(`${name}!${fact}`);
    expect((await symbols.find(source.facts.executable, fact)).addresses, fact).toEqual([at(fact)]);
  }
  expect(await label('initialised', 8n)).toBe(`${name}!initialised+0x8`);
  // Past the end of the file, where only zeros are.
  expect(await label('zeros', 0x3ffffn)).toBe(`${name}!zeros+0x3ffff`);
  expect(await label('heap')).toBeUndefined();
});

test('label() and find() agree with the dynamic loader on libraries, one of them loaded twice', async () => {
  const library = buildLibrary(join(folder(), 'libanswer.so'), 3);
  const { symbols, source, at, label } = await start([], [library]);
  expect(at('answerCopy')).not.toBe(at('answer1'));
  // A symbol's name would not tell which copy is meant; an offset does.
  for (const fact of ['answer1', 'answerCopy', 'marked1', 'markedCopy']) {
    expect(await label(fact)).toBeUndefined();
    expect((await readBack(source, at(fact))).label).toMatch(/^libanswer\.so\+0x/);
  }
  const both = [at('answer1'), at('answerCopy')].sort((a, b) => (a < b ? -1 : 1));
  expect((await symbols.find(library, 'answer')).addresses).toEqual(both);
});

test('labelAddress() gives resolveAddress() no name that two files of a program share', async () => {
  const target = await startTarget('alike', [], { flags: ['-O0', 'test/target/alikeSecond.c'] });
  onTestFinished(() => target.dispose());
  const source = await attachTo(target.pid);
  const name = labelName(source.table, source.facts.executable);
  for (const [fact, symbol] of [
    ['firstCounter', undefined],
    ['secondCounter', 'counter'],
    ['firstState', undefined],
    ['secondState', undefined],
    ['firstHelper', undefined],
    ['secondHelper', undefined],
    ['main', 'main'],
    ['second', 'print_second'],
  ] as const) {
    const at = addressOf(target, fact);
    for (const plus of [0n, 2n]) {
      const { label, back } = await readBack(source, at + plus);
      expect(text(back), label).toBe(text(at + plus));
      if (symbol !== undefined) expect(label).toBe(`${name}!${symbol}${plus === 0n ? '' : '+0x2'}`);
      else expect(label).toMatch(/\+0x[0-9a-f]+$/);
    }
  }
});

test('the label of whatever the C library exports resolves to that very address', async () => {
  const { source, symbols, at } = await start();
  const { label } = await readBack(source, at('malloc'));
  expect(label).toMatch(/^libc\..*!malloc$/);
  const libc = (await symbols.files()).find((file) => basename(file).startsWith('libc.'))!;
  // As the dynamic loader has it: what the file gives as malloc's place, and where it is.
  const lines = execFileSync('nm', ['--dynamic', '--defined-only', libc], { encoding: 'utf8' }).trim().split('\n');
  const exported = lines.map((line) => line.split(' ') as [value: string, type: string, name: string]);
  const malloc = exported.find(([, , name]) => name.replace(/@.*/, '') === 'malloc')!;
  const base = at('malloc') - BigInt(`0x${malloc[0]}`);
  const places = new Set(
    exported.filter(([, type]) => 'TWiVDBR'.includes(type)).map(([value]) => BigInt(`0x${value}`)),
  );
  expect(places.size).toBeGreaterThan(1000);
  let named = 0;
  for (const place of places) {
    const found = await readBack(source, base + place);
    expect(text(found.back), found.label).toBe(text(base + place));
    if (found.label.includes('!')) named++;
  }
  expect(named).toBeGreaterThan(places.size * 0.9);
});

test('find() has malloc where the program has it', async () => {
  const { symbols, at, label } = await start();
  const files = await symbols.files();
  expect(files[0]).toBe((await start()).source.facts.executable);
  const libc = files.find((file) => basename(file).startsWith('libc.'))!;
  expect((await symbols.find(libc, 'malloc')).addresses).toEqual([at('malloc')]);
  expect(await label('malloc')).toBe(`${basename(libc)}!malloc`);
});

test('a file that is mapped as data has no symbols there', async () => {
  const library = buildLibrary(join(folder(), 'libanswer.so'));
  const { target, symbols, source, at } = await start([], [library]);
  const mapped = BigInt(await target.ask(`map ${library}`));
  const { addresses } = await symbols.find(library, 'answer');
  expect(addresses).toContain(at('answer1'));
  const region = (await source.regions()).find(({ start: first }) => first === mapped);
  expect(region?.name).toBe(library);
  for (let offset = 0n; offset < 0x3000n; offset += 0x10n) expect(await symbols.label(mapped + offset)).toBeUndefined();
  expect(addresses.every((address) => address < mapped || address >= region!.end)).toBe(true);
});

test('[vdso] has symbols, out of the memory itself', async (context) => {
  const { symbols, at } = await start();
  if (!(await symbols.files()).includes('[vdso]')) context.skip('this kernel gives no vdso');
  const names = ['__vdso_clock_gettime', '__kernel_clock_gettime'];
  const found = await Promise.all(names.map((name) => symbols.find('[vdso]', name)));
  const address = found.flatMap(({ addresses }) => addresses)[0]!;
  expect(address).toBeGreaterThan(at('vdso'));
  expect(await symbols.label(address)).toMatch(/^\[vdso\]!.*clock_gettime$/);
});

test('a library that was replaced on disk gives no wrong symbol', async () => {
  const library = join(folder(), 'libanswer.so');
  buildLibrary(library);
  const { target, source, symbols, at, label } = await start([], [buildLibrary(join(folder(), 'lib.so')), library]);
  // The new one has another function where `answer` is, and `answer` elsewhere.
  renameSync(buildLibrary(`${library}.new`, 50), library);
  source.look();
  const right = [undefined, 'libanswer.so (deleted)!answer'];
  for (const offset of [0n, 1n, 4n]) {
    const found = await label('answer2', offset);
    expect(right, found).toContain(found?.replace(/\+0x.*/, ''));
  }
  const name = (await symbols.files()).find((file) => file.startsWith(library))!;
  const { addresses, reason } = await symbols.find(name, 'answer');
  if (reason === undefined) expect(addresses).toEqual([at('answer2')]);
  else expect(reason).toMatch(/replaced or deleted/);

  const regions = (await source.regions()).filter((region) => region.name === name);
  // Whoever may not use the kernel's link to the file gets nothing rather than the new one, under either name.
  expect(openByPath(target.pid, regions[0])).toEqual(saying(/replaced or deleted/));
  expect(openByPath(target.pid, { ...regions[0]!, name: library })).toEqual(saying(/replaced or deleted/));
  const exact = openExact(target.pid, regions);
  expect(Number(exact?.stat.ino ?? regions[0]!.inode)).toBe(regions[0]!.inode);
  exact?.dispose();
});

test('openByPath() opens what is mapped, and says why not where it cannot', async () => {
  const library = buildLibrary(join(folder(), 'libanswer.so'));
  const { target, source } = await start([], [library]);
  const region = (await source.regions()).find(({ name }) => name === library)!;
  const file = openByPath(target.pid, region);
  if (typeof file === 'string') throw new Error(file);
  expect(Number(file.stat.ino)).toBe(region.inode);
  file.dispose();
  rmSync(library);
  expect(openByPath(target.pid, region)).toEqual(saying(/cannot be opened/));
  expect(openByPath(target.pid, { ...region, name: '/dev/null' })).toEqual(saying(/not a regular file/));
  expect(openByPath(target.pid, { ...region, name: '[heap]' })).toEqual(saying(/not a file/));
});

test('agent: resolve() takes symbols, and label() gives them', async () => {
  const library = buildLibrary(join(folder(), 'libanswer.so'));
  const other = join(folder(), 'libanswer.so');
  copyFileSync(library, other);
  const { target, at } = await start([], [library, other]);
  const agent = await connectTo(target.pid);
  const resolve = async (expression: string): Promise<string> =>
    (await agent.channel.call('resolve', { expression })).address;
  const label = async (address: Address): Promise<string | undefined> =>
    (await agent.channel.call('label', { address: text(address) })).label;
  expect(await resolve('libc.so.6!malloc')).toBe(text(at('malloc')));
  expect(await resolve('symbols!initialised+8')).toBe(text(at('initialised') + 8n));
  expect(await resolve('SYMBOLS!hidden')).toBe(text(at('hidden')));
  expect(await resolve('!hidden_function')).toBe(text(at('hidden_function')));
  // `main` is of the program, whatever else has one; `malloc` is in one library.
  expect(await resolve('!main')).toBe(text(at('main')));
  expect(await resolve('!malloc')).toBe(text(at('malloc')));
  expect(await resolve('!clock_gettime')).toBe(await resolve('libc.so.6!clock_gettime'));
  expect(await resolve(`${JSON.stringify(other)}!marked`)).toBe(text(at('marked2')));
  // What the program keeps there is 1.
  await expect(resolve('*symbols!initialised')).rejects.toThrow(/Nothing is mapped at 0x1/);
  expect(await label(at('zeros') + 0x1234n)).toBe('symbols!zeros+0x1234');
  expect(await label(at('marked2'))).toBe(`${JSON.stringify(other)}!marked`);
  expect(await label(at('heap'))).toBeUndefined();
  for (const address of [at('marked2'), at('malloc') + 5n, at('zeros') + 0x1234n])
    expect(await resolve((await label(address))!)).toBe(text(address));
  await expect(agent.channel.call('label', { address: 'here' as '0x' })).rejects.toMatchObject({ code: 'Invalid' });

  const refused = (expression: string): Promise<unknown> =>
    resolve(expression).then(
      () => 'resolved',
      (error: unknown) => error,
    );
  expect(await refused('libc.so.6!mallok')).toMatchObject({
    code: 'Unmapped',
    message: saying(/libc\.so\.6 has no symbol "mallok"\. Did you mean malloc/),
  });
  expect(await refused('!initialized')).toMatchObject({ message: saying(/No file here.*Did you mean .*initialised/) });
  expect(await refused('!marked')).toMatchObject({
    code: 'Invalid',
    message: saying(/More than one file has a symbol "marked"\. Write ".*libanswer\.so"!marked or ".*"!marked/),
  });
  // The first one is there once more, as a copy of its own.
  expect(await refused(`${JSON.stringify(library)}!marked`)).toMatchObject({ message: saying(/There are 2 of/) });
  expect(await refused('[heap]!x')).toMatchObject({ code: 'Invalid', message: saying(/\[heap\] is not a file/) });
  expect(await refused('nothing.so!x')).toMatchObject({ message: saying(/Nothing is called nothing\.so/) });
});

test('a file is parsed once for as long as it stays the same', async () => {
  const library = buildLibrary(join(folder(), 'libanswer.so'));
  const { target, source } = await start([], [library]);
  const images = createImages(target.pid, (range, bytes, options) => source.readIntoSync(range, bytes, options));
  const regions = (await source.regions()).filter(({ name }) => name === library);
  const [first, second] = await Promise.all([images.of(regions), images.of(regions)]);
  expect(first).toHaveProperty('elf');
  expect(second).toBe(first);
  utimesSync(library, 1, 1);
  expect(await images.of(regions)).not.toBe(first);
  images.dispose();
});

test('a stripped program says that it is', async () => {
  const { source, symbols } = await start(['-s']);
  const finding = await symbols.find(source.facts.executable, 'hidden');
  expect(finding).toMatchObject({ addresses: [], isStripped: true });
});
