import type { PageNumber } from '../../common/page.ts';

/** All pages of several ascending lists, each once, ascending: what one read has to fetch for all of them. */
export function mergePages(lists: readonly Float64Array[]): Float64Array {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return only.slice();
  const all = new Float64Array(lists.reduce((sum, pages) => sum + pages.length, 0));
  let at = 0;
  for (const pages of lists) {
    all.set(pages, at);
    at += pages.length;
  }
  return unique(all.sort());
}

function unique(sorted: Float64Array): Float64Array {
  let count = 0;
  for (let i = 0; i < sorted.length; i++) {
    if (count === 0 || sorted[i] !== sorted[count - 1]) sorted[count++] = sorted[i] as number;
  }
  return sorted.slice(0, count);
}

/** The index of a page in an ascending list, or -1. */
export function indexOfPage(pages: Float64Array, page: PageNumber): number {
  let low = 0;
  let high = pages.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((pages[middle] as number) < page) low = middle + 1;
    else high = middle;
  }
  return pages[low] === page ? low : -1;
}
