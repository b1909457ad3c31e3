import { existsSync, statSync } from 'node:fs';
import process from 'node:process';
import type { OurSide, TheirSide } from '../../common/access.ts';
import { capabilitiesOf } from './capabilities.ts';
import { readLink, readName, readProc, readStat, readStatus, userName } from './procfs.ts';

// include/uapi/linux/nsfs.h (older kernels: include/linux/proc_ns.h): the numbers of the namespaces that a machine starts with.
const initialUserNamespace = 'user:[4026531837]';
const initialPidNamespace = 'pid:[4026531836]';

let host: OurSide['host'] = 'program';

/** For what runs in VS Code to say so: remedies name what a user can start. */
export function runsInVSCode(): void {
  host = 'VS Code';
}

/** Looks at ourselves. What cannot be seen is what would allow an attach. */
export function readOurSide(): OurSide {
  // The calls are made by this thread, and a seccomp filter is a thread's.
  const status = readStatus('thread-self');
  const uids = status?.uids ?? [];
  const userNamespace = readLink('/proc/self/ns/user');
  const scope = readText('/proc/sys/kernel/yama/ptrace_scope');
  return {
    host,
    uids,
    gids: status?.gids ?? [],
    user: userName(uids[3] ?? 0),
    effective: capabilitiesOf(status?.effectiveCapabilities ?? 0n),
    permitted: capabilitiesOf(status?.permittedCapabilities ?? 0n),
    seccomp: status?.seccomp ?? 0,
    noNewPrivileges: status?.noNewPrivileges ?? false,
    userNamespace,
    idMaps: readIdMaps('self'),
    isInitialUserNamespace: userNamespace === initialUserNamespace,
    isInitialPidNamespace: readLink('/proc/self/ns/pid') === initialPidNamespace,
    isContainer: isContainer(),
    service: parseService(readText('/proc/self/cgroup')),
    yamaScope: scope === '' ? undefined : Number(scope),
    modules: readText('/sys/kernel/security/lsm').split(',').filter(Boolean),
    label: readLabel('self'),
    // Its current value, then the pending one.
    deniesPtrace: readText('/sys/fs/selinux/booleans/deny_ptrace').startsWith('1'),
  };
}

/** Looks at a process; `look` is whether /proc lets us (`Tried`). What cannot be seen is what would allow an attach. */
export function readTheirSide(pid: number, ours: OurSide, look: boolean): TheirSide {
  const status = readStatus(pid);
  const stat = readStat(pid);
  const uids = status?.uids ?? ours.uids;
  return {
    pid,
    name: stat === undefined ? 'the process' : readName(pid, stat),
    user: userName(uids.find((uid) => uid !== ours.uids[3]) ?? uids[0] ?? 0),
    uids,
    gids: status?.gids ?? ours.gids,
    permitted: capabilitiesOf(status?.permittedCapabilities ?? 0n),
    procOwner: ownerOf(`/proc/${pid}/mem`) ?? ours.uids[3] ?? 0,
    isSameUserNamespace: isSameUserNamespace(pid, ours, look),
    namespacePids: status?.namespacePids ?? [pid],
    isDescendant: ours.yamaScope === 1 && isDescendant(pid),
    isTracedByUs: existsSync(`/proc/self/task/${status?.tracer ?? 0}`),
    // Where a module labels processes, ours has a label too.
    label: ours.label === '' ? '' : readLabel(pid),
  };
}

/**
 * The link is shown only to those who pass the very check that is to be explained. The id maps are shown to all, and
 * are printed as seen from the reader's namespace (user_namespaces(7)): where they differ from ours, so do the namespaces.
 */
function isSameUserNamespace(pid: number, ours: OurSide, look: boolean): boolean | undefined {
  const link = look ? readLink(`/proc/${pid}/ns/user`) : '';
  if (link !== '' && ours.userNamespace !== '') return link === ours.userNamespace;
  return readIdMaps(pid) === ours.idMaps ? undefined : false;
}

function readIdMaps(pid: number | 'self'): string {
  return `${readText(`/proc/${pid}/uid_map`)}\n${readText(`/proc/${pid}/gid_map`)}`;
}

function readLabel(pid: number | 'self'): string {
  return readText(`/proc/${pid}/attr/current`).replace(/\0.*$/s, '');
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    // It has gone meanwhile; whoever asks finds out by trying.
    return undefined;
  }
}

/** The innermost systemd service in the text of /proc/<pid>/cgroup; `user@1000.service` is a whole login, not a service. */
export function parseService(cgroup: string): OurSide['service'] {
  const units = [...cgroup.matchAll(/(?<=\/)[^/\n]+\.service(?=\/|$)/gm)].map(([unit]) => unit);
  const unit = units.at(-1);
  if (unit === undefined || unit.startsWith('user@')) return undefined;
  return { unit, isOfUser: units.some((each) => each.startsWith('user@')) };
}

function isContainer(): boolean {
  return (
    existsSync('/.dockerenv') ||
    existsSync('/run/.containerenv') ||
    process.env['container'] !== undefined ||
    /docker|kubepods|containerd|libpod|lxc/.test(readText('/proc/1/cgroup'))
  );
}

/** Whether it or one of its ancestors is this process, as Yama asks (task_is_descendant in security/yama/yama_lsm.c). */
function isDescendant(pid: number): boolean {
  // No chain of parents is longer than there are processes; the bound ends one that changes while it is walked.
  for (let at = pid, steps = 0; at > 0 && steps < 1000; steps++) {
    if (at === process.pid) return true;
    at = readStat(at)?.parent ?? 0;
  }
  return false;
}

function readText(path: string): string {
  return readProc(path)?.toString().trim() ?? '';
}
