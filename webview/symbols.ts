import { printAddress, type Address, type AddressText } from '../common/address.ts';
import { labelSettleMs, labelsKeptMax } from '../common/limits.ts';
import { pageOf } from '../common/page.ts';
import type { SymbolLabel } from '../common/protocol.ts';
import { findRegion, regionKind, type RegionKind } from '../common/region.ts';
import type { Grid } from './grid.ts';

/** Where a symbol is shown; each place asks for one at a time. */
export type SymbolUse = 'caret' | 'pointer';

/** What symbols a few addresses belong to, as the host tells. Asks seldom, and never waits. */
export interface SymbolLabels {
  /** `libc.so.6!malloc+0x10`, if it is known by now; otherwise it is asked for once the same address is wanted for a while. */
  of(use: SymbolUse, address: Address): string | undefined;
  /** The regions have changed: what is known is shown until it has been asked for again. */
  refresh(): void;
  /** It is another target now. */
  clear(): void;
}

/** Kinds that no file's symbols are in. */
const without: ReadonlySet<RegionKind> = new Set<RegionKind>(['heap', 'stack', 'threadStack', 'named', 'reserved']);

export function createSymbolLabels(
  grid: Grid,
  ask: (address: AddressText) => Promise<SymbolLabel>,
  changed: () => void,
): SymbolLabels {
  const known = new Map<Address, { readonly label: string; readonly generation: number }>();
  const wanted = new Map<SymbolUse, { readonly address: Address; readonly timer?: ReturnType<typeof setTimeout> }>();
  let generation = 0;

  async function learn(address: Address): Promise<void> {
    const asked = generation;
    let label: string | undefined;
    try {
      ({ label } = await ask(printAddress(address)));
    } catch {
      // The process has gone, which others tell.
      return;
    }
    if (generation !== asked) return;
    known.delete(address);
    if (label !== undefined) known.set(address, { label, generation });
    for (const oldest of known.keys()) if (known.size > labelsKeptMax) known.delete(oldest);
    changed();
  }

  function forget(): void {
    generation++;
    for (const { timer } of wanted.values()) clearTimeout(timer);
    wanted.clear();
  }

  return {
    of(use, address) {
      const { table } = grid.layout;
      const region = findRegion(table, pageOf(address));
      if (region < 0 || without.has(regionKind(table, region))) return undefined;
      const before = wanted.get(use);
      const found = known.get(address);
      if (before?.address !== address) {
        clearTimeout(before?.timer);
        const isNew = found?.generation === generation;
        wanted.set(use, { address, ...(!isNew && { timer: setTimeout(() => void learn(address), labelSettleMs) }) });
      }
      return found?.label;
    },
    refresh: forget,
    clear() {
      forget();
      known.clear();
    },
  };
}
