import { expect } from 'vitest';

/** A text that matches, inside `toMatchObject` and `toEqual`. A bare pattern there compares equal to any text at all. */
export function saying(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}

/** A text that holds another, in the same places. */
export function holding(part: string): unknown {
  return expect.stringContaining(part);
}
