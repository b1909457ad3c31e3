import type { AccessReport } from '../../common/access.ts';

/** What a process can do to let us in, by `prctl(2)`. */
export interface Lifting {
  /** The call as people write it. */
  readonly call: string;
  readonly option: number;
  readonly value: number;
  /** What undoes it. */
  readonly undo: number;
  /** What asks for the value now, where there is such; and the value that makes the call pointless. */
  readonly asks: { readonly option: number; readonly already: number } | undefined;
  /** What stands in the way, and what the call allows, as sentences. */
  readonly allows: string;
}

/** linux/prctl.h */
const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_SET_PTRACER = 0x59616d61;

/** The call that would lift what a process is refused for, where there is one. `pid` is the process that is to be let in. */
export function liftingOf(report: AccessReport, pid: number): Lifting | undefined {
  const { cause, allowed, facts } = report;
  if (allowed || facts === undefined) return undefined;
  if (cause === 'yama') {
    // The other scopes leave a process nothing to say.
    if (facts.ours.yamaScope !== 1) return undefined;
    return {
      call: `prctl(PR_SET_PTRACER, ${pid})`,
      option: PR_SET_PTRACER,
      value: pid,
      undo: 0,
      asks: undefined,
      allows:
        'This system lets a program look only into those that it has started itself. The call lets process ' +
        `${pid}, where VS Code runs its extensions, look into this one as well. If the program has let in another one, that one is shut out.`,
    };
  }
  // Of a process of root, not being dumpable looks like any other refusal.
  const mayBeHidden = cause === 'securityModule' && facts.theirs.procOwner === 0 && facts.tried.memory === 'denied';
  if (cause !== 'notDumpable' && !mayBeHidden) return undefined;
  return {
    call: 'prctl(PR_SET_DUMPABLE, 1)',
    option: PR_SET_DUMPABLE,
    value: 1,
    undo: 0,
    asks: { option: PR_GET_DUMPABLE, already: 1 },
    allows:
      'The program has closed itself to others. The call opens it again, to every process of its user, and lets the system ' +
      'keep a core file if it crashes.',
  };
}
