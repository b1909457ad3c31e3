/** A virtual address in the target. A bigint, because 2^53 does not reach the last pages ([vsyscall]). */
export type Address = bigint;

/** An address as JSON and messages carry it: `0x` and lower-case hex digits, no leading zeros. */
export type AddressText = `0x${string}`;

export const addressMax: Address = 2n ** 64n - 1n;

/** Prints an address for a message or for a person. `digits` pads with zeros on the left (16 in rows). */
export function printAddress(address: Address, digits = 1): AddressText {
  return `0x${address.toString(16).padStart(digits, '0')}`;
}

/** Reads back what `printAddress` printed; `undefined` for anything else, and for addresses past 2^64. */
export function parseAddress(text: string): Address | undefined {
  if (!/^0x[0-9a-f]+$/i.test(text)) return undefined;
  const address = BigInt(text);
  return address <= addressMax ? address : undefined;
}

/** The address in a message, where it is known to be well formed. Throws a RangeError if it is not. */
export function addressFrom(text: AddressText): Address {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return address;
}
