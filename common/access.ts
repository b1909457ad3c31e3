// Why a process can or cannot be opened: the words that the library, the agent and the extension share. All of it is JSON.

/** Capabilities by their names in capabilities(7), `CAP_SYS_PTRACE`; a bit without a name is `CAP_<bit>`. */
export type Capabilities = readonly string[];

/** Real, effective, saved, file-system; as /proc/<pid>/status lists them, in our user namespace. */
export type Ids = readonly number[];

/** What a rule says no about. Each is a thing that was looked at; `securityModule` is what is left when none of them is it. */
export type DenialCause =
  | 'otherUser'
  | 'notDumpable'
  | 'userNamespace'
  | 'moreCapabilities'
  | 'yama'
  /** A filter on this process refuses the call itself; what is left to do, `detail` says. */
  | 'seccomp'
  /** The call is allowed, and /proc/<pid>/mem is not ours to open. */
  | 'procFile'
  | 'noCrossMemoryAttach'
  | 'securityModule';

export type AccessCause =
  | 'allowed'
  | 'noProcess'
  | 'zombie'
  | 'kernelThread'
  /** The number of a thread, not of a process. */
  | 'thread'
  /** It exists and /proc does not show it. */
  | 'hidden'
  /** /proc shows another pid namespace than the one that our system calls mean. */
  | 'pidNamespace'
  | DenialCause;

/** Us, as the kernel's checks see us. */
export interface OurSide {
  /** What a user starts in another way to give us more: VS Code, or the program that uses the library. */
  readonly host: 'VS Code' | 'program';
  readonly uids: Ids;
  readonly gids: Ids;
  readonly user: string;
  readonly effective: Capabilities;
  readonly permitted: Capabilities;
  /** 0 none, 1 strict, 2 a filter. */
  readonly seccomp: number;
  readonly noNewPrivileges: boolean;
  /** /proc/self/ns/user and the two id maps, to compare. */
  readonly userNamespace: string;
  readonly idMaps: string;
  /** Whether we are in the user and the pid namespace that the machine started with. */
  readonly isInitialUserNamespace: boolean;
  readonly isInitialPidNamespace: boolean;
  /** Whether we run in a container, as far as the usual marks tell. */
  readonly isContainer: boolean;
  /** The systemd service that we run in, from /proc/self/cgroup. */
  readonly service: { readonly unit: string; readonly isOfUser: boolean } | undefined;
  /** /proc/sys/kernel/yama/ptrace_scope; `undefined` where Yama is not built in. */
  readonly yamaScope: number | undefined;
  /** The active security modules by name; empty where securityfs does not show them. */
  readonly modules: readonly string[];
  /** Our label of SELinux, AppArmor or Smack; empty without one. */
  readonly label: string;
  /** SELinux's boolean `deny_ptrace`. */
  readonly deniesPtrace: boolean;
}

/** A process, as the kernel's checks see it. */
export interface TheirSide {
  readonly pid: number;
  readonly name: string;
  /** The name of a user it runs as; where it runs as several, of one that we are not. */
  readonly user: string;
  readonly uids: Ids;
  readonly gids: Ids;
  readonly permitted: Capabilities;
  /** The owner of /proc/<pid>/mem: the effective user of a process that may be dumped, otherwise root of its namespace. */
  readonly procOwner: number;
  /** `undefined` where it cannot be told: the namespace is not shown to us, and its id maps are the same as ours. */
  readonly isSameUserNamespace: boolean | undefined;
  /** Its pids in every pid namespace from ours inwards. */
  readonly namespacePids: readonly number[];
  /** Whether we are among its ancestors; looked at only where Yama asks (scope 1). */
  readonly isDescendant: boolean;
  /** Whether one of our own threads traces it. */
  readonly isTracedByUs: boolean;
  readonly label: string;
}

/** What came of trying. Calls are 0 where they were let through to the address, which nothing is mapped at, or an errno. */
export interface Tried {
  readonly memory: 'readWrite' | 'readOnly' | 'denied';
  /** Whether /proc shows what needs PTRACE_MODE_READ: every rule but Yama's answers that as it answers an attach. */
  readonly look: boolean;
  readonly read: number;
  readonly write: number;
  /** process_vm_readv on ourselves, which no rule about processes can refuse. */
  readonly ownRead: number;
}

export interface AccessFacts {
  readonly ours: OurSide;
  readonly theirs: TheirSide;
  readonly tried: Tried;
}

/** What stands in the way. */
export interface Denial {
  readonly cause: DenialCause;
  /** As one or two sentences. */
  readonly detail: string;
  /** What would allow it, as sentences; the first is the simplest. */
  readonly remedies: readonly string[];
}

/** Whether a process can be opened, and if not, why and what would allow it. */
export interface AccessReport {
  readonly pid: number;
  /** Empty where there is no process to have one. */
  readonly name: string;
  readonly allowed: boolean;
  /** Where it is allowed: `allowed`, or what it is allowed by half for: a call that is refused. */
  readonly cause: AccessCause;
  readonly detail: string;
  readonly remedies: readonly string[];
  /** All that was looked at; `undefined` where there was no process to look at. */
  readonly facts: AccessFacts | undefined;
}
