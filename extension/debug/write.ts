import { Buffer } from 'node:buffer';
import { addressFrom, printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { PageState } from '../../common/page.ts';
import type { WriteRequest, WriteResult } from '../../common/protocol.ts';
import type { Target } from '../target.ts';
import { ask } from './ask.ts';
import type { DebugSessions } from './sessions.ts';

/** Writes bytes to a target, by whichever way keeps everybody right. Rejects with MemoryError. */
export type WriteTo = (target: Target, request: WriteRequest) => Promise<WriteResult>;

/**
 * While a debugger has stopped the process and can write memory, the write goes through it, with the absolute address and
 * offset 0 (one adapter ignores the offset): its own caches, and the Variables view, stay right. Otherwise by the agent.
 */
export function createWriteTo(sessions: DebugSessions): WriteTo {
  // The agent counts its own writes from 1 up; these cannot be told of as overwritten, for nothing runs.
  let lastId = -1_000_000_000;
  return async (target, request) => {
    if (target.facts.through !== undefined) return target.call('write', request);
    const debugged = sessions.of(target);
    const isStopped = debugged?.traffic.state === 'stopped';
    if (debugged === undefined || !isStopped || !debugged.traffic.capabilities.writesMemory || request.force === true)
      return target.call('write', request);
    const before = await readWhole(target, request);
    if (before === undefined) return target.call('write', request);
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
    return { id: lastId--, before, held: after !== undefined && Buffer.compare(after, request.bytes) === 0 };
  };
}

/** What stands there now; `undefined` where not all of it can be read, which the agent's own write explains. */
async function readWhole(target: Target, { start, bytes }: WriteRequest): Promise<Uint8Array | undefined> {
  const { bytes: read, states } = await target.call('read', { start, length: bytes.length, faultIn: true });
  return states.every((state) => state === PageState.readable) ? read : undefined;
}
