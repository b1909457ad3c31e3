import { addressFrom, printAddress, type Address } from '../common/address.ts';
import type { Place } from '../common/protocol.ts';
import { printLabel } from '../common/region.ts';
import type { Target } from './target.ts';

/** A place that shows an address and selects it. */
export function placeAt(address: Address): Place {
  const text = printAddress(address);
  return { top: text, selection: { anchor: text, caret: text } };
}

/**
 * The place in another target: the very same in the same process, else what has the same label there, for a program that
 * is started again lies elsewhere; else where its heap or its stack begins.
 */
export async function samePlace(place: Place | undefined, from: Target, to: Target): Promise<Place | undefined> {
  if (from.facts.pid === to.facts.pid && from.facts.startTime === to.facts.startTime && place !== undefined)
    return place;
  const was = place?.selection?.caret ?? place?.top;
  const label = was === undefined ? undefined : printLabel(from.regions, addressFrom(was));
  for (const expression of [label, '[heap]', '[stack]']) {
    if (expression === undefined) continue;
    try {
      return placeAt(addressFrom((await to.call('resolve', { expression })).address));
    } catch {
      // Nothing has that name here; the next one may be there.
    }
  }
  return undefined;
}
