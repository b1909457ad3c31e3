import { pagesPerViewMax } from './limits.ts';
import { isPage, type PageNumber } from './page.ts';

/** The pages that a view may watch: whole, within the address space, each once, ascending; the first ones up to the bound. */
export function watchedPages(pages: Iterable<PageNumber>): Float64Array {
  const watched = new Set<PageNumber>();
  for (const page of pages) {
    if (isPage(page)) watched.add(page);
    if (watched.size === pagesPerViewMax) break;
  }
  return Float64Array.from(watched).sort();
}
