import { expect, test } from 'vitest';
import { denialOf, printDenial, type DenialFacts } from '../../native/linux/permission.ts';

// Most kernels that tests run on have no Yama, and none has all of its scopes at once: what it would say is given here.
const plain: DenialFacts = {
  pid: 4242,
  name: 'redis-server',
  ourUid: 1000,
  ourUserName: 'me',
  ourGid: 1000,
  hasPtraceCapability: false,
  ourPermitted: 0n,
  seccomp: 0,
  inContainer: false,
  targetUids: [1000, 1000, 1000],
  targetGids: [1000, 1000, 1000],
  targetUserName: 'me',
  targetPermitted: 0n,
  procOwner: 1000,
  sameUserNamespace: true,
  yamaScope: undefined,
  isDescendant: false,
  opened: false,
};

test.each([
  [
    'another user',
    { targetUids: [0, 0, 0], targetUserName: 'root' },
    'otherUser',
    /runs as root, you are me.*extensions, as root\./,
  ],
  ['a setuid program', { targetUids: [1000, 0, 0], targetUserName: 'root', procOwner: 0 }, 'otherUser', /as root/],
  ['another group', { targetGids: [1000, 5, 5] }, 'otherUser', /another group/],
  ['not dumpable', { procOwner: 0 }, 'notDumpable', /not “dumpable”.*as root/],
  [
    'another user namespace',
    { sameUserNamespace: false, procOwner: 0 },
    'userNamespace',
    /user namespace.*inside that container/,
  ],
  ['more capabilities', { targetPermitted: 1n << 10n }, 'moreCapabilities', /capabilities that you do not have/],
  ['Yama 1', { yamaScope: 1 }, 'yama', /ptrace_scope is 1.*sudo sysctl kernel.yama.ptrace_scope=0/],
  ['Yama 2', { yamaScope: 2 }, 'yama', /only administrators.*ptrace_scope=0/],
  ['Yama 3', { yamaScope: 3 }, 'yama', /ptrace_scope is 3.*sysctl\.d.*restart/],
  ['Yama 3, as root', { yamaScope: 3, hasPtraceCapability: true }, 'yama', /nobody/],
  [
    'Yama 1 in our own child, which is not why',
    { yamaScope: 1, isDescendant: true },
    'securityModule',
    /security module/,
  ],
  [
    'Yama 1 as root, which is not why',
    { yamaScope: 1, hasPtraceCapability: true },
    'securityModule',
    /security module/,
  ],
  ['opened, then refused by a filter', { opened: true, seccomp: 2 }, 'seccomp', /seccomp filter.*process_vm_readv/],
  ['nothing that can be seen', {}, 'securityModule', /SELinux.*journalctl/],
] as const)('denialOf() %s', (_, facts, cause, message) => {
  const denial = denialOf({ ...plain, ...facts });
  expect(denial.cause).toBe(cause);
  expect(printDenial(denial)).toMatch(message);
  expect(denial.remedies.length).toBeGreaterThan(0);
});

test('denialOf() in a container names the option that lets it in', () => {
  expect(
    printDenial(denialOf({ ...plain, inContainer: true, targetUids: [0, 0, 0], targetUserName: 'root' })),
  ).toContain('--cap-add=SYS_PTRACE');
});
