import { expect, test } from 'vitest';
import type { AccessFacts } from '../../common/access.ts';
import { capabilitiesOf } from '../../native/linux/capabilities.ts';
import { parseService } from '../../native/linux/credentials.ts';
import { Errno } from '../../native/linux/errno.ts';
import { denialOf, printDenial } from '../../native/linux/permission.ts';
import { facts } from './denied.ts';

// What no one machine has: each scope of Yama, each security module, each kind of container. The rest is in test/live/.
const plain: AccessFacts = { ...facts, theirs: { ...facts.theirs, name: 'redis-server' } };

interface Changes {
  readonly ours?: Partial<AccessFacts['ours']>;
  readonly theirs?: Partial<AccessFacts['theirs']>;
  readonly tried?: Partial<AccessFacts['tried']>;
}

function factsWith({ ours, theirs, tried }: Changes): AccessFacts {
  return {
    ours: { ...plain.ours, ...ours },
    theirs: { ...plain.theirs, ...theirs },
    tried: { ...plain.tried, ...tried },
  };
}

const ofRoot = { uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], user: 'root', procOwner: 0 };
const ptrace = { effective: ['CAP_SYS_PTRACE'], permitted: ['CAP_SYS_PTRACE'] };
const sandboxed = { isInitialUserNamespace: false };
/** Whoever may look has passed the users, the capabilities and the namespaces. */
const looked = { look: true };
const opened = { memory: 'readWrite', look: true } as const;

test.each<[string, Changes, string, RegExp]>([
  ['another user', { theirs: ofRoot }, 'otherUser', /runs as root, you are me.*extensions, as root\./],
  [
    'another plain user',
    { theirs: { uids: [5, 5, 5, 5], user: 'games' } },
    'otherUser',
    /runs as games.*as games or as root\./,
  ],
  [
    'a setuid program',
    { theirs: { uids: [1000, 0, 0, 0], user: 'root', procOwner: 0 } },
    'otherUser',
    /runs as root.*as root/,
  ],
  ['another group', { theirs: { gids: [1000, 5, 5, 5] } }, 'otherUser', /another group than you \(5\)/],
  [
    'another user, and a file-system uid of theirs that does not count',
    { theirs: { uids: [1000, 1000, 1000, 0] } },
    'securityModule',
    /security module/,
  ],
  ['not dumpable', { theirs: { procOwner: 0 } }, 'notDumpable', /not “dumpable”.*as root/],
  [
    'another user namespace',
    { theirs: { isSameUserNamespace: false } },
    'userNamespace',
    /user namespace that is not yours.*inside that container/,
  ],
  [
    'root in a user namespace of its own, another user outside',
    { ours: { ...ptrace, ...sandboxed }, theirs: { ...ofRoot, isSameUserNamespace: false } },
    'userNamespace',
    /outside the user namespace that this runs in.*Attach from outside/,
  ],
  [
    'more capabilities',
    { theirs: { permitted: ['CAP_NET_RAW', 'CAP_SYS_TIME'] }, ours: { effective: ['CAP_SYS_TIME'] } },
    'moreCapabilities',
    /capabilities that you do not have: CAP_NET_RAW\./,
  ],
  [
    'Yama 1',
    { ours: { yamaScope: 1 }, tried: looked },
    'yama',
    /ptrace_scope is 1.*sudo sysctl -w kernel.yama.ptrace_scope=0.*debugger.*PR_SET_PTRACER_ANY/,
  ],
  [
    'Yama 1 in a container, whose machine it is that has the setting',
    { ours: { yamaScope: 1, isContainer: true }, tried: looked },
    'yama',
    /ptrace_scope=0.*on the machine that the container runs on/,
  ],
  [
    'Yama 1 where sudo gains nothing',
    { ours: { yamaScope: 1, noNewPrivileges: true }, tried: looked },
    'yama',
    /ptrace_scope=0.*terminal outside of VS Code.*no_new_privs/,
  ],
  [
    'Yama 1 for a program, which is not VS Code',
    { ours: { host: 'program', yamaScope: 1, noNewPrivileges: true }, tried: looked },
    'yama',
    /another terminal.*Or start this program as root\./,
  ],
  ['Yama 2', { ours: { yamaScope: 2 }, tried: looked }, 'yama', /only administrators.*as root.*ptrace_scope=0/],
  ['Yama 3', { ours: { yamaScope: 3 }, tried: looked }, 'yama', /ptrace_scope is 3.*sysctl\.d.*restart/],
  ['Yama 3, as root', { ours: { yamaScope: 3, ...ptrace }, tried: looked }, 'yama', /nobody/],
  [
    'Yama 1 for our own child, which is not why',
    { ours: { yamaScope: 1 }, theirs: { isDescendant: true }, tried: looked },
    'securityModule',
    /security module/,
  ],
  [
    'Yama 1 for what our own debugger traces, which is not why',
    { ours: { yamaScope: 1 }, theirs: { isTracedByUs: true }, tried: looked },
    'securityModule',
    /security module/,
  ],
  [
    'Yama 1 as root, which is not why',
    { ours: { yamaScope: 1, ...ptrace }, tried: looked },
    'securityModule',
    /security module/,
  ],
  [
    'Yama 1 where even looking is refused, which Yama never does',
    { ours: { yamaScope: 1 } },
    'securityModule',
    /security module/,
  ],
  [
    'opened, then refused by a filter',
    { ours: { seccomp: 2 }, tried: { ...opened, ownRead: Errno.EPERM } },
    'seccomp',
    /seccomp filter.*process_vm_readv.*outside of the sandbox/,
  ],
  [
    'opened, then refused by the filter of a service',
    {
      ours: { seccomp: 2, service: { unit: 'code-server@me.service', isOfUser: false } },
      tried: { ...opened, ownRead: Errno.EPERM },
    },
    'seccomp',
    /Run: sudo systemctl edit code-server@me\.service, add SystemCallFilter=process_vm_readv process_vm_writev/,
  ],
  [
    'opened, then refused by a filter in a container',
    { ours: { seccomp: 2, isContainer: true }, tried: { ...opened, ownRead: Errno.EPERM } },
    'seccomp',
    /--cap-add=SYS_PTRACE.*seccomp=unconfined/,
  ],
  [
    'a filter that is not why, for the call works on ourselves',
    { ours: { seccomp: 2 }, theirs: ofRoot },
    'otherUser',
    /runs as root/,
  ],
  [
    'opened with the effective user, then refused to the real one',
    { ours: { uids: [7, 1000, 1000, 1000] }, tried: opened },
    'otherUser',
    /redis-server/,
  ],
  [
    'no such call',
    { tried: { ...opened, read: Errno.ENOSYS, ownRead: Errno.ENOSYS } },
    'noCrossMemoryAttach',
    /CONFIG_CROSS_MEMORY_ATTACH.*kernel that has it/,
  ],
  [
    'refused on ourselves, and no filter',
    { tried: { ...opened, ownRead: Errno.EPERM } },
    'securityModule',
    /even on its own memory/,
  ],
  [
    'the call is allowed, the file is not',
    { ours: ptrace, theirs: ofRoot, tried: { look: true, read: 0, write: 0 } },
    'procFile',
    /belongs to user 0, you are me.*CAP_DAC_OVERRIDE/,
  ],
  [
    'SELinux’s boolean',
    { ours: { deniesPtrace: true, label: 'user_u:user_r:user_t:s0' } },
    'securityModule',
    /deny_ptrace is on.*sudo setsebool deny_ptrace off/,
  ],
  [
    'labels of SELinux',
    { ours: { label: 'system_u:system_r:container_t:s0' }, theirs: { label: 'system_u:system_r:sshd_t:s0' } },
    'securityModule',
    /SELinux calls this process “.*container_t.*” and that one “.*sshd_t.*”.*ausearch/,
  ],
  [
    'labels of AppArmor, in a container',
    { ours: { label: 'docker-default (enforce)', isContainer: true }, theirs: { label: 'unconfined' } },
    'securityModule',
    /AppArmor calls this process “docker-default \(enforce\)” and that one “unconfined”.*apparmor=unconfined/,
  ],
  ['nothing that can be seen', {}, 'securityModule', /Neither SELinux nor AppArmor.*Landlock.*outside of the sandbox/],
  ['nothing that can be seen, a user namespace least of all', {}, 'securityModule', /Or it lives in a user namespace/],
  [
    'two sandboxes of one user, whose ids look alike',
    { ours: sandboxed, theirs: { label: 'unconfined' } },
    'userNamespace',
    /outside the user namespace that this runs in.*Attach from outside/,
  ],
  [
    'two sandboxes of one user that is root in either',
    { ours: { ...ptrace, ...sandboxed } },
    'userNamespace',
    /outside the user namespace that this runs in/,
  ],
  [
    'a sandbox with a label',
    { ours: { ...sandboxed, label: 'docker-default (enforce)' } },
    'securityModule',
    /AppArmor calls this process “docker-default/,
  ],
  [
    'root without the capability, of whose processes it cannot be seen whether they are dumpable',
    { ours: { uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], user: 'root' }, theirs: ofRoot },
    'securityModule',
    /not “dumpable”, which cannot be seen.*without CAP_SYS_PTRACE/,
  ],
])('denialOf() %s', (_, changes, cause, message) => {
  const denial = denialOf(factsWith(changes));
  expect(denial.cause).toBe(cause);
  expect(printDenial(denial)).toMatch(message);
  expect(denial.remedies.length).toBeGreaterThan(0);
  // On a command line, VS Code is no remedy.
  const elsewhere = denialOf(factsWith({ ...changes, ours: { ...changes.ours, host: 'program' } }));
  expect(elsewhere.cause).toBe(cause);
  expect(elsewhere.remedies.join()).not.toContain('VS Code');
  expect(elsewhere.remedies.length).toBeGreaterThan(0);
});

test('denialOf() tells root to become neither root nor itself', () => {
  const root = { uids: [0, 0, 0, 0], gids: [0, 0, 0, 0], user: 'root' };
  expect(printDenial(denialOf(factsWith({ ours: root })))).not.toMatch(/as root/);
});

test('denialOf() in a container names the option that lets it in, and who gets something from it', () => {
  const printed = (ours: Changes['ours']): string =>
    printDenial(denialOf(factsWith({ ours: { isContainer: true, ...ours }, theirs: ofRoot })));
  expect(printed({})).toMatch(/--cap-add=SYS_PTRACE.*"capAdd".*be root in it/);
  expect(printed({ uids: [0, 0, 0, 0], gids: [1, 1, 1, 1], user: 'root' })).toMatch(/--cap-add=SYS_PTRACE/);
  expect(printed({ uids: [0, 0, 0, 0], gids: [1, 1, 1, 1], user: 'root' })).not.toMatch(/be root in it/);
});

test('denialOf() says where sudo gains nothing', () => {
  const printed = printDenial(denialOf(factsWith({ ours: { noNewPrivileges: true }, theirs: ofRoot })));
  expect(printed).toMatch(/as root\. Start it anew from outside: sudo gains nothing in here.*no_new_privs/);
});

test('capabilitiesOf() names bits as capabilities(7) does', () => {
  expect(capabilitiesOf(0n)).toEqual([]);
  expect(capabilitiesOf((1n << 19n) | 1n | (1n << 40n))).toEqual([
    'CAP_CHOWN',
    'CAP_SYS_PTRACE',
    'CAP_CHECKPOINT_RESTORE',
  ]);
  expect(capabilitiesOf(1n << 63n)).toEqual(['CAP_63']);
});

test.each([
  ['0::/system.slice/code-server@me.service\n', { unit: 'code-server@me.service', isOfUser: false }],
  [
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/code.service\n',
    { unit: 'code.service', isOfUser: true },
  ],
  ['0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-code-77.scope\n', undefined],
  ['0::/\n', undefined],
  ['', undefined],
])('parseService(%j)', (cgroup, service) => {
  expect(parseService(cgroup)).toEqual(service);
});
