import { Buffer } from 'node:buffer';
import { addressFrom, printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { pageOf, PageState } from '../../common/page.ts';
import type { WriteRequest, WriteResult } from '../../common/protocol.ts';
import { endOf } from '../../common/range.ts';
import { Access, findRegion } from '../../common/region.ts';
import type { Target } from '../target.ts';
import { ask } from './ask.ts';
import type { DebugSessions } from './sessions.ts';
import type { Traffic } from './traffic.ts';

/** Writes bytes to a target, by whichever way keeps everybody right. Rejects with MemoryError. */
export type WriteTo = (target: Target, request: WriteRequest) => Promise<WriteResult>;

/**
 * While a debugger has stopped the process and can write memory, the write goes through it, with the absolute address and
 * offset 0 (one adapter ignores the offset): its own caches, and the Variables view, stay right. Otherwise by the agent, and
 * `tell` gets a sentence for the views of the target, once a stop: the debugger knows nothing of that write, and VS Code has
 * no way to let an extension have its variables read again.
 */
export function createWriteTo(sessions: DebugSessions, tell: (target: Target, message: string) => void): WriteTo {
  /** The stop at which it was told. */
  const told = new WeakMap<Traffic, number>();

  async function pastDebugger(target: Target, request: WriteRequest): Promise<WriteResult> {
    const result = await target.call('write', request);
    const traffic = sessions.of(target)?.traffic;
    if (traffic?.isPaused === true && told.get(traffic) !== traffic.stops) {
      told.set(traffic, traffic.stops);
      tell(target, 'This was written past the debugger, which may show the old values until the next step.');
    }
    return result;
  }

  // The agent counts its own writes from 1 up; these cannot be told of as overwritten, for nothing runs.
  let lastId = -1_000_000_000;
  return async (target, request) => {
    if (target.facts.through !== undefined) return target.call('write', request);
    const debugged = sessions.of(target);
    const isStopped = (): boolean => debugged?.traffic.state === 'stopped';
    if (debugged === undefined || !isStopped() || !debugged.traffic.capabilities.writesMemory || request.force === true)
      return pastDebugger(target, request);
    // A debugger writes to any page, and asks nobody: the agent refuses those that the user has to be asked about.
    if (!isWritable(target, request)) return pastDebugger(target, request);
    const before = await readWhole(target, request);
    // It may have gone on meanwhile, and a running program's debugger is asked for nothing.
    if (before === undefined || !isStopped()) return pastDebugger(target, request);
    if (request.expect !== undefined && Buffer.compare(before, request.expect) !== 0) {
      throw new MemoryError(
        'Conflict',
        `The bytes at ${request.start} are not those that were expected. Nothing was written.`,
      );
    }
    await ask(debugged.session, 'writeMemory', {
      memoryReference: printAddress(addressFrom(request.start)),
      offset: 0,
      allowPartial: false,
      data: Buffer.from(request.bytes).toString('base64'),
    });
    target.refresh();
    const after = await readWhole(target, request);
    const isOurs = after !== undefined && Buffer.compare(after, request.bytes) === 0;
    if (after !== undefined && !isOurs && Buffer.compare(after, before) === 0) {
      throw new MemoryError(
        'Unsupported',
        `The debugger of “${debugged.session.name}” says that it has written, and the bytes at ${request.start} are still as they were.`,
      );
    }
    return { id: lastId--, before, held: isOurs };
  };
}

/** Whether all of its pages are mapped for writing, as far as is known. */
function isWritable({ regions }: Target, { start, bytes }: WriteRequest): boolean {
  const last = pageOf(endOf({ start: addressFrom(start), length: bytes.length }) - 1n);
  for (let page = pageOf(addressFrom(start)); page <= last;) {
    const index = findRegion(regions, page);
    if (index < 0 || ((regions.access[index] ?? 0) & Access.write) === 0) return false;
    page = regions.ends[index] ?? last + 1;
  }
  return true;
}

/** What stands there now; `undefined` where not all of it can be read, which the agent's own write explains. */
async function readWhole(target: Target, { start, bytes }: WriteRequest): Promise<Uint8Array | undefined> {
  const { bytes: read, states } = await target.call('read', { start, length: bytes.length, faultIn: true });
  return states.every((state) => state === PageState.readable) ? read : undefined;
}
