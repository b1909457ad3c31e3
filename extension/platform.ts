import { MemoryError } from '../common/error.ts';

/** What every command and every call of the API says where it cannot work, in one sentence. */
export function requireLinux(): void {
  if (process.platform === 'linux') return;
  throw new MemoryError(
    'Unsupported',
    `Live Memory needs Linux where the process runs, and this window's extensions run on ${process.platform}: open the folder in WSL, over SSH or in a container.`,
  );
}
