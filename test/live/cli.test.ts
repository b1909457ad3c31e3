import { readFileSync, rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { regionKinds } from '../../common/region.ts';
import { startTarget } from '../target/target.ts';
import { cli, json, onTerminal } from './cli.ts';
import { isRoot, nobody, startScratch, text, type Scratch } from './support.ts';

const commands = ['ps', 'maps', 'read', 'write', 'watch', 'why'];

test.each([
  [[], /A command is missing\./],
  [['peek'], /There is no command "peek"\./],
  [['--nonsense'], /There is no command "--nonsense"\./],
  [['ps', '--nonsense'], /Unknown option '--nonsense'\./],
  [['ps', 'more'], /"more" is one word too many\./],
  [['maps'], /PID is missing\./],
  [['maps', 'init'], /"init" is not a process id\. Those are whole numbers from 1 to 4194304\./],
  [['maps', '0'], /"0" is not a process id/],
  [['maps', '1.5'], /"1\.5" is not a process id/],
  [['maps', '4194305'], /"4194305" is not a process id/],
  [['maps', '-1'], /Unknown option '-1'\./],
  [['why', '99999999999999999999'], /is not a process id/],
  [['read', '1'], /ADDRESS is missing\./],
  [['read', '1', '0'], /LENGTH is missing\./],
  [['read', '1', '0', '16', '16'], /"16" is one word too many\./],
  [['read', '1', '', '16'], /That is not an address\. Type one\./],
  [['read', '1', ')', '16'], /That is not an address\. An address should stand where "\)" is\./],
  [['read', '1', '0xzz', '16'], /That is not an address\. "0xzz" is not a hexadecimal number\./],
  [['read', '1', '0x1_0000_0000_0000_0000', '16'], /That is not an address\. 0x1_0000_0000_0000_0000 is past 2\^64/],
  [['read', '1', '0', '0'], /"0" is not a length\. Write bytes, at least one/],
  [['read', '1', '0', '-16'], /Unknown option '-1'\./],
  [['read', '1', '0', '16X'], /"16X" is not a length/],
  [['read', '1', '0', '99999999999999999999'], /is not a length/],
  [['read', '1', '0', '9999T'], /"9999T" is not a length/],
  [['read', '1', '0', '16', '--raw', '--json'], /--raw and --json exclude each other\./],
  [['read', '1', '0', '16', '--zero-unreadable'], /--zero-unreadable goes with --raw\./],
  [['read', '1', '0', '16', '--raw=yes'], /does not take an argument/],
  [['write', '1', '0'], /BYTES is missing\./],
  [['write', '1', '0xzz', '00'], /"0xzz" is not a hexadecimal number\./],
  [['write', '1', '18446744073709551616', '-'], /18446744073709551616 is past 2\^64/],
  [['write', '1', '0', 'dea'], /"dea" has 3 hex digits, and a byte takes two: one is missing\./],
  [['write', '1', '0', 'xy'], /"xy" is not bytes\./],
  [['write', '1', '0', '00', '--text', 'a'], /BYTES, --text and --type exclude each other\./],
  [['write', '1', '0', '--type', 'i32'], /--type and --value go together\./],
  [['write', '1', '0', '--value', '7'], /--type and --value go together\./],
  [['write', '1', '0', '--type', 'i9', '--value', '7'], /"i9" is no type\. There are: /],
  [['write', '1', '0', '--type', 'u8', '--value', '-1'], /-1 does not fit u8, which goes from 0 to 255\./],
  [['write', '1', '0', '--type', 'f32', '--value', '1e39'], /1e39 does not fit f32, which goes from -3\.4028235e38 to/],
  [['write', '1', '0', '--type', 'f64', '--value', '-1e309'], /-1e309 does not fit f64, which goes from -1\.797/],
  [['write', '1', '0', '--type'], /--type lacks its value/],
  [['write', '1', '0', '00', '--big'], /--big goes with --type\./],
  [
    ['write', '1', '0', '--text', '--json'],
    /--text lacks its value; one that begins with a dash is written --text=…\./,
  ],
  [['write', '1', '0', '--text', ''], /There is nothing to write\./],
  [['write', '1', '0', '-'], /There is nothing to write\./],
  [['write', '1', '0', '0000', '--expect', '00'], /--expect has 1 bytes and there are 2 to write: give as many\./],
  [['watch', '1', '', '16'], /Type one\./],
  [['watch', '1', '0xzz', '16'], /"0xzz" is not a hexadecimal number\./],
  [['watch', '1', '0'], /LENGTH is missing\./],
  [['watch', '1', '0', '16', '--interval', 'often'], /--interval takes a number from 4 to \d+, and "often" is none\./],
  [['watch', '1', '0', '16', '--interval', '0'], /--interval takes a number/],
  [['watch', '1', '0', '16', '--count', '-1'], /--count takes a number from 0/],
  [['watch', '1', '0', '16', '--count', '1.5'], /--count takes a whole number from 0 to \d+, and "1\.5" is none\./],
  [['watch', '1', '0', '16', '--duration', ''], /--duration takes a number/],
])('%j is wrong usage: exit code 2, one line that says why and one that says how', async (words, sentence) => {
  const { code, stdout, stderr } = await cli(words);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  const [first, second, ...rest] = stderr.split('\n');
  expect(first).toMatch(new RegExp(`^live-memory: .*${sentence.source}`));
  expect(second).toMatch(/live-memory.* --help\.$/);
  expect(rest).toEqual(['']);
});

test('--help lists all commands, and that of each command its options', async () => {
  const { code, stdout } = await cli(['--help']);
  expect(code).toBe(0);
  for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  for (const command of commands) {
    const help = await cli([command, '--help']);
    expect(help).toMatchObject({
      code: 0,
      stderr: '',
      stdout: saying(new RegExp(`^live-memory ${command} .*--json`, 's')),
    });
    expect(await cli([command, '-h'])).toMatchObject({ stdout: help.stdout });
    for (const line of help.stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  }
  const { stdout: read } = await cli(['read', '--help']);
  for (const option of ['raw', 'zero-unreadable', 'fault-in', 'force', 'json', 'help'])
    expect(read).toContain(`--${option} `);
});

test('--version prints the version', async () => {
  expect(await cli(['--version'])).toMatchObject({ code: 0, stdout: '1.2.3\n', stderr: '' });
});

test.each([['maps'], ['read', '0x1000', '16'], ['write', '0x1000', '00'], ['watch', '0x1000', '16']])(
  '%s of a process that there is not is refused: exit code 1, the reason on standard error',
  async (command, ...rest) => {
    const target = await startScratch();
    await target.ask('exit').catch(() => undefined);
    await target.exited;
    const words = [command, String(target.pid), ...rest];
    const reason = `There is no process with the id ${target.pid}.`;
    const refused = await cli(words);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(`live-memory: ${reason}`);
    const asJson = await cli([...words, '--json']);
    expect(asJson.code).toBe(1);
    expect(asJson.stderr).toBe(refused.stderr);
    const { error } = JSON.parse(asJson.stdout) as { error: Record<string, unknown> };
    expect(Object.keys(error)).toEqual(['code', 'message']);
    expect(error).toEqual({ code: 'Gone', message: saying(new RegExp(reason)) });
  },
);

test('ps lists what there is, as a table and as JSON', async () => {
  const target = await startScratch();
  const { code, stdout, stderr } = await cli(['ps']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const [header, ...lines] = stdout.trimEnd().split('\n');
  expect(header).toMatch(/^ +PID {2}USER +RESIDENT {2}NAME +COMMAND$/);
  const line = lines.find((one) => one.trim().startsWith(`${target.pid} `));
  expect(line).toMatch(/^ *\d+ {2}\S+ +[\d.]+ \w+ {2}scratch +\/\S+scratch$/);

  const found = (await json('ps')) as Record<string, unknown>[];
  for (const entry of found)
    expect(Object.keys(entry)).toEqual(['pid', 'name', 'user', 'commandLine', 'residentBytes', 'denied']);
  const ours = found.find(({ pid }) => pid === target.pid);
  expect(ours).toMatchObject({ name: 'scratch', commandLine: saying(/scratch$/), denied: null });
  const status = readFileSync(`/proc/${target.pid}/status`, 'utf8');
  const residentBytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
  expect(Math.abs((ours?.['residentBytes'] as number) - residentBytes)).toBeLessThan(1024 * 1024);
});

test.skipIf(!isRoot)('ps and why say of another user’s process why it cannot be opened', async () => {
  const target = await startScratch();
  const pid = String(target.pid);
  const listed = await cli(['ps', '--json'], { uid: nobody });
  const entry = (JSON.parse(listed.stdout) as { pid: number; denied: string | null }[]).find(
    (one) => one.pid === target.pid,
  );
  expect(entry?.denied).toMatch(/runs as root, you are nobody/);
  const table = await cli(['ps'], { uid: nobody });
  expect(table.stdout.split('\n').find((line) => line.trim().startsWith(`${pid} `))).toMatch(
    / scratch +! .*runs as root/,
  );

  const why = await cli(['why', pid, '--json'], { uid: nobody });
  expect(why).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(why.stdout) as { remedies: string[] };
  expect(Object.keys(report)).toEqual(['allowed', 'cause', 'detail', 'remedies']);
  expect(report).toMatchObject({ allowed: false, cause: 'otherUser', detail: saying(/runs as root/) });
  const words = await cli(['why', pid], { uid: nobody });
  expect(words.code).toBe(0);
  expect(words.stdout.split('\n').slice(1, -1)).toEqual(report.remedies.map((remedy) => `  - ${remedy}`));

  const refused = await cli(['read', pid, '[heap]', '16', '--json'], { uid: nobody });
  expect(refused).toMatchObject({ code: 1, stderr: saying(/runs as root/) });
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: 'Denied' } });
});

test('why answers with 0 also where there is no process', async () => {
  const target = await startScratch();
  expect(await json('why', String(target.pid))).toEqual({
    allowed: true,
    cause: 'allowed',
    detail: saying(/can be opened/),
    remedies: [],
  });
  await target.ask('exit').catch(() => undefined);
  await target.exited;
  expect(await json('why', String(target.pid))).toMatchObject({ allowed: false, cause: 'noProcess' });
});

test('ps is cut to the width of a terminal, and to nothing else', async () => {
  await startScratch();
  const { stdout } = await onTerminal(['ps'], { columns: 40, rows: 24 });
  const lines = stdout.trimEnd().split('\r\n');
  expect(lines.length).toBeGreaterThan(1);
  for (const line of lines) expect([...line].length).toBeLessThanOrEqual(40);
  expect(lines.some((line) => line.endsWith('…'))).toBe(true);
});

test('maps says what /proc/<pid>/maps says, with kinds and what is in memory', async () => {
  const target = await startScratch();
  const at = await target.map(8, 'rw');
  await target.ask(`fill ${at.toString(16)} ${3 * 4096} 7`);
  const pid = String(target.pid);
  const found = (await json('maps', pid)) as Record<string, unknown>[];
  const kernels = readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n');
  expect(found).toHaveLength(kernels.length);
  found.forEach((region, i) => {
    const [range, access, offset, , , ...name] = kernels[i]!.split(/ +/);
    const [start, end] = range!.split('-').map((digits) => `0x${BigInt(`0x${digits}`).toString(16)}`);
    const expected = {
      start,
      end,
      access,
      offset: `0x${Number.parseInt(offset!, 16).toString(16)}`,
      name: name.join(' '),
    };
    expect(region).toMatchObject(expected);
    expect(Object.keys(region).slice(0, 7)).toEqual([...Object.keys(expected), 'kind', 'residentBytes']);
    expect(regionKinds).toContain(region['kind']);
    expect(Object.keys(region).slice(7)).toEqual(['swappedBytes', 'hugeBytes']);
  });
  const mine = found.find(({ start }) => start === text(at));
  expect(mine).toMatchObject({ access: 'rw-p', residentBytes: 3 * 4096, swappedBytes: 0, hugeBytes: 0 });

  const { stdout } = await cli(['maps', pid]);
  const lines = stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^ *ADDRESS {2}ACCESS {2}OFFSET +KIND +SIZE {2}RESIDENT {2}NAME$/);
  expect(lines).toHaveLength(kernels.length + 1);
  lines.slice(1).forEach((line, i) => expect(line.trim().split(' ')[0]).toBe(kernels[i]!.split(' ')[0]));
  expect(lines.find((line) => line.endsWith('[heap]'))).toMatch(/ rw-p +0{8} +heap +\d+ KiB +\d+ KiB {2}\[heap\]$/);
});

test('maps of more than sixty thousand regions takes a moment, and lists them all', async () => {
  const target = await startScratch();
  await target.ask('regions 64000');
  const begunMs = performance.now();
  const found = (await json('maps', String(target.pid))) as unknown[];
  const tookMs = performance.now() - begunMs;
  expect(found.length).toBeGreaterThan(60_000);
  // A tenth of a second of it is work, on a machine that has nothing else to do; a call for each region would be seconds.
  expect(tookMs).toBeLessThan(3000);
});

test('a name that would steer the terminal is printed harmless', async () => {
  const target = await startScratch();
  const file = `/tmp/lm-\x1b[31m-${target.pid}`;
  await target.ask(`file ${file} 1 4096`);
  const { stdout } = await cli(['maps', String(target.pid)]);
  expect(stdout).toContain(String.raw`/tmp/lm-\x1b[31m-`);
  expect(stdout).not.toContain('\x1b');
  const found = (await json('maps', String(target.pid))) as { name: string }[];
  expect(found.some(({ name }) => name === file)).toBe(true);
  rmSync(file);
});

test('an error that names a file is printed harmless on standard error, and as it is in JSON', async () => {
  const target = await startScratch();
  const file = `/tmp/lm-\x1b[31m\x07-${target.pid}`;
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 1 4096`));
  await target.protect(at, 1, 'r');
  for (const words of [
    ['write', String(target.pid), text(at), '00'],
    ['read', String(target.pid), `"lm-[31m-${target.pid}"`, '1'],
  ]) {
    const { code, stdout, stderr } = await cli([...words, '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain(String.raw`lm-\x1b[31m\x07-${target.pid}`);
    expectHarmless(stderr);
    const { error } = JSON.parse(stdout) as { error: { message: string } };
    expect(error.message).toContain(file.slice('/tmp/'.length));
  }
});

test('a process whose name would steer the terminal is named harmless, on one line, by every command', async () => {
  const target = await startScratch();
  await rename(target, hostileName);
  const harmless = String.raw`\x1b[31mX\x0a\x07\x9b\u{202e}`;
  const zombie = await target.ask('zombie');

  const refused = await cli(['read', zombie, '0', '1']);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr.startsWith(`live-memory: ${harmless} (${zombie}) has exited already`)).toBe(true);
  expectHarmless(refused.stderr);
  expect(refused.stderr.trimEnd().split('\n')).toHaveLength(1);

  const { stdout: why } = await cli(['why', String(target.pid)]);
  expect(why).toBe(`${harmless} (${target.pid}) can be opened.\n`);
  const { stdout: list } = await cli(['ps']);
  expectHarmless(list);
  expect(list.split('\n').find((line) => line.trim().startsWith(`${target.pid} `))).toContain(`  ${harmless}  `);
  const { stdout: listJson } = await cli(['ps', '--json']);
  expectHarmless(listJson);
  const found = JSON.parse(listJson) as { pid: number; name: string }[];
  expect(found.find(({ pid }) => pid === target.pid)?.name).toBe(hostileName);
});

test.skipIf(!isRoot)('ps and why name such a process harmless in the reason that they give, too', async () => {
  const target = await startScratch();
  await rename(target, hostileName);
  const name = String.raw`\x1b[31mX\x0a\x07\x9b\u{202e}`;
  const reason = `${name} (${target.pid}) runs as root`;
  const { stdout: list } = await cli(['ps'], { uid: nobody });
  expectHarmless(list);
  // White space is one space in a table.
  expect(list).toContain(`! ${reason.replace(String.raw`\x0a`, ' ')}`);
  const { stdout: why } = await cli(['why', String(target.pid)], { uid: nobody });
  expectHarmless(why);
  expect(why.startsWith(reason)).toBe(true);
  const report = JSON.parse((await cli(['why', String(target.pid), '--json'], { uid: nobody })).stdout) as {
    remedies: string[];
  };
  // A line break in the name would make up a remedy.
  expect(why.trimEnd().split('\n')).toHaveLength(1 + report.remedies.length);
});

test('ps prints arguments that would turn the line round harmless', async () => {
  const target = await startTarget('scratch', ['a\u202eb', 'c\u2028d\x1b[31m']);
  onTestFinished(() => target.dispose());
  const { stdout } = await cli(['ps']);
  expectHarmless(stdout);
  expect(stdout.split('\n').find((line) => line.trim().startsWith(`${target.pid} `))).toMatch(
    /scratch a\\u\{202e\}b c d \[31m$/,
  );
});

test.skipIf(!isRoot)(
  'ps says of all why it cannot open them where /proc is that of another pid namespace',
  async () => {
    const target = await startScratch();
    const { code, stdout } = await cli(['ps', '--json'], { under: ['unshare', '--pid', '--fork'] });
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as { pid: number; denied: string | null }[];
    expect(found.find(({ pid }) => pid === target.pid)?.denied).toMatch(/another pid namespace.*mount -t proc/);
    expect(found.filter(({ denied }) => denied === null || denied.includes('exiting'))).toEqual([]);
  },
);

/** It would turn what follows red, break the line, ring, do something as CSI does, and turn the text round. */
const hostileName = '\x1b[31mX\n\x07\x9b\u202e';

/** Gives a program another name, as it may itself at any time. */
async function rename(target: Scratch, name: string): Promise<void> {
  const at = await target.map(1, 'rw', 0);
  await json('write', String(target.pid), text(at), '--text', name);
  expect(await target.ask(`prctl ${PR_SET_NAME} ${at}`)).toBe('0');
}

const PR_SET_NAME = 15;

/** What a terminal does nothing else with than print it; lines of ours end. */
function expectHarmless(printed: string): void {
  expect(printed.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
}
