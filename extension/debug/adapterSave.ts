import { open, rename, rm } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { asError, MemoryError } from '../../common/error.ts';
import { adapterReadBytesMax, adapterSaveBytesMax } from '../../common/limits.ts';
import type { SaveResult } from '../../common/protocol.ts';
import { isValidRange, printRange, type Range } from '../../common/range.ts';
import { printSize } from '../../common/size.ts';
import { unreadableRanges } from '../unreadable.ts';
import type { AdapterMemory } from './adapterMemory.ts';

/**
 * Saves a range, a piece at a time, into a file beside the one that is asked for, which takes its name when it is complete.
 * What the debugger cannot read is zeros in it, and is listed. Rejects with MemoryError, also when the program goes on, and
 * leaves nothing behind then.
 */
export async function saveThrough(
  memory: AdapterMemory,
  range: Range,
  file: string,
  { signal, progress }: { readonly signal: AbortSignal; readonly progress: (doneBytes: number) => void },
): Promise<SaveResult> {
  if (!isValidRange(range) || range.length === 0)
    throw new MemoryError('Invalid', 'There is nothing in that range to save. Choose one of at least a byte.');
  if (range.length > adapterSaveBytesMax)
    throw new MemoryError(
      'Limit',
      `${printSize(range.length)} are more than can be saved through a debugger (${printSize(adapterSaveBytesMax)}). Save it in parts.`,
    );
  if (!isAbsolute(file)) throw new MemoryError('Invalid', `${file} is not an absolute path. Start it with /.`);
  const unfinished = `${file}.${process.pid}.${Math.random().toString(36).slice(2, 8)}.part`;
  const unreadable: ReturnType<typeof unreadableRanges> = [];
  try {
    // Memory holds secrets: only its owner may read the file. `wx` never follows what somebody else has put there.
    const handle = await open(unfinished, 'wx', 0o600);
    try {
      for (let at = 0; at < range.length; at += adapterReadBytesMax) {
        const part = { start: range.start + BigInt(at), length: Math.min(adapterReadBytesMax, range.length - at) };
        const { bytes, states } = await memory.read(part);
        const missing = unreadableRanges(part, states);
        for (const { start, length } of missing)
          bytes.fill(0, Number(start - part.start), Number(start - part.start) + length);
        unreadable.push(...missing);
        await handle.writeFile(bytes);
        if (signal.aborted) throw new MemoryError('Cancelled', 'The save was cancelled. Nothing was left behind.');
        progress(at + part.length);
      }
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    if (error instanceof MemoryError) throw error;
    const why = asError(error).message;
    throw new MemoryError('Denied', `${file} could not be written: ${why}. Choose another place.`);
  }
  const missingBytes = unreadable.reduce((sum, { length }) => sum + length, 0);
  return {
    savedBytes: range.length - missingBytes,
    unreadable: unreadable.map((one) => ({ range: printRange(one), reason: one.reason })),
  };
}
