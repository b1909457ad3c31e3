import { addressFrom, printAddress, type Address, type AddressText } from '../common/address.ts';
import type { Place } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { relocate } from '../common/relocate.ts';
import { printLabel } from '../common/region.ts';
import type { Target } from './target.ts';

/** A place that shows an address and selects it. */
export function placeAt(address: Address): Place {
  return placeOf({ start: address, length: 1 });
}

/** A place that shows a range of at least a byte, all of it selected. */
export function placeOf({ start, length }: Range): Place {
  const top = printAddress(start);
  return { top, selection: { anchor: top, caret: printAddress(start + BigInt(Math.max(0, length - 1))) } };
}

/**
 * The place in another target: the very same in the same process, else what is the same thing there, for a program that is
 * started again lies elsewhere; else where its heap or its stack begins.
 */
export async function samePlace(place: Place | undefined, from: Target, to: Target): Promise<Place | undefined> {
  if (from.facts.pid === to.facts.pid && from.facts.startTime === to.facts.startTime && place !== undefined)
    return place;
  const moved = async (text: AddressText | undefined): Promise<AddressText | undefined> =>
    text === undefined ? undefined : sameThing(addressFrom(text), from, to);
  const caret = await moved(place?.selection?.caret ?? place?.top);
  if (caret !== undefined) {
    const anchor = (await moved(place?.selection?.anchor)) ?? caret;
    return { top: (await moved(place?.top)) ?? caret, selection: { anchor, caret } };
  }
  for (const expression of ['[heap]', '[stack]']) {
    try {
      return placeAt(addressFrom((await to.call('resolve', { expression })).address));
    } catch {
      // Nothing has that name here; the next one may be there.
    }
  }
  return undefined;
}

/** Where what lies at an address of one target is in another; `undefined` where it is nowhere. */
async function sameThing(address: Address, from: Target, to: Target): Promise<AddressText | undefined> {
  const label = printLabel(from.regions, address);
  if (label !== undefined) {
    // The agent looks anew: a program that has just begun maps more from one moment to the next.
    const found = await to.call('resolve', { expression: label }).catch(() => undefined);
    if (found !== undefined) return found.address;
  }
  const moved = relocate(from.regions, address, to.regions);
  return moved === undefined ? undefined : printAddress(moved);
}
