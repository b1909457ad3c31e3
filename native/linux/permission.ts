import type { AccessFacts, Denial, DenialCause, OurSide, Tried } from '../../common/access.ts';
import { tryAccess } from './attempt.ts';
import { readOurSide, readTheirSide } from './credentials.ts';
import { detailOf, mayBeOfOtherNamespace, remediesOf } from './denial.ts';
import { Errno } from './errno.ts';

/**
 * Which rule says no, of a process that cannot be opened or not by process_vm_readv. The order is that of __ptrace_may_access (kernel/ptrace.c), then
 * of cap_ptrace_access_check (security/commoncap.c), then of the other modules: a later rule counts where the earlier ones
 * let pass. /proc/<pid>/mem is asked for with the file-system ids and the effective capabilities (PTRACE_MODE_FSCREDS),
 * process_vm_readv with the real ids and the permitted ones (PTRACE_MODE_REALCREDS).
 */
export function causeOf(facts: AccessFacts): DenialCause {
  const { ours, theirs, tried } = facts;
  const isOpened = tried.memory !== 'denied';
  const isCallRefused = tried.ownRead !== 0 || (tried.read === 0 && tried.write !== 0);
  if (isOpened && isCallRefused) {
    if (ours.seccomp !== 0) return 'seccomp';
    return tried.ownRead === Errno.ENOSYS ? 'noCrossMemoryAttach' : 'securityModule';
  }
  if (!isOpened && tried.read === 0 && !(ours.isInitialUserNamespace && ours.effective.includes('CAP_DAC_OVERRIDE')))
    return 'procFile';
  const hasPtrace = holdsPtraceOver(facts);
  // Whoever may look has passed all of this, in the same words.
  if (!hasPtrace && (isOpened || !tried.look)) {
    const uid = ours.uids[isOpened ? 0 : 3];
    const gid = ours.gids[isOpened ? 0 : 3];
    const capabilities = isOpened ? ours.permitted : ours.effective;
    const isSameUser =
      theirs.uids.slice(0, 3).every((id) => id === uid) && theirs.gids.slice(0, 3).every((id) => id === gid);
    // Root of a user namespace is told that it is no root here.
    if (!isSameUser) return ours.effective.includes('CAP_SYS_PTRACE') ? 'userNamespace' : 'otherUser';
    if (!isOpened && theirs.procOwner !== theirs.uids[1]) return 'notDumpable';
    if (theirs.isSameUserNamespace === false) return 'userNamespace';
    if (theirs.permitted.some((capability) => !capabilities.includes(capability))) return 'moreCapabilities';
  }
  // Yama looks at attaches alone, so where looking is refused as well it is somebody else.
  if (tried.look) {
    const { yamaScope = 0 } = ours;
    if (yamaScope === 1 && !hasPtrace && !theirs.isDescendant && !theirs.isTracedByUs) return 'yama';
    if (yamaScope === 2 && !hasPtrace) return 'yama';
    if (yamaScope === 3) return 'yama';
  }
  // Two sandboxes of one user may show the same id maps. A module that confines somebody has given them a label.
  const isConfined = [ours.label, theirs.label].some((label) => label !== '' && !label.startsWith('unconfined'));
  if (mayBeOfOtherNamespace(facts) && !ours.isInitialUserNamespace && !isConfined && !ours.deniesPtrace)
    return 'userNamespace';
  return 'securityModule';
}

/**
 * Whether we have CAP_SYS_PTRACE where it counts: in the target's user namespace or above it. (That its owner has it too
 * needs no look: who has it may look, and `tried.look` says so.)
 */
function holdsPtraceOver({ ours, theirs, tried }: AccessFacts): boolean {
  if (!ours.effective.includes('CAP_SYS_PTRACE')) return false;
  return ours.isInitialUserNamespace || theirs.isSameUserNamespace !== false || tried.look;
}

export function denialOf(facts: AccessFacts): Denial {
  const cause = causeOf(facts);
  return { cause, detail: detailOf(cause, facts), remedies: remediesOf(cause, facts) };
}

/** For one that has gone meanwhile: whoever asks finds that out by itself. */
const denied: Tried = {
  memory: 'denied',
  look: false,
  read: Errno.EPERM,
  write: Errno.EPERM,
  ownRead: 0,
};

/** Looks at all that `denialOf` wants to know. Whoever asks about many reads our side once. */
export function readAccess(pid: number, tried = tryAccess(pid), ours: OurSide = readOurSide()): AccessFacts {
  return { ours, theirs: readTheirSide(pid, ours, tried?.look ?? false), tried: tried ?? denied };
}

/** Cause and remedies as one text for a message. */
export function printDenial({ detail, remedies }: Pick<Denial, 'detail' | 'remedies'>): string {
  return [detail, ...remedies].join(' ');
}

/** Why a process refused just now. */
export function explainDenial(pid: number): string {
  return printDenial(denialOf(readAccess(pid)));
}
