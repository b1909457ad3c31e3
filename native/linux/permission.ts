import { existsSync, statSync } from 'node:fs';
import process from 'node:process';
import { readLink, readName, readProc, readStat, readStatus, userName } from './procfs.ts';

/** What stands in the way. One of these is the first that the kernel's own check (__ptrace_may_access) would trip over. */
export type DenialCause =
  'otherUser' | 'notDumpable' | 'userNamespace' | 'moreCapabilities' | 'yama' | 'seccomp' | 'securityModule';

export interface Denial {
  readonly cause: DenialCause;
  /** What stands in the way, as one sentence. */
  readonly detail: string;
  /** What would allow it, as sentences; the first is the simplest. */
  readonly remedies: readonly string[];
}

/** All that the answer depends on, found by looking. */
export interface DenialFacts {
  readonly pid: number;
  readonly name: string;
  readonly ourUid: number;
  readonly ourUserName: string;
  readonly ourGid: number;
  /** Whether we have CAP_SYS_PTRACE, in our own user namespace. */
  readonly hasPtraceCapability: boolean;
  readonly ourPermitted: bigint;
  /** 0 none, 2 a filter. */
  readonly seccomp: number;
  /** Whether we run in a container, as far as the usual marks tell. */
  readonly inContainer: boolean;
  /** Real, effective and saved. */
  readonly targetUids: readonly number[];
  readonly targetGids: readonly number[];
  readonly targetUserName: string;
  readonly targetPermitted: bigint;
  /** The owner of /proc/<pid>/mem: the effective user of a process that may be dumped, root of any other. */
  readonly procOwner: number;
  /** `undefined` where it cannot be seen. */
  readonly sameUserNamespace: boolean | undefined;
  /** /proc/sys/kernel/yama/ptrace_scope; `undefined` where Yama is not built in. */
  readonly yamaScope: number | undefined;
  readonly isDescendant: boolean;
  /** Whether it could be opened and process_vm_readv was refused all the same. */
  readonly opened: boolean;
}

const asRoot = 'Start VS Code, or the server that runs its extensions, as root.';

/** Why the kernel refuses. The order is the kernel's: a later cause counts only where the earlier ones do not. */
export function denialOf(facts: DenialFacts): Denial {
  const { pid, name } = facts;
  const container = facts.inContainer
    ? [
        'In a container, start it with --cap-add=SYS_PTRACE (docker run, podman run) or add SYS_PTRACE under cap_add (compose).',
      ]
    : [];
  if (facts.opened && facts.seccomp !== 0) {
    return {
      cause: 'seccomp',
      detail: `A seccomp filter on this process forbids process_vm_readv, though ${name} (${pid}) itself may be opened.`,
      remedies:
        container.length > 0
          ? container
          : ['Run it without the sandbox, or let its filter allow process_vm_readv and process_vm_writev.'],
    };
  }
  if (!facts.hasPtraceCapability) {
    const sameUser =
      facts.targetUids.every((uid) => uid === facts.ourUid) && facts.targetGids.every((gid) => gid === facts.ourGid);
    if (!sameUser) {
      const other = facts.targetUids.find((uid) => uid !== facts.ourUid);
      return {
        cause: 'otherUser',
        detail:
          other === undefined
            ? `${name} (${pid}) runs under another group than you.`
            : `${name} (${pid}) runs as ${facts.targetUserName}, you are ${facts.ourUserName}, and you do not have CAP_SYS_PTRACE.`,
        remedies: [
          `Start VS Code, or the server that runs its extensions, as ${['root', facts.ourUserName].includes(facts.targetUserName) ? 'root' : `${facts.targetUserName} or as root`}.`,
          ...container,
        ],
      };
    }
    if (facts.sameUserNamespace === false) {
      return {
        cause: 'userNamespace',
        detail: `${name} (${pid}) lives in another user namespace, as the programs of a rootless container or of a browser's sandbox do.`,
        remedies: ['Attach from inside that container, or as root of the machine.'],
      };
    }
    if (facts.procOwner !== facts.ourUid) {
      return {
        cause: 'notDumpable',
        detail: `${name} (${pid}) has made itself unreadable for other programs (it is not “dumpable”: it was started setuid or with file capabilities, or it called prctl(PR_SET_DUMPABLE, 0)).`,
        remedies: [asRoot, ...container],
      };
    }
    if ((facts.targetPermitted & ~facts.ourPermitted) !== 0n) {
      return {
        cause: 'moreCapabilities',
        detail: `${name} (${pid}) has capabilities that you do not have.`,
        remedies: [asRoot, ...container],
      };
    }
  }
  if (facts.yamaScope === 3) {
    return {
      cause: 'yama',
      detail:
        'This system lets nobody look into other processes (kernel.yama.ptrace_scope is 3), and that holds until it is restarted.',
      remedies: ['Set kernel.yama.ptrace_scope = 0 in a file under /etc/sysctl.d, then restart the machine.'],
    };
  }
  if (facts.yamaScope === 2 && !facts.hasPtraceCapability) {
    return {
      cause: 'yama',
      detail: 'This system lets only administrators look into other processes (kernel.yama.ptrace_scope is 2).',
      remedies: [asRoot, 'Or run: sudo sysctl kernel.yama.ptrace_scope=0', ...container],
    };
  }
  if (facts.yamaScope === 1 && !facts.hasPtraceCapability && !facts.isDescendant) {
    return {
      cause: 'yama',
      detail: `This system lets a program look only into those that it has started itself (kernel.yama.ptrace_scope is 1), and ${name} (${pid}) was started elsewhere.`,
      remedies: [
        'Run: sudo sysctl kernel.yama.ptrace_scope=0 (it lasts until the machine restarts).',
        'Or start the program from VS Code’s debugger.',
        `Or let the program itself call prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY).`,
        ...container,
      ],
    };
  }
  return {
    cause: 'securityModule',
    detail: `The system forbids it for ${name} (${pid}), and neither users, capabilities nor Yama are why: a security module does it (SELinux, AppArmor, Landlock), or a sandbox that one of the two runs in.`,
    remedies:
      container.length > 0
        ? container
        : ['Look for a denial in the system’s log (journalctl -k, ausearch -m avc), or start VS Code as root.'],
  };
}

const CAP_SYS_PTRACE = 19n;

/** Looks at everything that `denialOf` wants to know. Values that cannot be seen are what would allow the attach. */
export function denialFacts(pid: number, opened = false): DenialFacts {
  const ours = readStatus('self');
  const theirs = readStatus(pid);
  const stat = readStat(pid);
  const ourUid = ours?.uids[3] ?? process.geteuid?.() ?? 0;
  const targetUids = theirs?.uids.slice(0, 3) ?? [ourUid];
  const ourNamespace = readLink('/proc/self/ns/user');
  const theirNamespace = readLink(`/proc/${pid}/ns/user`);
  const scope = readProc('/proc/sys/kernel/yama/ptrace_scope');
  let procOwner = ourUid;
  try {
    procOwner = statSync(`/proc/${pid}/mem`).uid;
  } catch {
    // It has gone meanwhile; the caller finds out by itself.
  }
  return {
    pid,
    name: stat === undefined ? 'the process' : readName(pid, stat),
    ourUid,
    ourUserName: userName(ourUid),
    ourGid: ours?.gids[3] ?? process.getegid?.() ?? 0,
    hasPtraceCapability: (((ours?.effectiveCapabilities ?? 0n) >> CAP_SYS_PTRACE) & 1n) === 1n,
    ourPermitted: ours?.permittedCapabilities ?? 0n,
    seccomp: ours?.seccomp ?? 0,
    inContainer: isContainer(),
    targetUids,
    targetGids: theirs?.gids.slice(0, 3) ?? [ours?.gids[3] ?? 0],
    targetUserName: userName(targetUids.find((uid) => uid !== ourUid) ?? ourUid),
    targetPermitted: theirs?.permittedCapabilities ?? 0n,
    procOwner,
    sameUserNamespace: theirNamespace === '' || ourNamespace === '' ? undefined : theirNamespace === ourNamespace,
    yamaScope: scope === undefined ? undefined : Number(scope.toString()),
    isDescendant: isDescendant(pid),
    opened,
  };
}

function isContainer(): boolean {
  return (
    existsSync('/.dockerenv') ||
    existsSync('/run/.containerenv') ||
    process.env['container'] !== undefined ||
    /docker|kubepods|containerd|libpod|lxc/.test(readProc('/proc/1/cgroup')?.toString() ?? '')
  );
}

/** Whether one of its ancestors is this process, as Yama asks. */
function isDescendant(pid: number): boolean {
  // No chain of parents is longer than there are processes; the bound ends one that changes while it is walked.
  for (let at = pid, steps = 0; at > 1 && steps < 1000; steps++) {
    const parent = readStat(at)?.parent ?? 0;
    if (parent === process.pid) return true;
    at = parent;
  }
  return false;
}

/** Cause and remedies as one text for a message. */
export function printDenial(denial: Denial): string {
  return [denial.detail, ...denial.remedies].join(' ');
}

export function explainDenial(pid: number, opened = false): string {
  return printDenial(denialOf(denialFacts(pid, opened)));
}
