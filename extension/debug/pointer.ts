import { parseAddress, type Address } from '../../common/address.ts';

/** `(int *) 0x7ffd1234 <buffer+4>`, `0x00007ffd1234 "text"`: the first hexadecimal number that is not inside a structure. */
export function pointerIn(text: string): Address | undefined {
  const digits = /^\s*(?:\([^)]*\)\s*)?(?:@|&)?\s*(0x[0-9a-f]{1,16})\b/i.exec(text)?.[1];
  return digits === undefined ? undefined : parseAddress(digits);
}
