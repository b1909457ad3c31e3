import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, type TestContext } from 'vitest';
import type { AccessReport } from '../../common/access.ts';
import { whyDenied } from '../../native/access.ts';
import { Errno } from '../../native/linux/errno.ts';
import { readProc, readStat } from '../../native/linux/procfs.ts';
import { saying } from '../saying.ts';
import { buildTarget } from '../target/target.ts';
import { askUnder, connect, isRoot, nobody, startScratch } from './support.ts';

if (!isRoot) console.warn('SKIPPED: who asks and who is asked about are other users here, which takes root.');

/** A test that becomes other users. */
function asOthers(name: string, body: (context: TestContext) => Promise<void>): void {
  test(name, async (context) => {
    if (!isRoot) context.skip('becoming another user takes root');
    await body(context);
  });
}

const plain = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];
const yamaFile = '/proc/sys/kernel/yama/ptrace_scope';
const yamaScope = Number(readProc(yamaFile)?.toString() ?? 0);

/** What a process that `under` starts says of a pid; of a plain user, without one. */
async function why(pid: number, under: readonly string[] = plain): Promise<AccessReport> {
  return (await askUnder(under, ['why', String(pid)])) as AccessReport;
}

/** A shell in a mount namespace of its own that prepares it and then becomes what follows. */
function mounted(prepare: string): string[] {
  return ['unshare', '--mount', 'sh', '-e', '-c', `${prepare}; exec "$@"`, 'sh'];
}

async function confine(...words: string[]): Promise<string[]> {
  const program = await buildTarget('confine');
  return [program, ...words];
}

/** process_vm_readv and process_vm_writev, of asm/unistd.h. */
const [readv, writev] = process.arch === 'arm64' ? ['270', '271'] : ['310', '311'];

/** Where Yama would have the last word, a plain user's own process is refused as well, by it. */
function allowedBut(allowed: string): string {
  return yamaScope === 0 ? allowed : 'yama';
}

asOthers('whyDenied() a process of root, asked by a plain user', async () => {
  const target = await startScratch();
  const report = await why(target.pid);
  expect(report).toMatchObject({
    pid: target.pid,
    name: 'scratch',
    allowed: false,
    cause: 'otherUser',
    detail: `scratch (${target.pid}) runs as root, you are nobody, and you do not have CAP_SYS_PTRACE.`,
    facts: { ours: { uids: [nobody, nobody, nobody, nobody] }, theirs: { uids: [0, 0, 0, 0] } },
  });
  expect(report.remedies[0]).toBe('Start this program as root.');
});

asOthers('whyDenied() a process of one’s own', async () => {
  const target = await startScratch({ uid: nobody });
  const report = await why(target.pid);
  expect(report.cause).toBe(allowedBut('allowed'));
  if (report.allowed) expect(report).toMatchObject({ detail: `scratch (${target.pid}) can be opened.`, remedies: [] });
});

asOthers('whyDenied() a process that has made itself not dumpable', async () => {
  const target = await startScratch({ uid: nobody });
  expect(await target.ask('undumpable')).toBe('ok');
  expect(await why(target.pid)).toMatchObject({
    cause: 'notDumpable',
    detail: saying(/not “dumpable”.*prctl/),
    facts: { theirs: { procOwner: 0 } },
  });
});

asOthers('whyDenied() a program with file capabilities, which is not dumpable', async (context) => {
  if (spawnSync('setcap', ['-h']).error !== undefined)
    context.skip('setcap is not installed (apt-get install libcap2-bin)');
  const folder = mkdtempSync(join(tmpdir(), 'permission-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  chmodSync(folder, 0o755);
  const program = join(folder, 'scratch');
  copyFileSync(await buildTarget('scratch'), program);
  execFileSync('setcap', ['cap_net_bind_service+ep', program]);
  const target = await startScratch({ under: [...plain, 'sh', '-c', 'exec "$0"', program] });
  expect(await why(target.pid)).toMatchObject({
    cause: 'notDumpable',
    detail: saying(/file capabilities/),
    facts: { theirs: { permitted: ['CAP_NET_BIND_SERVICE'] } },
  });
});

asOthers('whyDenied() a program that was handed capabilities', async () => {
  const capability = ['--inh-caps=+net_bind_service', '--ambient-caps=+net_bind_service'];
  const target = await startScratch({ under: [...plain, ...capability] });
  expect(await why(target.pid)).toMatchObject({
    cause: 'moreCapabilities',
    detail: saying(/that you do not have: CAP_NET_BIND_SERVICE\./),
  });
  // Whoever has the same ones is let in.
  expect((await why(target.pid, [...plain, ...capability])).cause).toBe(allowedBut('allowed'));
});

asOthers('whyDenied() a process under another group', async () => {
  const target = await startScratch({ under: ['setpriv', `--reuid=${nobody}`, '--regid=1', '--clear-groups'] });
  expect(await why(target.pid)).toMatchObject({ cause: 'otherUser', detail: saying(/another group than you \(1\)/) });
});

asOthers('whyDenied() a process in a user namespace of one’s own making', async () => {
  const target = await startScratch({ under: [...plain, 'unshare', '--user', '--map-root-user'] });
  const report = await why(target.pid);
  // Who owns a namespace has all capabilities in it, CAP_SYS_PTRACE included, and that is enough for Yama too.
  expect(report).toMatchObject({ cause: yamaScope === 3 ? 'yama' : 'allowed', facts: { tried: { look: true } } });
  expect(report.facts?.theirs.isSameUserNamespace).toBe(false);
});

asOthers('whyDenied() a process of the same user in somebody else’s user namespace', async () => {
  const target = await startScratch({ under: await confine('userns', String(nobody)) });
  expect(await why(target.pid)).toMatchObject({
    cause: 'userNamespace',
    detail: saying(/lives in a user namespace that is not yours/),
    facts: { theirs: { uids: [nobody, nobody, nobody, nobody], isSameUserNamespace: false } },
  });
});

asOthers('whyDenied() from inside a user namespace: what one may do in there does not count outside', async () => {
  const target = await startScratch({ uid: nobody });
  const sandbox = ['unshare', '--user', '--map-root-user'];
  for (const [pid, under] of [
    [target.pid, [...plain, ...sandbox]],
    [(await startScratch()).pid, [...plain, ...sandbox]],
    [(await startScratch()).pid, sandbox],
  ] as const) {
    expect(await why(pid, under)).toMatchObject({
      cause: 'userNamespace',
      detail: saying(/outside the user namespace that this runs in/),
      remedies: [saying(/^Attach from outside/)],
      facts: { ours: { effective: expect.arrayContaining(['CAP_SYS_PTRACE']) as unknown } },
    });
  }
});

asOthers('whyDenied() from one sandbox of a user about another whose ids look alike', async () => {
  for (const under of [
    [...plain, 'unshare', '--user', '--map-current-user'],
    ['unshare', '--user', '--map-root-user'],
  ]) {
    const target = await startScratch({ under });
    const report = await why(target.pid, under);
    expect(report).toMatchObject({
      cause: 'userNamespace',
      detail: saying(/outside the user namespace that this runs in/),
    });
    expect(report.facts?.theirs.isSameUserNamespace).toBeUndefined();
  }
});

asOthers('whyDenied() root without CAP_SYS_PTRACE is not told to become root', async () => {
  const tied = ['setpriv', '--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'];
  const others = await why((await startScratch({ uid: nobody })).pid, tied);
  expect(others).toMatchObject({ cause: 'otherUser', facts: { ours: { uids: [0, 0, 0, 0] } } });
  expect(others.remedies.join(' ')).not.toMatch(/as root/);
  expect(others.remedies.join(' ')).toMatch(/as nobody.*SYS_PTRACE/);
  expect((await why((await startScratch()).pid, tied)).cause).toBe('moreCapabilities');

  const closed = await startScratch({ under: tied });
  await closed.ask('undumpable');
  expect(await why(closed.pid, tied)).toMatchObject({ detail: saying(/not “dumpable”, which cannot be seen/) });
});

asOthers(
  'whyDenied() CAP_SYS_PTRACE without CAP_DAC_OVERRIDE: the call is allowed, the file is not',
  async (context) => {
    if (yamaScope === 3) context.skip('with this scope of Yama the call is refused as well');
    const target = await startScratch();
    const capability = ['--inh-caps=+sys_ptrace', '--ambient-caps=+sys_ptrace'];
    expect(await why(target.pid, [...plain, ...capability])).toMatchObject({
      cause: 'procFile',
      detail: saying(/belongs to user 0, you are nobody.*CAP_DAC_OVERRIDE/),
      facts: { tried: { memory: 'denied', read: 0 } },
    });
  },
);

asOthers('whyDenied() says where sudo gains nothing', async () => {
  const target = await startScratch();
  const report = await why(target.pid, [...plain, '--no-new-privs']);
  expect(report).toMatchObject({ cause: 'otherUser', facts: { ours: { noNewPrivileges: true } } });
  expect(report.remedies[0]).toMatch(/as root\. Start it anew from outside: sudo gains nothing.*no_new_privs/);
});

asOthers('whyDenied() under a seccomp filter: let in, and why only by half', async (context) => {
  if (yamaScope > 0) context.skip('with Yama, the file is refused as well');
  const target = await startScratch({ uid: nobody });
  for (const errno of [Errno.EPERM, Errno.ENOSYS, Errno.EACCES, Errno.EINVAL]) {
    const filtered = [...plain, ...(await confine('seccomp', readv, String(errno)))];
    const report = await why(target.pid, filtered);
    expect(report).toMatchObject({
      allowed: true,
      cause: 'seccomp',
      detail: saying(/read through \/proc\/\d+\/mem, which is slower.*seccomp filter on this process forbids/),
      facts: { ours: { seccomp: 2 }, tried: { memory: 'readWrite', read: errno, ownRead: errno } },
    });
    expect(report.remedies.length).toBeGreaterThan(0);
    // What it promises holds.
    expect(await askUnder(filtered, ['attach', String(target.pid)])).toMatchObject({ attached: { pid: target.pid } });
  }
});

asOthers('whyDenied() under a filter that is not why', async () => {
  const target = await startScratch();
  const filtered = [...plain, ...(await confine('seccomp', readv, String(Errno.EPERM)))];
  expect(await why(target.pid, filtered)).toMatchObject({ allowed: false, cause: 'otherUser' });
});

asOthers('whyDenied() under a filter that forbids writing only', async (context) => {
  if (yamaScope > 0) context.skip('with Yama, the file is refused as well');
  const target = await startScratch({ uid: nobody });
  const filtered = [...plain, ...(await confine('seccomp', writev, String(Errno.EPERM)))];
  expect(await why(target.pid, filtered)).toMatchObject({
    allowed: true,
    cause: 'seccomp',
    detail: saying(
      /can be opened and read, but not written to\. A seccomp filter on this process forbids process_vm_writev\./,
    ),
  });
});

asOthers('whyDenied() under Landlock', async (context) => {
  const target = await startScratch({ uid: nobody });
  const [program = '', ...words] = [...plain, ...(await confine('landlock'))];
  if (spawnSync(program, [...words, 'true']).status !== 0) context.skip('this kernel has no Landlock');
  expect(await why(target.pid, [program, ...words])).toMatchObject({
    allowed: false,
    cause: 'securityModule',
    detail: saying(/neither users, capabilities nor Yama are why: a security module/),
    remedies: expect.arrayContaining([saying(/sandbox|denial/)]) as unknown,
  });
});

asOthers('whyDenied() a process in a pid namespace of its own, from outside and from within', async () => {
  const shell = await startScratch({ under: ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'] });
  expect(shell.facts['pid']).toBe('1');
  const children = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'latin1').trim();
  expect(whyDenied(Number(children))).toMatchObject({
    allowed: yamaScope < 3,
    detail: saying(/In its own pid namespace it is process 1\./),
  });
  const within = await why(shell.pid, ['unshare', '--pid', '--fork', '--mount-proc']);
  expect(within).toMatchObject({ cause: 'noProcess', detail: saying(/pid namespace of its own/) });
  expect(within.remedies[1]).toMatch(/If it runs outside/);
});

asOthers('whyDenied() and attach() where /proc is that of another pid namespace', async () => {
  const target = await startScratch();
  const foreign = ['unshare', '--pid', '--fork'];
  expect(await why(target.pid, foreign)).toMatchObject({
    cause: 'pidNamespace',
    detail: saying(/mean other processes/),
  });
  expect(await askUnder(foreign, ['attach', String(target.pid)])).toMatchObject({
    code: 'Unsupported',
    message: saying(/another pid namespace.*mount -t proc/),
  });
});

asOthers('whyDenied() and attach() where no /proc is mounted', async () => {
  const target = await startScratch();
  const without = mounted('umount --lazy /proc');
  const report = await why(target.pid, without);
  expect(report).toMatchObject({ allowed: false, detail: saying(/^\/proc is not mounted here/) });
  expect(report.remedies).toEqual([saying(/mount -t proc proc \/proc/)]);
  expect(await askUnder(without, ['attach', String(target.pid)])).toMatchObject({
    code: 'Unsupported',
    message: saying(/not mounted/),
  });
});

asOthers('whyDenied() a process that /proc hides', async () => {
  const target = await startScratch();
  for (const option of [1, 2]) {
    const hiding = [...mounted(`mount -t proc -o hidepid=${option} proc /proc`), ...plain];
    expect(await why(target.pid, hiding)).toMatchObject({
      cause: 'hidden',
      detail: saying(/mounted with hidepid=\w+/),
      remedies: [saying(/remount,hidepid=0/), saying(/as root/)],
    });
    expect((await why(unusedPid(), hiding)).cause).toBe('noProcess');
  }
});

asOthers('whyDenied() where /proc is read-only: let in, but not to protected pages', async (context) => {
  if (yamaScope === 3) context.skip('with this scope of Yama nothing is let in');
  const target = await startScratch();
  expect(await why(target.pid, mounted('mount -o bind,remount,ro /proc'))).toMatchObject({
    allowed: true,
    detail: saying(/Protected pages cannot be written/),
    facts: { tried: { memory: 'readOnly', read: 0, write: 0 } },
  });
});

asOthers('whyDenied() refused by Yama', async (context) => {
  if (yamaScope === 0) context.skip(existsSync(yamaFile) ? 'its scope is 0 here' : 'this kernel has no Yama');
  const target = await startScratch({ uid: nobody });
  expect(await why(target.pid)).toMatchObject({
    cause: 'yama',
    detail: saying(new RegExp(`ptrace_scope is ${yamaScope}`)),
    facts: { ours: { yamaScope }, tried: { look: true } },
  });
});

// A file of that name in a tmpfs, a memory file that nobody may open, and the call's first error by strace: what Yama does.
asOthers('whyDenied() refused by a Yama that is acted, where the kernel has none', async (context) => {
  if (existsSync(yamaFile)) context.skip('this kernel has Yama; the test before this one has asked it');
  if (spawnSync('strace', ['-V']).status !== 0) context.skip('strace is not installed (apt-get install strace)');
  const target = await startScratch({ uid: nobody });
  for (const [scope, detail, remedy] of [
    [1, /was started elsewhere/, /^Run: sudo sysctl -w kernel\.yama\.ptrace_scope=0/],
    [2, /only administrators/, /as root/],
    [3, /lets nobody/, /sysctl\.d.*restart/],
  ] as const) {
    const acted = mounted(
      'mount -t tmpfs none /proc/sys/kernel; mkdir /proc/sys/kernel/yama; touch /proc/sys/kernel/mem;' +
        `echo ${scope} > ${yamaFile}; chmod 0 /proc/sys/kernel/mem; mount --bind /proc/sys/kernel/mem /proc/${target.pid}/mem`,
    );
    const refused = ['strace', '-f', '-o', '/dev/null', '-e', 'trace=process_vm_readv'];
    const inject = ['-e', 'inject=process_vm_readv:error=EPERM:when=1'];
    expect(await why(target.pid, [...acted, ...plain, ...refused, ...inject])).toMatchObject({
      allowed: false,
      cause: 'yama',
      detail: saying(detail),
      remedies: expect.arrayContaining([saying(remedy)]) as unknown,
      facts: { ours: { yamaScope: scope }, theirs: { isDescendant: false }, tried: { look: true, ownRead: 0 } },
    });
  }
});

test('whyDenied() a zombie, a thread, and a pid that nobody has', async () => {
  const target = await startScratch();
  const zombie = Number(await target.ask('zombie'));
  expect(whyDenied(zombie)).toMatchObject({ name: 'scratch', allowed: false, cause: 'zombie' });
  await target.ask(`count ${target.facts['counter']} 1000`);
  const thread = Number(readdirSync(`/proc/${target.pid}/task`).find((tid) => Number(tid) !== target.pid));
  expect(whyDenied(thread)).toMatchObject({
    cause: 'thread',
    remedies: [saying(new RegExp(`^Attach to ${target.pid};`))],
  });
  expect(whyDenied(unusedPid())).toMatchObject({ name: '', allowed: false, cause: 'noProcess', facts: undefined });
});

test('whyDenied() a thread of the kernel', (context) => {
  const thread = readdirSync('/proc')
    .map(Number)
    .find((pid) => pid > 0 && readStat(pid)?.isKernelThread);
  if (thread === undefined) return context.skip('no kernel thread can be seen from this pid namespace');
  expect(whyDenied(thread)).toMatchObject({ allowed: false, cause: 'kernelThread', remedies: ['Choose a program.'] });
});

test.each([0, -1, 1.5, NaN, 5_000_000])('whyDenied(%d) is Invalid', (pid) => {
  expect(() => whyDenied(pid)).toThrow(expect.objectContaining({ code: 'Invalid' }));
});

test('whyDenied() ourselves', () => {
  expect(whyDenied(process.pid)).toMatchObject({ allowed: true, cause: 'allowed' });
});

test('whyDenied() is data that JSON holds, and opens nothing for good', async () => {
  const target = await startScratch();
  const before = readdirSync('/proc/self/fd').length;
  const report = whyDenied(target.pid);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  expect(readdirSync('/proc/self/fd').length).toBe(before);
});

test('the agent answers whyDenied() over its channel, before it is attached', async () => {
  const target = await startScratch();
  const { facts, ...report } = whyDenied(target.pid);
  // Remedies name what a user can start: the agent is VS Code's.
  expect(facts?.ours.host).toBe('program');
  expect(await connect().channel.call('whyDenied', { pid: target.pid })).toEqual({
    ...report,
    facts: { ...facts, ours: { ...facts?.ours, host: 'VS Code' } },
  });
  await expect(connect().channel.call('whyDenied', { pid: 0 })).rejects.toMatchObject({ code: 'Invalid' });
});

function unusedPid(): number {
  let pid = 4_000_000;
  while (existsSync(`/proc/${pid}`)) pid++;
  return pid;
}
