import type { AccessReport } from '../common/access.ts';
import { MemoryError } from '../common/error.ts';
import type { ProcessEntry, TargetFacts } from '../common/protocol.ts';
import { deaf } from '../native/spawn.ts';
import type { Agent, OpenAgent, Target } from './target.ts';
import type { Targets } from './targets.ts';

/** The processes of this machine, read anew by an agent that lives for this one answer. */
export async function listProcesses(openAgent: OpenAgent): Promise<readonly ProcessEntry[]> {
  return withAgent(openAgent, (agent) => agent.channel.call('list', {}));
}

/** The processes that run an executable, by its absolute path. */
export async function runningProcesses(openAgent: OpenAgent, executable: string): Promise<readonly number[]> {
  return withAgent(openAgent, (agent) => agent.channel.call('running', { executable }));
}

export interface AccessAnswer extends Pick<AccessReport, 'allowed' | 'cause' | 'detail' | 'remedies'> {
  /** Detail and remedies, as one text to show. */
  readonly message: string;
}

/** Whether a process can be opened, by an agent that lives for this one answer. */
export async function explainAccess(openAgent: OpenAgent, pid: number): Promise<AccessAnswer> {
  const report = await reportAccess(openAgent, pid);
  const { allowed, cause, detail, remedies } = report;
  return { allowed, cause, detail, remedies, message: [detail, ...remedies].join(' ') };
}

/** The same, with all that was looked at. */
export async function reportAccess(openAgent: OpenAgent, pid: number): Promise<AccessReport> {
  return withAgent(openAgent, (agent) => agent.channel.call('whyDenied', { pid }));
}

/** Attaches to the process that took the place of one that is gone; rejects with a sentence where there is none. */
export async function attachSuccessor(openAgent: OpenAgent, targets: Targets, gone: Target): Promise<Target> {
  const { facts } = gone;
  if (facts.through !== undefined)
    throw new MemoryError(
      'Gone',
      `${facts.name} was read through a debug session, which has ended. Start the session again, and this view goes on at its first stop.`,
    );
  const candidates = await successorsOf(openAgent, gone);
  for (const { pid } of candidates) {
    const there = targets.find(pid);
    const target = there ?? (await targets.attach(pid));
    if (facts.executable === '' || target.facts.executable === facts.executable) return target;
    if (there === undefined) targets.detach(target);
  }
  throw new MemoryError(
    'Gone',
    `No process runs ${facts.commandLine || facts.executable || facts.name} now. Start it again and try once more, or attach to another.`,
  );
}

async function successorsOf(openAgent: OpenAgent, gone: Target): Promise<readonly Pick<ProcessEntry, 'pid'>[]> {
  try {
    return await gone.call('successors', {});
  } catch {
    // Its agent is gone with it (detached, or never there after a reload of the window).
    return likeIt(await listProcesses(openAgent), gone.facts);
  }
}

/** The processes that look like it; itself first, for after a detach it is still there. */
function likeIt(processes: readonly ProcessEntry[], facts: TargetFacts): readonly ProcessEntry[] {
  return processes
    .filter(
      ({ name, commandLine }) => name === facts.name && (facts.commandLine === '' || commandLine === facts.commandLine),
    )
    .sort((a, b) => Number(b.pid === facts.pid) - Number(a.pid === facts.pid) || b.pid - a.pid);
}

async function withAgent<T>(openAgent: OpenAgent, ask: (agent: Agent) => Promise<T>): Promise<T> {
  // Should it die, the question is rejected, which says it all.
  const agent = openAgent(deaf, () => undefined);
  try {
    return await ask(agent);
  } finally {
    agent.dispose();
  }
}
