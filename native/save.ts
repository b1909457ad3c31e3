import { open, rename, rm, type FileHandle } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import process from 'node:process';
import { MemoryError } from '../common/error.ts';
import { saveBytesMax, saveChunkBytes, saveProgressMs } from '../common/limits.ts';
import { addressOfPage, pageOf, PageState } from '../common/page.ts';
import { endOf, isValidRange, type Range } from '../common/range.ts';
import { Access, findRegion, type RegionTable } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { codeOf } from './linux/errno.ts';
import { unreadableRanges, unreadableState } from './pages.ts';

/** What a save reads from. */
export interface SaveSource {
  readonly table: RegionTable;
  /** Fills `bytes`; a `PageState` for each page that the range touches. Throws MemoryError. */
  read(range: Range, bytes: Uint8Array): Uint8Array;
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
  const chunk = new Uint8Array(new ArrayBuffer(saveChunkBytes));
  const unreadable: { range: Range; state: PageState }[] = [];
  let savedBytes = 0;
  let toldMs = performance.now();
  for (let done = 0; done < range.length;) {
    assertWanted(options.signal);
    const rest = { start: range.start + BigInt(done), length: range.length - done };
    const skipped = skip(source.table, rest);
    if (skipped !== undefined) {
      list(unreadable, skipped.range, skipped.state);
      done += skipped.range.length;
    } else {
      // Chunks end where pages do, so that no page is asked for twice.
      const length = Math.min(saveChunkBytes - Number(rest.start & 0xfffn), rest.length);
      const part = { start: rest.start, length };
      const bytes = chunk.subarray(0, length);
      const holes = unreadableRanges(part, source.read(part, bytes));
      let at = done;
      for (const hole of [...holes, { range: { start: endOf(part), length: 0 }, state: PageState.readable }]) {
        const until = Number(hole.range.start - range.start);
        if (until > at) await writeAll(handle, bytes.subarray(at - done, until - done), at);
        savedBytes += Math.max(0, until - at);
        at = until + hole.range.length;
        if (hole.range.length > 0) list(unreadable, hole.range, hole.state);
      }
      done += length;
    }
    // Writing has waited for the disk in between; where nothing was written, let ticks in all the same.
    await new Promise((resolve) => setImmediate(resolve));
    const nowMs = performance.now();
    if (nowMs - toldMs < saveProgressMs) continue;
    toldMs = nowMs;
    options.progress(done);
  }
  return { savedBytes, unreadable };
}

/** The beginning of a range, as far as the regions say that it cannot be read, without a call for each page of it. */
function skip(table: RegionTable, range: Range): { range: Range; state: PageState } | undefined {
  const index = findRegion(table, pageOf(range.start));
  if (index >= 0 && ((table.access[index] as number) & Access.read) !== 0) return undefined;
  const endPage = index >= 0 ? table.ends[index] : table.starts[-1 - index];
  const state = unreadableState(table, pageOf(range.start));
  const end = endPage === undefined ? endOf(range) : addressOfPage(endPage);
  const length = end < endOf(range) ? Number(end - range.start) : range.length;
  return { range: { start: range.start, length }, state };
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
