import type { AccessFacts, Capabilities, DenialCause, OurSide } from '../../common/access.ts';
import { Errno } from './errno.ts';

// The words of a denial. (Giving node itself the capability, with setcap, is not among the remedies: every program that
// this node then runs could read all processes, and /proc/<pid>/mem of others needs CAP_DAC_OVERRIDE besides.)

/** What stands in the way, in a sentence or two. */
export function detailOf(cause: DenialCause, facts: AccessFacts): string {
  const { ours, theirs, tried } = facts;
  const process = `${theirs.name} (${theirs.pid})`;
  switch (cause) {
    case 'otherUser':
      if (tried.memory !== 'denied')
        return `process_vm_readv asks for your real user and group, and those are not the ones that ${process} runs as.`;
      if (theirs.user === ours.user)
        return `${process} runs under another group than you (${list(differing(theirs.gids, ours.gids))}).`;
      return `${process} runs as ${theirs.user}, you are ${ours.user}, and you do not have CAP_SYS_PTRACE.`;
    case 'notDumpable':
      return `${process} is closed to other programs (it is not “dumpable”: it was started setuid, with file capabilities or from a file that you may not read, or it called prctl(PR_SET_DUMPABLE, 0)).`;
    case 'userNamespace':
      return ours.isInitialUserNamespace
        ? `${process} lives in a user namespace that is not yours, as the programs of a rootless container or of a browser’s sandbox do.`
        : `${process} lives outside the user namespace that this runs in. What you may do in here, even as its root, does not count out there.`;
    case 'moreCapabilities':
      return `${process} has capabilities that you do not have: ${list(missing(theirs.permitted, ours.effective))}.`;
    case 'yama':
      switch (ours.yamaScope) {
        case 1:
          return `This system lets a program look only into those that it has started itself (kernel.yama.ptrace_scope is 1), and ${process} was started elsewhere.`;
        case 2:
          return 'This system lets only administrators look into other processes (kernel.yama.ptrace_scope is 2).';
        default:
          return 'This system lets nobody look into other processes (kernel.yama.ptrace_scope is 3), and that holds until it is restarted.';
      }
    case 'seccomp':
      return `A seccomp filter on this process forbids ${tried.read === 0 ? 'process_vm_writev' : 'process_vm_readv'}${tried.ownRead === Errno.ENOSYS ? ', unless it is the kernel that has no such call' : ''}.`;
    case 'procFile':
      return `process_vm_readv may read ${process}, but /proc/${theirs.pid}/mem, which Live Memory holds it by, may not be opened: the file belongs to user ${theirs.procOwner}, you are ${ours.user}, and CAP_DAC_OVERRIDE, which passes over that, you do not have.`;
    case 'noCrossMemoryAttach':
      return 'This kernel has no process_vm_readv (it was built without CONFIG_CROSS_MEMORY_ATTACH).';
    case 'securityModule':
      if (tried.memory !== 'denied' && (tried.ownRead !== 0 || tried.read === 0))
        return `Something around this process refuses ${tried.read === 0 ? 'process_vm_writev' : 'process_vm_readv, even on its own memory'}, and it is no seccomp filter: a sandbox that stands in for the kernel, or a tracer.`;
      return `The system forbids it for ${process}, and neither users, capabilities nor Yama are why: a security module does it. ${moduleOf(facts)}${hiddenDumpable(facts)}${hiddenNamespace(facts)}`;
    default:
      return cause satisfies never;
  }
}

/** What is to be seen of the module that forbids it. */
function moduleOf({ ours, theirs }: AccessFacts): string {
  if (ours.deniesPtrace) return 'SELinux’s boolean deny_ptrace is on.';
  if (ours.label !== '' || theirs.label !== '') {
    const kind = (ours.label + theirs.label).includes(':') ? 'SELinux' : 'AppArmor';
    return `${kind} calls this process “${ours.label}” and that one “${theirs.label}”.`;
  }
  const modules = ours.modules.filter((name) => ['landlock', 'bpf', 'smack', 'tomoyo'].includes(name));
  return `Neither SELinux nor AppArmor is active here, which leaves Landlock, which a sandbox confines its programs with, or a BPF program${modules.length > 0 ? ` (there are: ${modules.join(', ')})` : ''}.`;
}

/** Whether it cannot be seen if its user namespace is ours, and one that is not would be why. */
export function mayBeOfOtherNamespace({ theirs, tried }: AccessFacts): boolean {
  return tried.memory === 'denied' && !tried.look && theirs.isSameUserNamespace === undefined;
}

/** Root owns the files of its processes either way. */
function hiddenDumpable({ ours, theirs }: AccessFacts): string {
  if (theirs.procOwner !== 0 || ours.effective.includes('CAP_SYS_PTRACE')) return '';
  return ' Or it is not “dumpable”, which cannot be seen of a process of root; CAP_SYS_PTRACE would pass over that.';
}

function hiddenNamespace(facts: AccessFacts): string {
  if (!mayBeOfOtherNamespace(facts) || facts.ours.effective.includes('CAP_SYS_PTRACE')) return '';
  return ' Or it lives in a user namespace of a sandbox that has the ids of yours, which cannot be seen either.';
}

/** What would allow it, the simplest first. */
export function remediesOf(cause: DenialCause, { ours, theirs, tried }: AccessFacts): readonly string[] {
  switch (cause) {
    case 'otherUser':
      if (tried.memory !== 'denied') return [`Start ${us(ours)} as one user, real and effective.`];
      return [...asUser(ours, theirs.user), ...withCapability(ours)];
    case 'notDumpable':
      return [
        ...asUser(ours),
        ...withCapability(ours),
        'If it is your own program, let it call prctl(PR_SET_DUMPABLE, 1).',
      ];
    case 'userNamespace':
      return [
        ours.isInitialUserNamespace
          ? 'Attach from inside that container, or as root of the machine.'
          : 'Attach from outside this container or sandbox, or as root of the machine.',
      ];
    case 'moreCapabilities':
      return [...asUser(ours), ...withCapability(ours), 'Or start the program without them.'];
    case 'yama':
      return yamaRemedies(ours);
    case 'seccomp':
      return seccompRemedies(ours);
    case 'procFile':
      return [...asUser(ours), 'Or give this process CAP_DAC_OVERRIDE as well (CAP_DAC_READ_SEARCH, to read only).'];
    case 'noCrossMemoryAttach':
      return ['Use a kernel that has it; those of all large distributions do.'];
    case 'securityModule':
      if (tried.memory !== 'denied' && (tried.ownRead !== 0 || tried.read === 0))
        return ['Run it without the sandbox.'];
      return moduleRemedies(ours, theirs.label);
    default:
      return cause satisfies never;
  }
}

function asUser(ours: OurSide, other = 'root'): string[] {
  if (!ours.isInitialUserNamespace && !ours.isContainer)
    return ['Attach from outside this user namespace, as root of the machine.'];
  const who = ['root', ours.user].includes(other) ? 'root' : `${other} or as root`;
  // Root without the capability: a container's, mostly.
  if (ours.uids[3] === 0) return other === 'root' || other === ours.user ? [] : [startAs(ours, other)];
  const outside = ours.noNewPrivileges
    ? ' Start it anew from outside: sudo gains nothing in here, because no_new_privs is set on this process.'
    : '';
  return [`${startAs(ours, who)}${outside}`];
}

/** The remedy of starting ourselves as somebody else. */
export function startAs(ours: OurSide, who: string): string {
  return `Start ${usOrServer(ours)} as ${who}.`;
}

/** What a user can start in another way. */
export function us(ours: OurSide): string {
  return ours.host === 'VS Code' ? 'VS Code' : 'this program';
}

function usOrServer(ours: OurSide): string {
  return ours.host === 'VS Code' ? 'VS Code, or the server that runs its extensions,' : us(ours);
}

/** A remedy that is not the first. */
export function or(remedy: string): string {
  return `Or ${remedy.charAt(0).toLowerCase()}${remedy.slice(1)}`;
}

/** How to come by CAP_SYS_PTRACE without being root of the machine. */
function withCapability(ours: OurSide): string[] {
  if (ours.isContainer) {
    const root =
      ours.uids[3] === 0
        ? ''
        : ' Then be root in it (--user root, "remoteUser": "root"): others get no capability from that.';
    return [
      `In a container, start it with --cap-add=SYS_PTRACE (docker run, podman run), add SYS_PTRACE under cap_add (compose), or "capAdd": ["SYS_PTRACE"] to devcontainer.json.${root}`,
    ];
  }
  if (ours.uids[3] === 0)
    return [`You are root, but without CAP_SYS_PTRACE: start ${us(ours)} from where it was not taken away.`];
  return [];
}

function yamaRemedies(ours: OurSide): string[] {
  const where = ours.noNewPrivileges
    ? ` Run it in ${ours.host === 'VS Code' ? 'a terminal outside of VS Code' : 'another terminal'}: sudo gains nothing in here, because no_new_privs is set.`
    : ours.isContainer
      ? ' Run it on the machine that the container runs on.'
      : '';
  if (ours.yamaScope === 3)
    return [
      `Run: echo kernel.yama.ptrace_scope=0 | sudo tee /etc/sysctl.d/99-ptrace.conf, then restart the machine.${where}`,
    ];
  const run = `Run: sudo sysctl -w kernel.yama.ptrace_scope=0 (it lasts until the machine restarts).${where}`;
  if (ours.yamaScope === 2) return [...asUser(ours), or(run), ...withCapability(ours)];
  return [
    run,
    ...(ours.host === 'VS Code' ? ['Or start the program from VS Code’s debugger.'] : asUser(ours).map(or)),
    // Whether it has done so for somebody else cannot be seen from outside.
    'Or let the program itself call prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY).',
    ...withCapability(ours),
  ];
}

function seccompRemedies(ours: OurSide): string[] {
  if (ours.isContainer)
    return [
      'Start the container with --cap-add=SYS_PTRACE, with which Docker’s own filter lets the call pass, or with --security-opt seccomp=unconfined.',
    ];
  if (ours.service !== undefined) {
    const { unit, isOfUser } = ours.service;
    return [
      `Run: ${isOfUser ? 'systemctl --user' : 'sudo systemctl'} edit ${unit}, add SystemCallFilter=process_vm_readv process_vm_writev under [Service], and restart it.`,
    ];
  }
  return [`Start ${us(ours)} outside of the sandbox, or let its filter allow process_vm_readv and process_vm_writev.`];
}

function moduleRemedies(ours: OurSide, theirLabel: string): string[] {
  if (ours.deniesPtrace) return ['Run: sudo setsebool deny_ptrace off'];
  const labels = ours.label + theirLabel;
  if (labels === '')
    return [
      `Start ${usOrServer(ours)} outside of the sandbox that confines it.`,
      ...(ours.uids[3] === 0 ? withCapability(ours) : []),
    ];
  if (labels.includes(':'))
    return ['Look for the denial: sudo ausearch -m avc -ts recent; audit2allow makes a rule of it.'];
  return [
    ...(ours.isContainer ? ['Start the container with --security-opt apparmor=unconfined.'] : []),
    'Look for the denial: sudo journalctl -k --grep apparmor; aa-complain lifts a profile.',
  ];
}

function missing(wanted: Capabilities, had: Capabilities): Capabilities {
  return wanted.filter((capability) => !had.includes(capability));
}

function differing(theirs: readonly number[], ours: readonly number[]): readonly string[] {
  return [...new Set(theirs.slice(0, 3))].filter((id) => id !== ours[3]).map(String);
}

const listedMax = 4;

function list(words: readonly string[]): string {
  if (words.length <= listedMax) return words.join(', ');
  return `${words.slice(0, listedMax).join(', ')} and ${words.length - listedMax} more`;
}
