import { closeSync, constants, fstatSync, openSync, readSync, statSync, type BigIntStats } from 'node:fs';
import type { Disposable } from '../../common/dispose.ts';

/** What an ELF file is read from, in pieces: a file, or the memory of a target. */
export interface ByteSource {
  readonly length: number;
  /** Fills `bytes` from an offset that has as many. Whether that worked; they mean nothing where not. */
  read(offset: number, bytes: Uint8Array): boolean;
}

/** A piece, where there is one: offsets and lengths come out of files that anybody may have written. */
export function pieceOf(source: ByteSource, offset: number, length: number): DataView<ArrayBuffer> | undefined {
  if (!isInside(source, offset, length)) return undefined;
  const bytes = new Uint8Array(new ArrayBuffer(length));
  return source.read(offset, bytes) ? new DataView(bytes.buffer) : undefined;
}

export function isInside(source: ByteSource, offset: number, length: number): boolean {
  return offset >= 0 && length >= 0 && offset + length <= source.length;
}

export interface FileSource extends ByteSource, Disposable {
  readonly stat: BigIntStats;
}

/** Opens a regular file for reading; `undefined` for anything else. Never waits for a pipe, and never wakes a device. */
export function openFile(path: string): FileSource | undefined {
  let descriptor: number | undefined;
  try {
    if (!statSync(path).isFile()) return undefined;
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const stat = fstatSync(descriptor, { bigint: true });
    if (stat.isFile()) return fileSource(descriptor, stat);
  } catch {
    // It is not there or not for us, which is all that anybody asks here.
  }
  if (descriptor !== undefined) closeSync(descriptor);
  return undefined;
}

function fileSource(descriptor: number, stat: BigIntStats): FileSource {
  return {
    stat,
    length: Number(stat.size),
    read(offset, bytes) {
      try {
        for (let done = 0; done < bytes.length;) {
          const count = readSync(descriptor, bytes, done, bytes.length - done, offset + done);
          if (count === 0) return false;
          done += count;
        }
        return true;
      } catch {
        return false;
      }
    },
    dispose: () => closeSync(descriptor),
  };
}
