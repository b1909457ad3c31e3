import { readdirSync } from 'node:fs';
import process from 'node:process';
import type { OurSide } from '../common/access.ts';
import type { ProcessEntry } from '../common/protocol.ts';
import { isAllowed, tryAccess } from './linux/attempt.ts';
import { readOurSide } from './linux/credentials.ts';
import { denialOf, printDenial, readAccess } from './linux/permission.ts';
import { livingThread, processName, readArguments, readLink, readStat, readStatus, userName } from './linux/procfs.ts';
import { whyForeign, type Missing } from './missing.ts';
import { settle } from './promises.ts';

/** The processes that there are: our own user's first, then by name. Kernel threads and ourselves are left out. */
export function list(): Promise<ProcessEntry[]> {
  return settle(() => listNow().map(({ entry }) => entry));
}

interface Listed {
  readonly entry: ProcessEntry;
  readonly startTime: string;
}

function listNow(): Listed[] {
  const ourUid = process.geteuid?.();
  const ours = readOurSide();
  const foreign = whyForeign();
  const found: Listed[] = [];
  for (const directory of readdirSync('/proc')) {
    const pid = Number(directory);
    if (!Number.isInteger(pid) || (pid === process.pid && foreign === undefined)) continue;
    const stat = readStat(pid);
    const status = readStatus(pid);
    if (stat === undefined || status === undefined || stat.isKernelThread) continue;
    const uid = status.uids[1] ?? 0;
    const words = readArguments(pid);
    const entry: ProcessEntry = {
      pid,
      name: processName(stat.name, words, readLink(`/proc/${pid}/exe`)),
      user: userName(uid),
      own: uid === ourUid,
      commandLine: words.join(' '),
      residentBytes: status.residentBytes,
      denied: status.hasMemory ? explain(pid, ours, foreign) : explainEnd(pid),
    };
    found.push({ entry, startTime: stat.startTime });
  }
  const order = new Intl.Collator('en', { sensitivity: 'base' });
  return found.sort(
    (a, b) =>
      Number(b.entry.own) - Number(a.entry.own) ||
      order.compare(a.entry.name, b.entry.name) ||
      a.entry.pid - b.entry.pid,
  );
}

function explainEnd(pid: number): string {
  const thread = livingThread(pid);
  return thread === undefined
    ? 'It has exited and waits for its parent to take note.'
    : `Its first thread has ended. Attach to ${thread}, which is one of the others.`;
}

/** Trying asks the kernel the same question as an attach will, and reads nothing. */
function explain(pid: number, ours: OurSide, foreign: Missing | undefined): string | null {
  if (foreign !== undefined) return printDenial(foreign);
  const tried = tryAccess(pid);
  if (tried === undefined) return 'It is exiting.';
  return isAllowed(tried) ? null : printDenial(denialOf(readAccess(pid, tried, ours)));
}

/** The processes that run an executable with the same command line, newest first. `except` is left out. */
export function successorsOf(executable: string, commandLine: string, except?: number): Promise<ProcessEntry[]> {
  return settle(() => {
    if (executable === '') return [];
    return listNow()
      .filter(({ entry }) => entry.pid !== except && entry.commandLine === commandLine)
      .filter(({ entry }) => entry.denied === null && fileOf(readLink(`/proc/${entry.pid}/exe`)) === fileOf(executable))
      .sort((a, b) => Number(b.startTime) - Number(a.startTime) || b.entry.pid - a.entry.pid)
      .map(({ entry }) => entry);
  });
}

/** The processes that run an executable, by its absolute path; newest last. */
export function processesOf(executable: string): Promise<number[]> {
  return settle(() =>
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && fileOf(readLink(`/proc/${name}/exe`)) === executable)
      .map(Number)
      .sort((a, b) => a - b),
  );
}

/** A rebuilt program is still the program: the kernel marks the link of the old file. */
function fileOf(link: string): string {
  return link.replace(/ \(deleted\)$/, '');
}
