import { Buffer } from 'node:buffer';
import type * as vscode from 'vscode';
import type { Address } from '../../common/address.ts';
import { proofBytes, proofTopBytes } from '../../common/limits.ts';
import { addressOfPage, pageBytes, pageOf, PageState } from '../../common/page.ts';
import { printRange, type Range } from '../../common/range.ts';
import { findRegion, regionKind, type RegionTable } from '../../common/region.ts';
import type { Target } from '../target.ts';
import { createAdapterMemory, type AdapterMemory } from './adapterMemory.ts';
import { chosenFrame, evaluate } from './ask.ts';
import { pointerIn } from './pointer.ts';
import type { Traffic } from './traffic.ts';

/** What comparing the memory of a process with the debuggee's gives; `unknown` where it could not be compared. */
export type Proof = 'same' | 'other' | 'unknown';

/**
 * Whether a process is the one that a session has stopped: the bytes at the stack pointer, and those at the top of the stack,
 * where the kernel puts sixteen random ones for each exec, have to be the same read both ways. Four requests at most, none
 * once the program goes on. Never rejects.
 */
export async function proveProcess(session: vscode.DebugSession, traffic: Traffic, target: Target): Promise<Proof> {
  const memory = createAdapterMemory(session, traffic);
  try {
    const pointer = await stackPointer(session, traffic);
    if (pointer === undefined) return 'unknown';
    const table = await regionsOf(target);
    if (table.version === 0) return 'unknown';
    const atPointer = clipped(table, { start: pointer, length: proofBytes });
    // A process in which nothing is there is another one.
    if (atPointer === undefined) return traffic.state === 'stopped' ? 'other' : 'unknown';
    const first = await compare(memory, target, atPointer);
    if (first !== 'same') return first;
    const top = stackTop(table);
    return top === undefined ? 'same' : await compare(memory, target, top);
  } catch {
    return 'unknown';
  } finally {
    memory.dispose();
  }
}

/** In what the stack pointer is printed as, each debugger has its own idea: `(void *) 0x7ffc…`, `140723456`. */
async function stackPointer(session: vscode.DebugSession, traffic: Traffic): Promise<Address | undefined> {
  const frame = await chosenFrame(session, traffic.threadId);
  if (traffic.state !== 'stopped') return undefined;
  const text = (await evaluate(session, '$sp', frame)).trim();
  const pointer = pointerIn(text) ?? (/^\d{4,20}$/.test(text) ? BigInt(text) : undefined);
  return pointer !== undefined && pointer < 2n ** 64n ? pointer : undefined;
}

async function compare(memory: AdapterMemory, target: Target, range: Range): Promise<Proof> {
  const theirs = await memory.read(range);
  const ours = await target.call('read', { ...printRange(range), faultIn: true });
  if (memory.stop === undefined) return 'unknown';
  let compared = 0;
  for (let i = 0; i < theirs.states.length; i++) {
    if (theirs.states[i] !== PageState.readable) continue;
    if (ours.states[i] !== PageState.readable) return 'other';
    const first = addressOfPage(pageOf(range.start) + i) - range.start;
    const [from, to] = [Math.max(0, Number(first)), Math.min(range.length, Number(first) + pageBytes)];
    if (Buffer.compare(theirs.bytes.subarray(from, to), ours.bytes.subarray(from, to)) !== 0) return 'other';
    compared++;
  }
  return compared > 0 ? 'same' : 'unknown';
}

/** The regions are told a moment after a process is attached to. */
async function regionsOf(target: Target): Promise<RegionTable> {
  // The agent looks for this, and says what it finds before it answers.
  if (target.regions.version === 0) await target.call('resolve', { expression: '[stack]' }).catch(() => undefined);
  return target.regions;
}

/** What of a range lies in the region that holds its start. */
function clipped(table: RegionTable, { start, length }: Range): Range | undefined {
  const index = findRegion(table, pageOf(start));
  if (index < 0) return undefined;
  const left = addressOfPage(table.ends[index] as number) - start;
  return { start, length: left < BigInt(length) ? Number(left) : length };
}

function stackTop(table: RegionTable): Range | undefined {
  for (let i = 0; i < table.starts.length; i++) {
    if (regionKind(table, i) !== 'stack') continue;
    const pages = Math.min((table.ends[i] as number) - (table.starts[i] as number), proofTopBytes / pageBytes);
    return { start: addressOfPage((table.ends[i] as number) - pages), length: pages * pageBytes };
  }
  return undefined;
}
