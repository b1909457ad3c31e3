import { asError, MemoryError } from '../../common/error.ts';
import { proofTriesMax } from '../../common/limits.ts';
import { requireLinux } from '../platform.ts';
import { openTarget, printTarget, type OpenAgent, type Target } from '../target.ts';
import type { Targets } from '../targets.ts';
import { proveProcess, type Proof } from './proof.ts';
import type { Entry } from './sessions.ts';
import { canReadThrough, openThroughDebugger } from './throughDebugger.ts';

/** What settling a session needs of the sessions. */
export interface SettlingSurroundings {
  readonly targets: Targets;
  readonly openAgent: OpenAgent;
  isOpen(entry: Entry): boolean;
  /** The process that the resolvers name: of a stopped program all of them, of one that runs those that do not disturb it. Never rejects. */
  findPid(entry: Entry, when: 'running' | 'stopped'): Promise<number | undefined>;
  /** The process is the session's: attaches to it. What goes wrong is the entry's refusal. */
  take(entry: Entry, pid: number): Promise<void>;
  /** The target is the session's from now on. */
  own(entry: Entry, target: Target, wasThere: boolean): void;
  /** The session's target never was what it debugs. */
  disown(entry: Entry, target: Target): void;
  log(message: string): void;
  tell(message: string): void;
}

/**
 * What is done at a stop: finds the process, where nobody has told it; proves that it is the one that is debugged; and where
 * there is none, or none that can be opened, reads through the debugger. Never rejects.
 */
export function createSettling(around: SettlingSurroundings): (entry: Entry) => Promise<void> {
  const { targets, openAgent, isOpen, findPid, own, log } = around;

  async function settle(entry: Entry): Promise<void> {
    const { session, traffic, whereabouts } = entry;
    if (whereabouts === 'here') {
      await entry.taking;
      if (entry.target === undefined && traffic.pid === undefined) {
        const pid = await findPid(entry, 'stopped');
        if (pid !== undefined) await around.take(entry, pid);
      }
      await entry.taking;
      await lookAgain(entry);
      await check(entry);
    } else if (whereabouts === 'elsewhere' && entry.target === undefined) await claim(entry);
    if (!isOpen(entry) || entry.target !== undefined) return;
    if (canReadThrough(session, traffic)) await openThrough(entry);
    else if (whereabouts !== 'here' && !traffic.capabilities.readsMemory) {
      const what = whereabouts === 'core' ? 'a core file' : 'a program that need not be on this machine';
      entry.refusal = new MemoryError(
        'Unsupported',
        `“${session.name}” debugs ${what}, and its debugger does not read memory, so there is no way to it from here.`,
      );
    }
  }

  /** After exec, of a shell that starts the program for one, the number is another program's, and nobody may have looked since. */
  async function lookAgain(entry: Entry): Promise<void> {
    const { target } = entry;
    if (target === undefined || entry.through !== undefined) return;
    await target.call('read', { start: '0x0', length: 1 }).catch(() => undefined);
    await entry.taking;
  }

  async function prove(entry: Entry, target: Target): Promise<Proof> {
    entry.proofTries++;
    const proof = await proveProcess(entry.session, entry.traffic, target);
    // Once more: what the kernel writes to a stack in between is no proof of anything.
    return proof === 'other' ? proveProcess(entry.session, entry.traffic, target) : proof;
  }

  const mayProve = ({ session, traffic, proofTries }: Entry): boolean =>
    proofTries < proofTriesMax && canReadThrough(session, traffic);

  /** The number that an adapter gives need not be the debuggee's: a target that is not is let go. */
  async function check(entry: Entry): Promise<void> {
    const { session, target } = entry;
    if (target === undefined || entry.through !== undefined || entry.isProven || !mayProve(entry)) return;
    const proof = await prove(entry, target);
    if (entry.target !== target) return;
    if (proof === 'same') entry.isProven = true;
    if (proof !== 'other') return;
    around.disown(entry, target);
    around.tell(
      `${printTarget(target.facts)} is not what “${session.name}” debugs: its memory differs from what the debugger reads. ` +
        'Live Memory reads through the debugger instead.',
    );
  }

  /** The process with the number that is told from elsewhere counts only when its memory is the debuggee's. */
  async function claim(entry: Entry): Promise<void> {
    const { session, traffic } = entry;
    if (!mayProve(entry)) return;
    const pid = traffic.pid ?? (await findPid(entry, 'stopped'));
    if (pid === undefined || !mayProve(entry)) return;
    const there = targets.find(pid);
    let opened: Target | undefined;
    try {
      requireLinux();
      // It is nobody's target before it is known to be the one.
      const target = there ?? (opened = await openTarget(openAgent, pid));
      const proof = await prove(entry, target);
      if (proof !== 'same')
        return log(
          `The process ${pid} that “${session.name}” names is not taken for the one on this machine: ${proof}.`,
        );
      if (!isOpen(entry) || entry.target !== undefined) return;
      if (opened !== undefined) targets.adopt(opened);
      opened = undefined;
      own(entry, target, there !== undefined);
    } catch (error) {
      log(`The process ${pid} that “${session.name}” names cannot be looked at: ${String(error)}`);
    } finally {
      opened?.dispose();
    }
  }

  async function openThrough(entry: Entry): Promise<void> {
    const { session, traffic, whereabouts } = entry;
    const through = await openThroughDebugger(session, traffic, whereabouts === 'core', log);
    try {
      if (!isOpen(entry) || entry.target !== undefined) throw new MemoryError('Cancelled', 'It is no longer wanted.');
      targets.adopt(through.target);
    } catch (error) {
      through.target.dispose();
      entry.refusal = asError(error);
      return;
    }
    entry.through = through;
    // Why the process itself is closed: its debugger may be asked to open it.
    const { refusal } = entry;
    own(entry, through.target, false);
    entry.refusal = refusal;
  }

  return async (entry) => {
    if (entry.settling !== 'no') {
      entry.settling = 'again';
      return;
    }
    do {
      entry.settling = 'yes';
      await settle(entry).catch((error: unknown) => log(String(error)));
    } while (wantsAgain(entry));
    entry.settling = 'no';
  };
}

/** Whether there was another stop meanwhile. */
function wantsAgain({ settling }: Entry): boolean {
  return settling === 'again';
}
