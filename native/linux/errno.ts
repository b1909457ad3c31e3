/** The error numbers that the project tells apart; the same on every architecture that Linux calls generic (x64, arm64). */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EIO: 5,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EINVAL: 22,
  ENOTTY: 25,
  ENOSYS: 38,
} as const;

/** The code of an error that Node's file functions threw (`ENOENT`), or an empty text for any other error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
