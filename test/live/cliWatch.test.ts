import { expect, test } from 'vitest';
import { saying } from '../saying.ts';
import { cli, endOf, onTerminal, startCli } from './cli.ts';
import { addressOf, pause, startScratch, text } from './support.ts';

const page = 4096n;

interface First {
  readonly time: string;
  readonly address: string;
  readonly length: number;
  readonly bytes: string;
  readonly unreadable: unknown[];
}
interface Changed {
  readonly time: string;
  readonly address: string;
  readonly before: string;
  readonly after: string;
}

function objects(stdout: string): [First, ...Changed[]] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown) as [First, ...Changed[]];
}

test('watch prints the range, and then a line for each change', async () => {
  const target = await startScratch();
  const at = addressOf(target, 'counter');
  await target.ask(`count ${at.toString(16)} 2000`);
  const words = ['watch', String(target.pid), text(at), '8', '--count', '5', '--interval', '20'];
  const { code, stdout, stderr } = await cli(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const digits = at.toString(16).padStart(16, '0');
  const [first, end, ...changes] = stdout.trimEnd().split('\n');
  expect(first).toMatch(new RegExp(`^${digits}  .. 0. 00 00 00 00 00 00 {27}\\|.{8}\\|$`));
  expect(end).toBe((at + 8n).toString(16).padStart(16, '0'));
  expect(changes).toHaveLength(5);
  const pattern = new RegExp(`^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} ${digits} (.*) → (.*)$`);
  let last: string | undefined;
  for (const line of changes) {
    const [, before = '', after = ''] = pattern.exec(line) ?? [];
    expect(after).not.toBe(before);
    expect(after).toMatch(/^[0-9a-f]{2}( [0-9a-f]{2})*$/);
    if (before.length === last?.length) expect(before).toBe(last);
    last = after;
  }
});

test('watch --json prints an object a line, which follow from each other', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 0);
  await target.ask(`count ${(at + page - 8n).toString(16)} 3000`);
  await target.ask(`count ${(at + page).toString(16)} 3000`);
  const words = [
    'watch',
    String(target.pid),
    text(at + page - 10n),
    '20',
    '--count',
    '7',
    '--interval',
    '30',
    '--json',
  ];
  const { code, stdout, stderr } = await cli(words);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [first, ...changes] = objects(stdout);
  expect(Object.keys(first)).toEqual(['time', 'address', 'length', 'bytes', 'unreadable']);
  expect(first).toMatchObject({ address: text(at + page - 10n), length: 20, unreadable: [] });
  expect(first.bytes).toMatch(/^0000[0-9a-f]{36}$/);
  expect(changes).toHaveLength(7);
  const known = Buffer.from(first.bytes, 'hex');
  for (const change of changes) {
    expect(Object.keys(change)).toEqual(['time', 'address', 'before', 'after']);
    expect(new Date(change.time).toISOString()).toBe(change.time);
    expect(Math.abs(Date.parse(change.time) - Date.now())).toBeLessThan(60_000);
    const offset = Number(BigInt(change.address) - (at + page - 10n));
    const bytes = Buffer.from(change.after, 'hex');
    expect(known.subarray(offset, offset + bytes.length).toString('hex')).toBe(change.before);
    known.set(bytes, offset);
  }
  // Both pages are followed.
  expect(new Set(changes.map(({ address }) => BigInt(address) < at + page)).size).toBe(2);
});

test('watch tells when bytes can no longer be read, and when they can again', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 7);
  const child = startCli(['watch', String(target.pid), text(at), '4', '--count', '2', '--json']);
  const ended = endOf(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  await target.protect(at, 1, '-');
  await pause(400);
  await target.protect(at, 1, 'rw');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  const [first, ...changes] = objects(stdout);
  expect(first).toMatchObject({ bytes: '07070707' });
  expect(changes).toEqual([
    { time: saying(/Z$/), address: text(at), before: '07070707', after: '????????' },
    { time: saying(/Z$/), address: text(at), before: '????????', after: '07070707' },
  ]);
});

test('watch of what is not in memory says so, and --fault-in reads it', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw');
  const words = ['watch', String(target.pid), text(at), '4', '--count', '0'];
  const absent = await cli(words);
  expect(absent).toMatchObject({
    code: 0,
    stdout: saying(/ {2}\?\? \?\? \?\? \?\? {2}/),
    stderr: saying(/--fault-in/),
  });
  expect(absent.stderr).not.toContain('--force');
  expect(await cli([...words, '--fault-in'])).toMatchObject({
    code: 0,
    stdout: saying(/ {2}00 00 00 00 /),
    stderr: '',
  });
});

test('watch ends with 1 and the reason when the process goes', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  const words = ['watch', String(target.pid), text(at), '4'];
  for (const more of [[], ['--json']]) {
    const fresh = await startScratch();
    const place = await fresh.map(1, 'rw', 1);
    const child = startCli(['watch', String(fresh.pid), text(place), '4', ...more]);
    const ended = endOf(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    fresh.send('exit');
    const { code, stdout, stderr } = await ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^live-memory: scratch \(\d+\) has exited\./);
    if (more.length > 0)
      expect(JSON.parse(stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ error: { code: 'Gone' } });
  }
  // Another one goes on.
  expect(await cli([...words, '--duration', '0.2'])).toMatchObject({ code: 0, stderr: '' });
});

test('watch takes a number however it is written, where nothing is mapped too', async () => {
  const target = await startScratch();
  const at = await target.map(2, 'rw', 7);
  await target.unmap(at, 1);
  const watched = (form: string): ReturnType<typeof cli> =>
    cli(['watch', String(target.pid), form, '4104', '--count', '0']);
  const plain = await watched(text(at));
  expect(plain).toMatchObject({
    code: 0,
    stdout: saying(/ {2}08 08 08 08 08 08 08 08 /),
    stderr: saying(/not mapped/),
  });
  for (const form of [String(at), `${text(at + page)}-0x1000`]) expect(await watched(form), form).toEqual(plain);
});

test('watch says so when the process has become another program', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 1);
  // Many looks between two of the regions, so that it is the bytes that tell.
  const child = startCli(['watch', String(target.pid), text(at), '4', '--interval', '4']);
  const ended = endOf(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  target.send('exec');
  expect(await ended).toMatchObject({
    code: 1,
    stderr: saying(/^live-memory: scratch \(\d+\) became another program \(exec\): exe runs under its number now/),
  });
});

test('watch --duration 0 prints what there is, as --count 0 does, and ends', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 7);
  const words = ['watch', String(target.pid), text(at), '4'];
  const counted = await cli([...words, '--count', '0']);
  expect(counted).toMatchObject({ code: 0, stdout: saying(/ {2}07 07 07 07 /), stderr: '' });
  expect(await cli([...words, '--duration', '0'])).toEqual(counted);
});

test('watch --duration ends in time, whatever happens', async () => {
  const target = await startScratch();
  await target.ask(`count ${target.facts['counter']} 1000`);
  const begunMs = performance.now();
  const words = ['watch', String(target.pid), target.facts['counter']!, '8', '--duration', '1'];
  expect(await cli(words)).toMatchObject({ code: 0, stderr: '' });
  const tookMs = performance.now() - begunMs;
  expect(tookMs).toBeGreaterThan(1000);
  expect(tookMs).toBeLessThan(4000);
});

test('watch refuses what is too much to watch, and what is not there', async () => {
  const target = await startScratch();
  const at = await target.map(300, 'rw', 0);
  const pid = String(target.pid);
  expect(await cli(['watch', pid, text(at), '1M', '--count', '0'])).toMatchObject({ code: 0 });
  for (const length of ['1048577', '1T'])
    expect(await cli(['watch', pid, text(at), length])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: saying(/At most 256 pages/),
    });
  expect(await cli(['watch', pid, text(at + 1n), '1M'])).toMatchObject({
    code: 1,
    stderr: saying(/At most 256 pages/),
  });
  expect(await cli(['watch', pid, '0x1000', '16'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: saying(/not mapped/),
  });
  expect(await cli(['watch', pid, '0xffffffffffffffff', '2'])).toMatchObject({ code: 1, stderr: saying(/2\^64/) });
});

test('watch prints no more of a large change than people read, and JSON has it all', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  for (const more of [[], ['--json']]) {
    await target.ask(`fill ${at.toString(16)} 4096 0`);
    const child = startCli(['watch', String(target.pid), text(at), '4096', '--count', '1', ...more]);
    const ended = endOf(child);
    await new Promise((resolve) => child.stdout?.once('data', resolve));
    await target.ask(`fill ${at.toString(16)} 4096 1`);
    const line = (await ended).stdout.trimEnd().split('\n').at(-1)!;
    if (more.length > 0)
      expect(JSON.parse(line)).toMatchObject({ before: '00'.repeat(4096), after: '01'.repeat(4096) });
    else expect(line).toMatch(/ (00 ){64}… \(4096 bytes\) → (01 ){64}… \(4096 bytes\)$/);
  }
});

test('watch on a terminal draws in place, what has changed reversed unless NO_COLOR is set', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  await target.ask(`count ${(at + 20n).toString(16)} 2000`);
  const words = ['watch', String(target.pid), text(at), '32', '--count', '3'];
  const coloured = await onTerminal(words, { columns: 100, rows: 24 });
  expect(coloured.code).toBe(0);
  // Two rows and the time, three times drawn over.
  expect(coloured.stdout.split('\x1b[3A')).toHaveLength(4);
  const reversed = coloured.stdout.split('\x1b[7m').slice(1);
  expect(reversed.length).toBeGreaterThan(0);
  for (const text of reversed) expect(text.slice(2).startsWith('\x1b[27m')).toBe(true);
  const plain = await onTerminal(words, { columns: 100, rows: 24, env: { NO_COLOR: '1' } });
  expect(plain.stdout.split('\x1b[3A')).toHaveLength(4);
  expect(plain.stdout).not.toContain('\x1b[7m');
  // Rows that would wrap or scroll away are not drawn over.
  for (const size of [
    { columns: 60, rows: 24 },
    { columns: 100, rows: 3 },
  ]) {
    const lines = await onTerminal(words, size);
    expect(lines.code).toBe(0);
    expect(lines.stdout).not.toContain('\x1b');
    expect(lines.stdout).toContain(' → ');
  }
});
