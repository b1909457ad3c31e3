import type { Region } from '../../common/region.ts';
import { rootOf } from '../linux/procfs.ts';
import { openFile, type FileSource } from './bytes.ts';

/*
 * The file behind a region is the one that the kernel mapped, whatever has its path by now: symbols of another build
 * would be wrong ones, and none are better.
 */

/** Opens the file that some regions of a process map; a reason, as a sentence, where that cannot be. */
export function openMapped(pid: number, regions: readonly Region[]): FileSource | string {
  return openExact(pid, regions) ?? openByPath(pid, regions[0]);
}

/** Through the kernel's own link to it (proc(5), map_files), which leads to a deleted file too. For privileged users only. */
export function openExact(pid: number, regions: readonly Region[]): FileSource | undefined {
  // The link is named after the region, which may have been split meanwhile; the next one may not.
  for (const { start, end, inode } of regions.slice(0, 4)) {
    const file = openFile(`/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`);
    if (file === undefined) continue;
    if (isInode(file, inode)) return file;
    file.dispose();
  }
  return undefined;
}

const deletedMark = ' (deleted)';

/** Through its path as the process sees it, in a container too; only where it is still the same file. */
export function openByPath(pid: number, region: Region | undefined): FileSource | string {
  if (!region?.name.startsWith('/')) return 'It is not a file.';
  if (region.name.endsWith(deletedMark)) return replaced;
  const file = openFile(rootOf(pid) + region.name);
  if (file === undefined) return 'It is not a regular file, or it cannot be opened.';
  if (isInode(file, region.inode)) return file;
  file.dispose();
  return replaced;
}

const replaced = 'It has been replaced or deleted on disk since the program loaded it. Start the program again.';

/**
 * The inode alone: what maps and stat call the device differs on btrfs and overlayfs. It is not given to another file
 * while the file is mapped.
 */
function isInode(file: FileSource, inode: number): boolean {
  // Both as a number: overlayfs uses the highest bits of 64, and maps are parsed into numbers digit by digit.
  const difference = Math.abs(Number(file.stat.ino) - inode);
  return difference <= (inode > Number.MAX_SAFE_INTEGER ? inode * 2 ** -50 : 0);
}
