import type { Address } from '../../common/address.ts';
import type { Disposable } from '../../common/dispose.ts';
import { symbolCacheBytesMax, symbolFilesMax } from '../../common/limits.ts';
import type { Range } from '../../common/range.ts';
import type { Region } from '../../common/region.ts';
import type { ReadOutcome } from '../outcome.ts';
import type { ReadOptions } from '../source.ts';
import type { ByteSource } from './bytes.ts';
import { readImage, type Image } from './image.ts';
import { inSlices } from './inSlices.ts';
import { openMapped } from './openMapped.ts';
import { tableBytes } from './symbolTable.ts';

/** Reads memory of the target. Throws MemoryError. */
export type ReadRange = (range: Range, bytes: Uint8Array, options: ReadOptions) => Pick<ReadOutcome, 'unreadable'>;

/** The parsed files of one target, the last used ones kept. */
export interface Images extends Disposable {
  /** The image that some regions of one file map; a reason, as a sentence, where its symbols cannot be had. */
  of(regions: readonly Region[]): Promise<Image | string>;
}

interface Entry {
  readonly image: Promise<Image | string>;
  bytes: number;
}

export function createImages(pid: number, readRange: ReadRange): Images {
  /** By what tells a file's contents from any other's; the one that was longest unused first. */
  const entries = new Map<string, Entry>();
  let disposed = false;

  function keep(key: string, read: () => Promise<Image | string>): Promise<Image | string> {
    let entry = entries.get(key);
    entries.delete(key);
    if (entry === undefined) {
      const fresh: Entry = { image: read(), bytes: 0 };
      entry = fresh;
      fresh.image.then(
        (image) => {
          fresh.bytes = typeof image === 'string' ? 0 : tableBytes(image.symbols);
          forget();
        },
        () => entries.delete(key),
      );
    }
    entries.set(key, entry);
    return entry.image;
  }

  function forget(): void {
    let bytes = 0;
    for (const entry of entries.values()) bytes += entry.bytes;
    for (const [key, entry] of entries) {
      if (entries.size <= symbolFilesMax && bytes <= symbolCacheBytesMax) return;
      bytes -= entry.bytes;
      entries.delete(key);
    }
  }

  const read = (source: ByteSource): Promise<Image | string> =>
    inSlices(readImage(source, [`/proc/${pid}/root`, '']), () => !disposed);

  return {
    async of(regions) {
      const [first] = regions;
      if (first === undefined) return 'It is not mapped.';
      // What the kernel maps by itself is an ELF file too, that is in no file system.
      if (first.name === '[vdso]')
        return keep(first.name, () => read(memorySource(first.start, Number(first.end - first.start), readRange)));
      const file = openMapped(pid, regions);
      if (typeof file === 'string') return file;
      const { dev, ino, size, mtimeNs } = file.stat;
      try {
        return await keep([dev, ino, size, mtimeNs].join(' '), () => read(file));
      } finally {
        file.dispose();
      }
    },
    dispose() {
      disposed = true;
      entries.clear();
    },
  };
}

function memorySource(start: Address, length: number, readRange: ReadRange): ByteSource {
  return {
    length,
    read(offset, bytes) {
      // The kernel's own pages: they cost nothing to bring in, and a program may not have touched them yet.
      const range = { start: start + BigInt(offset), length: bytes.length };
      return readRange(range, bytes, { faultIn: true }).unreadable.length === 0;
    },
  };
}
