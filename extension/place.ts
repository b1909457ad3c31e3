import { addressFrom, printAddress, type Address, type AddressText } from '../common/address.ts';
import type { Place } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { relocate } from '../common/relocate.ts';
import type { RegionTable } from '../common/region.ts';
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
  const table = await regionsOf(to);
  const moved = (text: AddressText | undefined): AddressText | undefined => {
    const address = text === undefined ? undefined : relocate(from.regions, addressFrom(text), table);
    return address === undefined ? undefined : printAddress(address);
  };
  const caret = moved(place?.selection?.caret ?? place?.top);
  if (caret !== undefined) {
    const anchor = moved(place?.selection?.anchor) ?? caret;
    return { top: moved(place?.top) ?? caret, selection: { anchor, caret } };
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

/** The regions of a target, which come a moment after it. */
async function regionsOf(target: Target): Promise<RegionTable> {
  if (target.regions.version > 0) return target.regions;
  // An answer to any call comes after what was told before it.
  await target.call('resolve', { expression: '[stack]' }).catch(() => undefined);
  return target.regions;
}
