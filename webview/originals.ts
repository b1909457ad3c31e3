import { PageState, type PageNumber } from '../common/page.ts';
import type { OriginalPage, TargetStatus } from '../common/protocol.ts';
import { Access, findRegion, regionName, type RegionTable } from '../common/region.ts';
import type { Grid } from './grid.ts';

/** What the mapped files have in the pages of code that are shown, asked for once a page while a debugger has the process. */
export interface Originals {
  setStatus(status: TargetStatus): void;
  /** Pages may have come: asks for those that are missing. Cheap enough for every frame. */
  look(): void;
  /** The regions have changed, or it is another target: what was asked for may be another file's. */
  forget(): void;
}

export function createOriginals(grid: Grid, ask: (page: PageNumber) => Promise<OriginalPage>): Originals {
  let isDebugged = false;
  let watched: readonly PageNumber[] = [];
  let asked = new Set<PageNumber>();

  async function learn(page: PageNumber): Promise<void> {
    const those = asked;
    those.add(page);
    try {
      const { bytes, breakpoint } = await ask(page);
      if (asked === those && bytes !== undefined && breakpoint !== undefined)
        grid.setOriginal(page, { bytes, breakpoint });
    } catch {
      // The process has gone, which others tell.
    }
  }

  function look(): void {
    if (!isDebugged) return;
    for (const page of watched) {
      if (asked.has(page) || grid.store.get(page)?.state !== PageState.readable) continue;
      if (isCode(grid.layout.table, page)) void learn(page);
    }
  }

  grid.onDidWatch((pages) => {
    watched = pages;
    const kept = new Set(pages);
    for (const page of asked) if (!kept.has(page)) asked.delete(page);
  });

  return {
    look,
    setStatus(status) {
      isDebugged = status.isDebugged === true;
      look();
    },
    forget() {
      asked = new Set();
      look();
    },
  };
}

/** Whether it is a page of a file that only this process can change, and that it may run. */
function isCode(table: RegionTable, page: PageNumber): boolean {
  const region = findRegion(table, page);
  if (region < 0 || !regionName(table, region).startsWith('/')) return false;
  const access = table.access[region] ?? 0;
  return (access & Access.execute) !== 0 && (access & Access.shared) === 0;
}
