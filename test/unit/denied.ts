import type { AccessFacts, AccessReport, DenialCause } from '../../common/access.ts';
import { Errno } from '../../native/linux/errno.ts';

/** What is found of a process of one's own that is refused. */
export const facts: AccessFacts = {
  ours: {
    host: 'VS Code',
    uids: [1000, 1000, 1000, 1000],
    gids: [1000, 1000, 1000, 1000],
    user: 'me',
    effective: [],
    permitted: [],
    seccomp: 0,
    noNewPrivileges: false,
    userNamespace: 'user:[4026531837]',
    idMaps: '',
    isInitialUserNamespace: true,
    isInitialPidNamespace: true,
    isContainer: false,
    service: undefined,
    yamaScope: undefined,
    modules: [],
    label: '',
    deniesPtrace: false,
  },
  theirs: {
    pid: 4242,
    name: 'debuggee',
    user: 'me',
    uids: [1000, 1000, 1000, 1000],
    gids: [1000, 1000, 1000, 1000],
    permitted: [],
    procOwner: 1000,
    isSameUserNamespace: undefined,
    namespacePids: [4242],
    isDescendant: false,
    isTracedByUs: false,
    label: '',
  },
  tried: { memory: 'denied', look: false, read: Errno.EPERM, write: Errno.EPERM, ownRead: 0 },
};

/** A refusal for a cause; the facts as far as they differ. */
export const report = (cause: DenialCause, changed: Partial<AccessFacts> = {}): AccessReport => ({
  ...{ pid: 4242, name: 'debuggee', allowed: false, cause, detail: '', remedies: [] },
  facts: { ...facts, ...changed },
});
