import { Buffer } from 'node:buffer';
import type * as vscode from 'vscode';
import { addressFrom } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { adapterReadBytesMax } from '../../common/limits.ts';
import { PageState } from '../../common/page.ts';
import type { WriteRequest, WriteResult } from '../../common/protocol.ts';
import type { AdapterMemory } from './adapterMemory.ts';

/** What a write needs to know of its session. */
export interface WriteThrough {
  readonly session: vscode.DebugSession;
  readonly memory: AdapterMemory;
  /** Why nothing can be written, where that is known before it is tried. */
  refusal(): MemoryError | undefined;
}

/**
 * Writes through the debugger: reads what stands there, compares it with what is expected, writes, reads back. Rejects with
 * MemoryError, with what has landed where it stopped half-way.
 */
export async function writeThrough(
  { session, memory, refusal }: WriteThrough,
  { start: text, bytes, expect, force }: WriteRequest,
): Promise<Omit<WriteResult, 'id'>> {
  if (force === true)
    throw new MemoryError(
      'Unsupported',
      'A debugger writes where it can, whatever the protection; there is nothing to force. Write it without.',
    );
  const refused = refusal();
  if (refused !== undefined) throw refused;
  const start = addressFrom(text);
  const range = { start, length: bytes.length };
  const { bytes: before, states } = await memory.read(range);
  if (states.some((state) => state !== PageState.readable))
    throw new MemoryError(
      'Unmapped',
      `The debugger of “${session.name}” cannot read all of the ${bytes.length} bytes at ${text}, so they were not written.`,
    );
  if (expect !== undefined && Buffer.compare(before, expect) !== 0)
    throw new MemoryError('Conflict', `The bytes at ${text} are not those that were expected. Nothing was written.`);
  for (let at = 0; at < bytes.length; at += adapterReadBytesMax) {
    try {
      await memory.write(start + BigInt(at), bytes.subarray(at, at + adapterReadBytesMax));
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      const landed = at + (error.landed ?? 0);
      const detail = landed === 0 ? {} : { landed, before: before.slice(0, landed) };
      throw new MemoryError(error.code, error.message, detail);
    }
  }
  const after = await memory.read(range);
  const isWhole = after.states.every((state) => state === PageState.readable);
  return { before, held: isWhole && Buffer.compare(after.bytes, bytes) === 0 };
}
