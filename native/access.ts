import type { AccessFacts, AccessReport } from '../common/access.ts';
import { isAllowed, tryAccess } from './linux/attempt.ts';
import { denialOf, readAccess } from './linux/permission.ts';
import { readName, readStat } from './linux/procfs.ts';
import { assertPid, whyMissing } from './missing.ts';

/**
 * Whether a process can be opened, and if not, which rule is why and what would allow it. Tries first, touching no memory,
 * and looks at the rules where the kernel has refused. Throws MemoryError: `Unsupported` (not Linux), `Invalid` (not a pid).
 */
export function whyDenied(pid: number): AccessReport {
  assertPid(pid);
  const missing = whyMissing(pid);
  const stat = readStat(pid);
  const name = stat === undefined ? '' : readName(pid, stat);
  if (missing !== undefined) {
    const { cause, detail, remedies } = missing;
    return { pid, name, allowed: false, cause, detail, remedies, facts: undefined };
  }
  const tried = tryAccess(pid);
  if (tried === undefined) {
    const detail = `${name || 'The process'} (${pid}) has exited.`;
    const remedies = ['Choose another process.'];
    return { pid, name, allowed: false, cause: 'noProcess', detail, remedies, facts: undefined };
  }
  const facts = readAccess(pid, tried);
  const allowed = isAllowed(tried);
  if (allowed && tried.read === 0 && tried.write === 0) {
    const detail = [`${name} (${pid}) can be opened.`, ...limitsOf(facts), ...inside(facts)].join(' ');
    return { pid, name, allowed, cause: 'allowed', detail, remedies: [], facts };
  }
  // Refused, or let in by half: then the cause is that of the half that is missing.
  const denial = denialOf(facts);
  const half =
    tried.read === 0
      ? `${name} (${pid}) can be opened and read, but not written to.`
      : `${name} (${pid}) can be opened, but it is read through /proc/${pid}/mem, which is slower.`;
  const detail = [...(allowed ? [half] : []), denial.detail, ...inside(facts)].join(' ');
  return { pid, name, allowed, cause: denial.cause, detail, remedies: denial.remedies, facts };
}

/** What an attach will not be able to do, although it is let in. */
function limitsOf({ tried }: AccessFacts): string[] {
  if (tried.memory === 'readWrite') return [];
  return ['Protected pages cannot be written: /proc opens its memory for reading only.'];
}

function inside({ theirs }: AccessFacts): string[] {
  const pid = theirs.namespacePids.at(-1);
  if (theirs.namespacePids.length < 2 || pid === undefined) return [];
  return [`In its own pid namespace it is process ${pid}.`];
}
