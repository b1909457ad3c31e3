import { addressOfPage, type PageNumber } from '../common/page.ts';
import type { Region } from '../common/region.ts';

/** A region for tests, of `pages` pages from page number `start` on. */
export function region(
  start: PageNumber,
  pages: number,
  name = '',
  access = 'rw-p',
  kind: Region['kind'] = 'anonymous',
): Region {
  return {
    start: addressOfPage(start),
    end: addressOfPage(start + pages),
    access,
    offset: 0n,
    device: '00:00',
    inode: 0,
    name,
    kind,
  };
}
