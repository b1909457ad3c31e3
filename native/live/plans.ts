import { pageBytes, PageState } from '../../common/page.ts';
import type { ReadPlan } from '../source.ts';
import type { Reading } from './diff.ts';
import { indexOfPage } from './plan.ts';

/** Two plans over the same pages: one holds what was told, the other is read into, and they swap when something differs. */
export interface Plans {
  readonly pages: Float64Array;
  readonly changed: Uint8Array;
  /** 1 for pages that somebody wants although they are not in memory. */
  readonly faultIn: Uint8Array;
  told: Half;
  next: Half;
}
export interface Half {
  readonly plan: ReadPlan;
  readonly reading: Reading;
}

/** Plans for the pages; what is known of a page from the plans before is taken over, so that only changes are told. */
export function createPlans(pages: Float64Array, old: Plans | undefined): Plans {
  const faultIn = new Uint8Array(pages.length);
  const told = createHalf(pages, faultIn);
  const next = createHalf(pages, faultIn);
  if (old !== undefined) {
    for (let i = 0; i < pages.length; i++) {
      const from = indexOfPage(old.pages, pages[i] as number);
      if (from < 0) continue;
      const { bytes, states } = old.told.reading;
      told.plan.states[i] = states[from] as number;
      // Of a page that is to be asked for once more only this half knows.
      next.plan.states[i] = old.next.reading.states[from] as number;
      if (states[from] !== PageState.readable) continue;
      bytes.copy(told.reading.bytes, i * pageBytes, from * pageBytes, (from + 1) * pageBytes);
    }
  }
  return { pages, changed: new Uint8Array(pages.length), faultIn, told, next };
}

function createHalf(pages: Float64Array, faultIn: Uint8Array): Half {
  const bytes = Buffer.from(new ArrayBuffer(pages.length * pageBytes));
  const states = new Uint8Array(pages.length).fill(PageState.unread);
  return { plan: { pages, bytes, states, faultIn }, reading: { bytes, states } };
}
