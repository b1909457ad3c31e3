import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import process from 'node:process';
import { MemoryError } from '../common/error.ts';
import { saveBytesMax, saveProgressMs } from '../common/limits.ts';
import { PageState } from '../common/page.ts';
import { endOf, isValidRange, type Range } from '../common/range.ts';
import { printSize } from '../common/size.ts';
import { codeOf } from './linux/errno.ts';
import type { Piece } from './stream.ts';

/** What a save reads from: a process, as a rule. */
export interface SaveSource {
  stream(range: Range): AsyncIterable<Piece>;
}

export interface SaveOptions {
  readonly signal: AbortSignal;
  readonly progress: (doneBytes: number) => void;
}

export interface Saved {
  readonly savedBytes: number;
  /** Ascending, neighbours with the same reason as one. The file has a hole there. */
  readonly unreadable: readonly { readonly range: Range; readonly state: PageState }[];
}

/**
 * Saves a range to a file, a chunk at a time, into a file beside it that takes its name when it is complete. Rejects with
 * MemoryError and leaves nothing behind when cancelled, when the process goes, and when the disk refuses. Unreadable pages
 * are holes in the file and are listed.
 */
export async function save(source: SaveSource, range: Range, file: string, options: SaveOptions): Promise<Saved> {
  if (!isValidRange(range) || range.length === 0)
    throw new MemoryError('Invalid', 'There is nothing in that range to save. Choose one of at least a byte.');
  if (range.length > saveBytesMax)
    throw new MemoryError(
      'Limit',
      `${printSize(range.length)} are more than can be saved at once (${printSize(saveBytesMax)}). Save it in parts.`,
    );
  if (!isAbsolute(file)) throw new MemoryError('Invalid', `${file} is not an absolute path. Start it with /.`);
  const unfinished = `${file}.${process.pid}.${Math.random().toString(36).slice(2, 8)}.part`;
  let handle: FileHandle | undefined;
  try {
    // Memory holds secrets: only its owner may read the file. `wx` never follows what somebody else has put there.
    handle = await open(unfinished, 'wx', 0o600);
    await handle.truncate(range.length);
    const saved = await copy(source, range, handle, options);
    await handle.close();
    handle = undefined;
    assertWanted(options.signal);
    await rename(unfinished, file);
    return saved;
  } catch (error) {
    await handle?.close().catch(() => undefined);
    await rm(unfinished, { force: true }).catch(() => undefined);
    throw diskError(error, file);
  }
}

async function copy(source: SaveSource, range: Range, handle: FileHandle, options: SaveOptions): Promise<Saved> {
  const unreadable: { range: Range; state: PageState }[] = [];
  let savedBytes = 0;
  let toldMs = performance.now();
  for await (const { range: part, state, bytes } of source.stream(range)) {
    assertWanted(options.signal);
    const at = Number(part.start - range.start);
    if (state === PageState.readable) {
      await writeAll(handle, bytes, at);
      savedBytes += bytes.length;
    } else list(unreadable, part, state);
    const nowMs = performance.now();
    if (nowMs - toldMs < saveProgressMs) continue;
    toldMs = nowMs;
    options.progress(at + part.length);
  }
  return { savedBytes, unreadable };
}

/** Appends to an ascending list, making one of two neighbours with the same reason. */
function list(found: { range: Range; state: PageState }[], range: Range, state: PageState): void {
  const last = found.at(-1);
  if (last?.state === state && endOf(last.range) === range.start) {
    found[found.length - 1] = { range: { start: last.range.start, length: last.range.length + range.length }, state };
  } else {
    found.push({ range, state });
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

function assertWanted(signal: AbortSignal): void {
  if (signal.aborted) throw new MemoryError('Cancelled', 'The save was cancelled. Nothing was left behind.');
}

function diskError(error: unknown, file: string): unknown {
  if (error instanceof MemoryError) return error;
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MemoryError(
        'Limit',
        `The disk is full, so ${file} could not be saved. Make room or choose another disk.`,
      );
    case 'EFBIG':
      return new MemoryError(
        'Limit',
        `The file system of ${file} takes no file of that size. Save less, or on another disk.`,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new MemoryError('Denied', `You may not write ${file}. Choose a folder of your own.`);
    case 'ENOENT':
    case 'ENOTDIR':
      return new MemoryError('Invalid', `There is no folder ${dirname(file)}. Choose one that exists.`);
    case 'EISDIR':
    case 'ENOTEMPTY':
    case 'EEXIST':
      return new MemoryError('Invalid', `${file} is a folder. Choose the name of a file.`);
    case 'ENAMETOOLONG':
      return new MemoryError('Invalid', `${file} is too long for a name. Choose a shorter one.`);
    default:
      return error;
  }
}
