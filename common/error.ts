const memoryErrorCodes = [
  'Gone',
  'Denied',
  'Unmapped',
  'Protected',
  'Conflict',
  'Invalid',
  'Limit',
  'Cancelled',
  'Unsupported',
] as const;
/**
 * - `Gone`: the address space is gone, by exit or by exec.
 * - `Denied`: the kernel does not let us; the message names the remedy.
 * - `Unmapped`: nothing is mapped at the address.
 * - `Protected`: mapped, but the access does not allow it.
 * - `Conflict`: the bytes are not what the caller expected them to be.
 * - `Invalid`: the input makes no sense (not hex, not an address, past 2^64).
 * - `Limit`: larger than a bound in limits.ts.
 * - `Cancelled`: the user asked to stop.
 * - `Unsupported`: this system cannot do it.
 */
export type MemoryErrorCode = (typeof memoryErrorCodes)[number];

export interface MemoryErrorDetail {
  readonly errno?: number;
  /** Bytes that a write changed before it was stopped; they are in the target. */
  readonly landed?: number;
  /** What stood in the `landed` bytes before, so that even half a write can be undone. */
  readonly before?: Uint8Array;
}

/** What a person must be told: the message names the cause and the remedy. Our own mistakes are plain Errors. */
export class MemoryError extends Error {
  override readonly name = 'MemoryError';
  readonly code: MemoryErrorCode;
  readonly errno?: number;
  readonly landed?: number;
  readonly before?: Uint8Array;

  constructor(code: MemoryErrorCode, message: string, detail: MemoryErrorDetail = {}) {
    super(message);
    this.code = code;
    if (detail.errno !== undefined) this.errno = detail.errno;
    if (detail.landed !== undefined) this.landed = detail.landed;
    if (detail.before !== undefined) this.before = detail.before;
  }
}

/** An error as a channel carries it. */
export interface WireError extends MemoryErrorDetail {
  readonly code: MemoryErrorCode | 'Internal';
  readonly message: string;
}

/** What was thrown, as an Error: JavaScript lets anything be thrown. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

export function printError(error: unknown): WireError {
  if (error instanceof MemoryError) {
    const { code, message, errno, landed, before } = error;
    return {
      code,
      message,
      ...(errno !== undefined && { errno }),
      ...(landed !== undefined && { landed }),
      ...(before !== undefined && { before }),
    };
  }
  return { code: 'Internal', message: asError(error).message };
}

/** What `printError` printed, as an error again; of anything else that a wire carries, an Error that says so. */
export function errorFrom(wire: unknown): Error {
  const { code, message, ...detail } = (wire ?? {}) as Partial<WireError>;
  if (typeof message !== 'string') return new Error('The other side failed, and did not say why.');
  const known = memoryErrorCodes.find((one) => one === code);
  return known === undefined ? new Error(message) : new MemoryError(known, message, detail);
}
