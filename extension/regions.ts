import * as vscode from 'vscode';
import { createDisposableStore } from '../common/dispose.ts';
import { regionMarkMs, treeRefreshMs } from '../common/limits.ts';
import { filterHelp, parseRegionFilter } from './regionFilter.ts';
import { groupKey, groupLabel, groupRegions, type GroupedRegions, type Grouping } from './regionGroups.ts';
import { decorationOf, treeItem } from './regionItems.ts';
import { chooseOne, enterText } from './quickInput.ts';
import { createRegionMarks, type GoneRegion, type RegionMarks } from './regionMarks.ts';
import { printPages, regionNode, stretched, type GroupNode, type RegionsNode, type TargetNode } from './regionNodes.ts';
import type { Target } from './target.ts';
import type { Targets } from './targets.ts';

/** The Regions view of the sidebar: live while somebody sees it, and without any work while nobody does. */
export interface Regions extends vscode.Disposable {
  setFilter(text: string): void;
  askForFilter(): Promise<void>;
  askForGrouping(): Promise<void>;
  refresh(): void;
}

interface Watched {
  readonly node: TargetNode;
  readonly marks: RegionMarks;
  readonly listening: vscode.Disposable;
  grouped: GroupedRegions | undefined;
}

export function createRegions(targets: Targets, setContext: (key: string, value: unknown) => void): Regions {
  const store = createDisposableStore();
  const treeChanged = store.add(new vscode.EventEmitter<RegionsNode | undefined>());
  const watched = new Map<Target, Watched>();
  const stale = new Set<Target>();
  let filterText = '';
  let filter = parseRegionFilter('');
  let grouping: Grouping = 'file';
  let timer: NodeJS.Timeout | undefined;
  let marksTimer: NodeJS.Timeout | undefined;
  let refreshedMs = 0;

  const tree = store.add(
    vscode.window.createTreeView<RegionsNode>('liveMemory.regions', {
      showCollapseAll: true,
      treeDataProvider: {
        onDidChangeTreeData: treeChanged.event,
        getChildren: childrenOf,
        getTreeItem: (node) => treeItem(node, grouping),
      },
    }),
  );
  store.add(vscode.window.registerFileDecorationProvider({ provideFileDecoration: decorationOf }));
  store.add(
    tree.onDidChangeVisibility(() => {
      for (const target of watched.keys()) target.watchRegions(tree.visible);
      if (tree.visible) refreshSoon();
    }),
  );
  store.add(targets.onDidChange(follow));
  store.add({ dispose: () => [timer, marksTimer].forEach(clearTimeout) });
  store.add({ dispose: () => watched.forEach(({ listening }) => void listening.dispose()) });
  follow();

  /** Takes up new targets and drops those that are no longer there. */
  function follow(): void {
    const all = new Set(targets.all());
    for (const [target, { listening }] of watched) {
      if (all.has(target)) continue;
      listening.dispose();
      watched.delete(target);
      stale.delete(target);
    }
    for (const target of all) if (!watched.has(target)) take(target);
    setContext('liveMemory.attached', all.size > 0);
    treeChanged.fire(undefined);
    tellFilter();
  }

  function take(target: Target): void {
    const its = createDisposableStore();
    const marks = createRegionMarks();
    marks.next(target.regions, Date.now());
    its.add(
      target.onRegions((table) => {
        marks.next(table, Date.now());
        mark(target);
      }),
    );
    its.add(target.onResidency(() => mark(target)));
    its.add(target.onStatus(() => mark(target)));
    const listening = new vscode.Disposable(() => its.dispose());
    watched.set(target, { node: { type: 'target', target }, marks, listening, grouped: undefined });
    if (tree.visible) target.watchRegions(true);
  }

  function mark(target: Target): void {
    const entry = watched.get(target);
    if (entry === undefined) return;
    entry.grouped = undefined;
    stale.add(target);
    refreshSoon();
  }

  /** At most one refresh a `treeRefreshMs`, and none while the view is hidden. */
  function refreshSoon(): void {
    if (timer !== undefined || !tree.visible) return;
    timer = setTimeout(refreshNow, Math.max(refreshedMs + treeRefreshMs - Date.now(), 0));
  }

  function refreshNow(): void {
    timer = undefined;
    refreshedMs = Date.now();
    for (const target of stale) {
      const entry = watched.get(target);
      if (entry !== undefined) treeChanged.fire(entry.node);
    }
    stale.clear();
    tellFilter();
    const marked = [...watched].filter(([, { marks }]) => marks.untilMs > refreshedMs).map(([target]) => target);
    if (marked.length > 0) endMarksLater(marked);
  }

  /** Marks end by themselves: once more when the last one has. */
  function endMarksLater(targets: readonly Target[]): void {
    clearTimeout(marksTimer);
    marksTimer = setTimeout(() => targets.forEach(mark), regionMarkMs);
  }

  function groupedOf(target: Target): GroupedRegions {
    const entry = watched.get(target);
    const grouped = entry?.grouped ?? groupRegions(target.regions, grouping, filter, target.residency);
    if (entry !== undefined) entry.grouped = grouped;
    return grouped;
  }

  function childrenOf(node?: RegionsNode): readonly RegionsNode[] & RegionsNode[] {
    return [...childNodes(node)];
  }

  function childNodes(node: RegionsNode | undefined): readonly RegionsNode[] {
    if (node === undefined) return [...watched.values()].map((entry) => entry.node);
    switch (node.type) {
      case 'target':
        return groupsOf(node.target);
      case 'group':
        return regionsOf(node);
      case 'stretch':
        return node.children();
      case 'region':
        return [];
      default:
        return node satisfies never;
    }
  }

  function groupsOf(target: Target): readonly RegionsNode[] {
    if (target.status.state === 'gone') return [];
    const table = target.regions;
    const groups = new Map(groupedOf(target).groups.map((group) => [group.key, group]));
    for (const ghost of ghostsOf(target)) {
      const key = groupKey(ghost.table, ghost.index, grouping);
      if (!groups.has(key))
        groups.set(key, { key, label: groupLabel(key, grouping), indexes: [], bytes: 0, residentBytes: NaN });
    }
    const nodes = [...groups.values()].map((group): GroupNode => ({ type: 'group', target, table, group }));
    const only = nodes[0];
    if (grouping === 'address' && only !== undefined) return regionsOf(only);
    return stretched(
      target,
      `${target.key}`,
      nodes,
      (group) => group,
      (first, last) => `${first.group.label} … ${last.group.label}`,
    );
  }

  function ghostsOf(target: Target): readonly GoneRegion[] {
    const ghosts = watched.get(target)?.marks.gone(Date.now()) ?? [];
    return ghosts.filter((ghost) => filter(ghost.table, ghost.index));
  }

  function regionsOf({ target, table, group }: GroupNode): readonly RegionsNode[] {
    const nowMs = Date.now();
    const marks = watched.get(target)?.marks;
    const resident = target.residency?.version === table.version ? target.residency.resident : undefined;
    const ghosts = ghostsOf(target)
      .filter((ghost) => groupKey(ghost.table, ghost.index, grouping) === group.key)
      .map((ghost) => regionNode(target, ghost.table, ghost.index, NaN, 'gone'));
    const nodes = stretched(
      target,
      `${target.key}/${group.key}`,
      group.indexes,
      (index) => regionNode(target, table, index, resident?.[index] ?? NaN, marks?.of(table.starts[index] ?? 0, nowMs)),
      (first, last) => printPages(table.starts[first] ?? 0, table.ends[last] ?? 0),
    );
    return [...ghosts, ...nodes];
  }

  function tellFilter(): void {
    if (filterText === '') {
      if (tree.message) tree.message = '';
      return;
    }
    let shown = 0;
    let all = 0;
    for (const target of watched.keys()) {
      shown += groupedOf(target).shown;
      all += target.regions.starts.length;
    }
    tree.message = `Filter: ${filterText} — ${shown} of ${all} regions`;
  }

  function rearrange(): void {
    for (const entry of watched.values()) entry.grouped = undefined;
    treeChanged.fire(undefined);
    tellFilter();
  }

  function setFilter(text: string): void {
    filter = parseRegionFilter(text);
    filterText = text.trim();
    setContext('liveMemory.regionsFiltered', filterText !== '');
    rearrange();
  }

  return {
    setFilter,
    async askForFilter() {
      const text = await enterText(
        { title: 'Filter Regions', prompt: filterHelp, value: filterText },
        parseRegionFilter,
      );
      if (text !== undefined) setFilter(text);
    },
    async askForGrouping() {
      const choices: (vscode.QuickPickItem & { readonly grouping: Grouping })[] = [
        { label: 'File', description: 'libc.so.6, [heap], anonymous', grouping: 'file' },
        { label: 'Kind', description: 'text, data, stack', grouping: 'kind' },
        { label: 'Address', description: 'one list', grouping: 'address' },
      ];
      const chosen = await chooseOne(choices, { title: 'Group Regions By' });
      if (chosen === undefined) return;
      grouping = chosen.grouping;
      rearrange();
    },
    refresh: rearrange,
    dispose: () => store.dispose(),
  };
}
