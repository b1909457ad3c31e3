import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { saying } from '../saying.ts';
import { startBits32 } from '../target/bits32.ts';
import { startTarget } from '../target/target.ts';
import { cli, cliFile, endOf, json, startCli } from './cli.ts';
import { addressOf, pause, startScratch, text, until } from './support.ts';

const page = 4096n;

test('read prints as hexdump -C does', async () => {
  const target = await startScratch();
  const pid = String(target.pid);
  const at = addressOf(target, 'known');
  const digits = (offset: number): string => (at + BigInt(offset)).toString(16).padStart(16, '0');
  const { code, stdout, stderr } = await cli(['read', pid, text(at), '20']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(
    [
      `${digits(0)}  6c 69 76 65 2d 6d 65 6d  6f 72 79 2d 74 65 73 74  |live-memory-test|`,
      `${digits(16)}  00 00 00 00                                       |....|`,
      `${digits(20)}\n`,
    ].join('\n'),
  );
});

test('read squeezes rows that repeat, and says of what is not there ?? and why', async () => {
  const target = await startScratch();
  const at = await target.map(6, 'rw', 0x40);
  await target.unmap(at + page, 1);
  await target.protect(at + 2n * page, 1, '-');
  await target.ask(`drop ${(at + 3n * page).toString(16)} 1`);
  const row = (offset: number, two: string, letter: string): string =>
    `${(at + BigInt(offset)).toString(16).padStart(16, '0')}  ${`${two} `.repeat(8)} ${`${two} `.repeat(8)} |${letter.repeat(16)}|`;
  const words = ['read', String(target.pid), text(at), String(5 * 4096)];
  const { code, stdout, stderr } = await cli(words);
  expect(code).toBe(0);
  expect(stdout).toBe(
    [
      row(0, '40', '@'),
      '*',
      row(4096, '??', ' '),
      '*',
      row(4 * 4096, '44', 'D'),
      '*',
      `${(at + 5n * page).toString(16).padStart(16, '0')}\n`,
    ].join('\n'),
  );
  const hole = (offset: bigint, reason: string): string => `live-memory: ${text(at + offset)}, 4096 bytes: ${reason}`;
  expect(stderr.trimEnd().split('\n')).toEqual([
    hole(page, 'not mapped'),
    hole(2n * page, 'mapped without access (PROT_NONE)'),
    hole(3n * page, 'not in memory: the program has not touched it yet'),
    saying(/^live-memory: --fault-in brings in .* --force reads what the program itself may not\.$/),
  ]);

  const found = (await json(...words)) as { bytes: string };
  expect(Object.keys(found)).toEqual(['address', 'length', 'bytes', 'unreadable']);
  expect(found).toEqual({
    address: text(at),
    length: 5 * 4096,
    bytes: '40'.repeat(4096) + '??'.repeat(3 * 4096) + '44'.repeat(4096),
    unreadable: [
      { address: text(at + page), length: 4096, reason: 'not mapped' },
      { address: text(at + 2n * page), length: 4096, reason: 'mapped without access (PROT_NONE)' },
      { address: text(at + 3n * page), length: 4096, reason: 'not in memory: the program has not touched it yet' },
    ],
  });

  // Each option reads one of them more, and only that.
  const faultedIn = (await json(...words, '--fault-in')) as { bytes: string; unreadable: unknown[] };
  expect(faultedIn.bytes).toBe('40'.repeat(4096) + '??'.repeat(2 * 4096) + '00'.repeat(4096) + '44'.repeat(4096));
  expect(faultedIn.unreadable).toHaveLength(2);
  const forced = (await json(...words, '--force')) as { bytes: string; unreadable: unknown[] };
  expect(forced.bytes.slice(2 * 8192, 3 * 8192)).toBe('42'.repeat(4096));
  expect(forced.unreadable[0]).toMatchObject({ reason: 'not mapped' });
});

test('read begins with a hole as well as it ends with one', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.unmap(at, 1);
  await target.unmap(at + 2n * page, 1);
  const words = ['read', String(target.pid), text(at + page - 4n), String(4096 + 8)];
  expect(await json(...words)).toMatchObject({ bytes: `${'??'.repeat(4)}${'02'.repeat(4096)}${'??'.repeat(4)}` });
  const { stdout } = await cli(words);
  expect(stdout.split('\n')[0]).toMatch(/ {2}\?\? \?\? \?\? \?\? 02 02 02 02 {2}(02 ){8} \| {4}\.{12}\|$/);
});

test('read of which nothing can be read prints nothing, and is refused with the reason', async () => {
  const target = await startScratch();
  const at = await target.map(3, 'rw', 1);
  await target.unmap(at, 1);
  await target.protect(at + page, 1, '-');
  const pid = String(target.pid);
  const unmapped = await cli(['read', pid, text(at), '16']);
  const message = `Nothing could be read of the 16 bytes at ${text(at)}: not mapped.`;
  expect(unmapped).toMatchObject({ code: 1, stdout: '', stderr: `live-memory: ${message}\n` });
  const asJson = await cli(['read', pid, text(at), '16', '--json']);
  expect(asJson.code).toBe(1);
  expect(JSON.parse(asJson.stdout)).toEqual({ error: { code: 'Unmapped', message } });
  const both = await cli(['read', pid, text(at), '8192', '--json']);
  expect(JSON.parse(both.stdout)).toMatchObject({ error: { code: 'Protected', message: saying(/PROT_NONE/) } });
});

test.each([
  ['4', 4],
  ['0x10', 16],
  ['4K', 4096],
  ['4k', 4096],
  ['1KiB', 1024],
  ['0x2M', 2 * 1024 ** 2],
])('read takes the length %s', async (length, bytes) => {
  const target = await startScratch();
  const at = await target.map(512, 'rw', 0);
  expect(await json('read', String(target.pid), text(at), length)).toMatchObject({ length: bytes });
});

test('read takes what the address box takes', async () => {
  const target = await startScratch();
  const pid = String(target.pid);
  const at = addressOf(target, 'known');
  const bytes = Buffer.from('live-memory-test').toString('hex');
  for (const expression of [text(at), String(at), `${text(at - 16n)}+0x10`, '!known', 'scratch!known'])
    expect(await json('read', pid, expression, '16'), expression).toMatchObject({ address: text(at), bytes });
  // The structure's last word points to its beginning.
  expect(await json('read', pid, `*${text(at + 32n)}`, '16')).toMatchObject({ address: text(at), bytes });
  expect(await json('read', pid, '[heap]', '4')).toMatchObject({ length: 4 });
});

test('read takes a number however it is written, where nothing is mapped too', async () => {
  const target = await startScratch();
  const pid = String(target.pid);
  const at = await target.map(2, 'rw', 7);
  await target.unmap(at, 1);
  const forms = [text(at), String(at), ` ${text(at)} `, `${text(at + page)}-0x1000`, `(${text(at - 8n)} + (9-1))`];
  for (const form of forms) {
    expect(await json('read', pid, form, '8192'), form).toEqual({
      address: text(at),
      length: 8192,
      bytes: '??'.repeat(4096) + '08'.repeat(4096),
      unreadable: [{ address: text(at), length: 4096, reason: 'not mapped' }],
    });
    expect(await cli(['read', pid, form, '16']), form).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `live-memory: Nothing could be read of the 16 bytes at ${text(at)}: not mapped.\n`,
    });
  }
});

test.each([
  ['nonsense', 'Unmapped', /Nothing is called nonsense here/],
  ['[heap]-[heap]+0x10', 'Unmapped', /Nothing is mapped at 0x10\. The nearest: /],
  ['[heap]-0xffffffffffffffff', 'Invalid', /comes out below zero/],
  ['*0x10', 'Unmapped', /no pointer to follow/],
  ['scratch!nonsense', 'Unmapped', /no symbol/],
])('read refuses the address %s as %s', async (expression, code, sentence) => {
  const target = await startScratch();
  const refused = await cli(['read', String(target.pid), expression, '16', '--json']);
  expect(refused).toMatchObject({ code: 1, stderr: saying(sentence) });
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code, message: saying(sentence) } });
});

test('read refuses a pointer to where nothing is mapped', async () => {
  const target = await startScratch();
  const at = await target.map(1, 'rw', 0);
  expect(await cli(['read', String(target.pid), `*${text(at)}`, '16'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: saying(/^live-memory: Nothing is mapped at 0x0\. The nearest: /),
  });
});

test.each([
  ['[heap', /not closed/],
  ['1+', /It ends where an address should follow/],
  ['[heap] 1', /"1" should not follow there/],
  ['scratch!', /A symbol should follow/],
  ['0xffffffffffffffff+1', /comes out past 2\^64/],
  ['1-2', /comes out below zero/],
])('the address %s, which no name of the process gives sense, is wrong usage', async (expression, sentence) => {
  const target = await startScratch();
  const pid = String(target.pid);
  for (const [command, last] of [
    ['read', '16'],
    ['write', '00'],
    ['watch', '16'],
  ] as const) {
    const { code, stdout, stderr } = await cli([command, pid, expression, last, '--json']);
    expect({ code, stdout }, command).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^live-memory: That is not an address\\. .*${sentence.source}.*\nUsage: .*\n$`));
  }
});

test('read takes a name with operators in it, which makes no sense but for the process', async () => {
  const target = await startScratch();
  const file = `/tmp/lm++)${target.pid}`;
  onTestFinished(() => rmSync(file, { force: true }));
  const at = BigInt(await target.ask(`file ${file} 1 4096`));
  const expression = `lm++)${target.pid}+8`;
  expect(await json('read', String(target.pid), expression, '4', '--fault-in')).toMatchObject({
    address: text(at + 8n),
  });
  // Another process has no such file.
  const other = await startScratch();
  expect(await cli(['read', String(other.pid), expression, '4'])).toMatchObject({ code: 2, stdout: '' });
});

test('read refuses what reaches past 2^64, and reads up to it', async () => {
  const target = await startScratch();
  const words = ['read', String(target.pid), '0xfffffffffffffff0'];
  expect(await cli([...words, '17'])).toMatchObject({ code: 1, stdout: '', stderr: saying(/2\^64/) });
  expect(await cli([...words, '16'])).toMatchObject({ code: 1, stdout: '', stderr: saying(/not mapped/) });
});

test('read prints addresses of eight digits for a program of 32 bits', async (context) => {
  const target = await startBits32();
  if (typeof target === 'string') return context.skip(target);
  onTestFinished(() => target.dispose());
  const { stdout } = await cli(['read', String(target.pid), `*${target.facts['pointer']}`, '16']);
  const digits = BigInt(target.facts['pattern']!).toString(16).padStart(8, '0');
  expect(stdout).toMatch(new RegExp(`^${digits}  03 0a 11 18 1f 26 2d 34  3b 42 49 50 57 5e 65 6c  \\|`));
});

test('read --raw prints the bytes themselves, and ends where they cannot be read', async () => {
  const target = await startScratch();
  const at = await target.map(600, 'rw', 1);
  const words = ['read', String(target.pid), text(at + 1n)];
  const whole = await cli([...words, String(600 * 4096 - 1), '--raw']);
  expect({ code: whole.code, stderr: whole.stderr }).toEqual({ code: 0, stderr: '' });
  const expected = Buffer.alloc(600 * 4096);
  for (let i = 0; i < 600; i++) expected.fill((i + 1) & 0xff, i * 4096, (i + 1) * 4096);
  expect(whole.bytes.equals(expected.subarray(1))).toBe(true);

  await target.unmap(at + 300n * page, 2);
  const cut = await cli([...words, String(599 * 4096), '--raw']);
  expect(cut.code).toBe(1);
  expect(cut.stderr).toContain(`The 8192 bytes at ${text(at + 300n * page)} cannot be read: not mapped.`);
  expect(cut.stderr).toContain(`ends after ${300 * 4096 - 1} of ${599 * 4096} bytes. --zero-unreadable`);
  expect(cut.bytes.equals(expected.subarray(1, 300 * 4096))).toBe(true);

  const zeroed = await cli([...words, String(599 * 4096), '--raw', '--zero-unreadable']);
  expect(zeroed.code).toBe(0);
  expect(zeroed.stderr).toContain(`${text(at + 300n * page)}, 8192 bytes: not mapped`);
  expect(zeroed.bytes.equals(expected.fill(0, 300 * 4096, 302 * 4096).subarray(1, 599 * 4096 + 1))).toBe(true);
});

test('read --raw streams gigabytes to a slow reader without holding them', async () => {
  const target = await startScratch();
  const gigabytes = 2;
  const pages = (gigabytes * 1024 ** 3) / 4096;
  const at = await target.map(pages, 'rw');
  // Half of it exists: so much passes through the reading, and the rest through the zeros.
  await target.ask(`fill ${at.toString(16)} ${256 * 1024 ** 2} 90`);
  const length = pages * 4096;
  const child = startCli(['read', String(target.pid), text(at), String(length), '--raw', '--zero-unreadable']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let received = 0;
  let largestKiB = 0;
  let wrong = 0;
  const resident = (): number => {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
  };
  for await (const chunk of child.stdout!) {
    const bytes = chunk as Buffer;
    // A pause now and then: whoever did not wait for its reader would have read far ahead of it.
    if (Math.floor(received / 64e6) !== Math.floor((received + bytes.length) / 64e6)) {
      await pause(20);
      largestKiB = Math.max(largestKiB, resident());
    }
    const expected = received < 256 * 1024 ** 2 ? 90 : 0;
    if (bytes[0] !== expected) wrong++;
    received += bytes.length;
  }
  expect(await ended).toBe(0);
  expect({ received, wrong }).toEqual({ received: length, wrong: 0 });
  expect(largestKiB).toBeGreaterThan(10 * 1024);
  expect(largestKiB).toBeLessThan(220 * 1024);
}, 60_000);

test('read ends quietly with 0 when its reader has had enough', async () => {
  const target = await startScratch();
  const at = await target.map(2048, 'rw', 1);
  for (const option of ['--raw', '--json', '']) {
    const line = `"$0" "$@" | head -c 10 >&2; exit \${PIPESTATUS[0]}`;
    const words = [cliFile, 'read', String(target.pid), text(at), '8M', ...(option === '' ? [] : [option])];
    const { status, stderr } = spawnSync('bash', ['-c', line, process.execPath, ...words]);
    expect({ status, bytes: stderr.length }, option).toEqual({ status: 0, bytes: 10 });
  }
});

test('read says so when its output cannot be written', async () => {
  const target = await startScratch();
  const line = '"$0" "$@" > /dev/full';
  const words = [cliFile, 'read', String(target.pid), '[heap]', '16'];
  const { status, stderr } = spawnSync('bash', ['-c', line, process.execPath, ...words], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toMatch(/^live-memory: The output cannot be written: .*ENOSPC.*\n$/);
});

test('Ctrl+C ends a read that sleeps in the kernel', async ({ skip }) => {
  const target = await startTarget('blocked');
  onTestFinished(() => target.dispose());
  if (target.facts['error'] !== undefined) skip(`no page can be made that blocks: ${target.facts['error']}`);
  const words = ['read', String(target.pid), target.facts['page']!, '16'];
  expect(await cli(words)).toMatchObject({ code: 1, stderr: saying(/not in memory/) });
  const child = startCli([...words, '--fault-in']);
  const ended = endOf(child);
  await once(child, 'spawn');
  await until('it sleeps in the kernel', () => {
    const stack = readFileSync(`/proc/${child.pid}/syscall`, 'utf8');
    // process_vm_readv: 310 on x64, 270 on arm64.
    return /^(310|270) /.test(stack);
  });
  await pause(100);
  expect(child.exitCode).toBeNull();
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 'SIGINT', stdout: '' });
});
