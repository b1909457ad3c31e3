import { basename } from 'node:path';
import type * as vscode from 'vscode';
import type { TargetFacts } from '../../common/protocol.ts';
import { targetBy, type Target } from '../target.ts';
import { serveThroughDebugger, type AdapterAgent } from './adapterAgent.ts';
import { createAdapterMemory, running } from './adapterMemory.ts';
import { createAdapterRegions, pointerBytesOf } from './adapterRegions.ts';
import { chosenFrame } from './ask.ts';
import type { Traffic } from './traffic.ts';

/** A target that is read through a debug session. */
export interface ThroughDebugger {
  readonly target: Target;
  /** The session has ended, or its process can be read itself: the target is gone, for the reason given as a sentence. */
  end(reason: string): void;
}

let opened = 0;

/** Whether a session, at a stop, can serve memory by address. js-debug takes handles of its own for addresses. */
export function canReadThrough({ type }: vscode.DebugSession, { state, capabilities }: Traffic): boolean {
  const isScript = /^(pwa-)?(node|chrome|msedge|extensionhost)(-terminal)?$/i.test(type);
  return capabilities.readsMemory && state === 'stopped' && !isScript;
}

/**
 * Makes a target of a session that is stopped, after asking it for the size of a pointer and the regions. Rejects with
 * MemoryError where the program goes on meanwhile.
 */
export async function openThroughDebugger(
  session: vscode.DebugSession,
  traffic: Traffic,
  isCore: boolean,
  log: (message: string) => void,
): Promise<ThroughDebugger> {
  const frame = await chosenFrame(session, traffic.threadId).catch(() => undefined);
  if (traffic.state !== 'stopped') throw running(session);
  const pointerBytes = await pointerBytesOf(session, frame);
  const regions = createAdapterRegions(session, traffic, pointerBytes);
  await regions.look();
  if (regions.table.version === 0) throw running(session);
  const { program } = session.configuration;
  const executable = typeof program === 'string' ? program : '';
  const facts: TargetFacts = {
    pid: 0,
    through: session.type,
    name: basename(executable) || session.name,
    user: '',
    commandLine: '',
    executable,
    // Two sessions are never one run, whatever they debug.
    startTime: `${session.id} ${++opened}`,
    pointerBytes,
  };
  const memory = createAdapterMemory(session, traffic);
  let agent: AdapterAgent | undefined;
  const target = targetBy(facts, (hears) => {
    agent = serveThroughDebugger({ session, traffic, memory, regions, facts, isCore, log }, hears);
    return agent;
  });
  return { target, end: (reason) => agent?.end(reason) };
}
