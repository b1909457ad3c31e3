import * as vscode from 'vscode';
import { printAddress } from '../common/address.ts';
import { addressOfPage } from '../common/page.ts';
import { findRegion, printAccess, type RegionKind } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { groupLabel, type Grouping } from './regionGroups.ts';
import { printPages, type GroupNode, type RegionNode, type RegionsNode, type TargetNode } from './regionNodes.ts';
import { printTarget } from './target.ts';

const decorationScheme = 'live-memory-region';

/** A node as the Regions view draws it. */
export function treeItem(node: RegionsNode, grouping: Grouping): vscode.TreeItem {
  switch (node.type) {
    case 'target':
      return targetItem(node);
    case 'group':
      return groupItem(node);
    case 'stretch': {
      const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Collapsed);
      item.id = `stretch/${node.id}`;
      item.description = String(node.count);
      return item;
    }
    case 'region':
      return regionItem(node, grouping);
    default:
      return node satisfies never;
  }
}

function targetItem({ target }: TargetNode): vscode.TreeItem {
  const { state, reason } = target.status;
  const gone = state === 'gone';
  const item = new vscode.TreeItem(
    printTarget(target.facts),
    gone ? vscode.TreeItemCollapsibleState.None : vscode.TreeItemCollapsibleState.Expanded,
  );
  item.id = `target/${target.key}/${gone}`;
  item.contextValue = gone ? 'target-gone' : 'target';
  item.iconPath = new vscode.ThemeIcon(gone ? 'circle-slash' : state === 'stopped' ? 'debug-pause' : 'circuit-board');
  item.description = gone ? (reason ?? 'gone') : state === 'stopped' ? 'stopped' : '';
  const { commandLine, executable, user, through } = target.facts;
  const how = through === undefined ? `user ${user}` : `read through the debugger (${through}), while it is stopped`;
  item.tooltip = [commandLine, executable, how, reason].filter((line) => line !== undefined && line !== '').join('\n');
  return item;
}

function groupItem({ target, group }: GroupNode): vscode.TreeItem {
  const item = new vscode.TreeItem(group.label, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `group/${target.key}/${group.key}`;
  item.contextValue = 'group';
  const count = group.indexes.length === 1 ? '' : `${group.indexes.length} regions, `;
  item.description = group.indexes.length === 0 ? 'gone' : `${count}${printSizes(group.bytes, group.residentBytes)}`;
  item.tooltip = `${group.key}\n${item.description}`;
  return item;
}

function regionItem(node: RegionNode, grouping: Grouping): vscode.TreeItem {
  // The end comes last: a narrow sidebar cuts off there, and access and size are what people look for.
  const item = new vscode.TreeItem(printAddress(addressOfPage(node.start)));
  const end = printAddress(addressOfPage(node.end));
  const gone = node.mark === 'gone';
  const access = printAccess(node.access);
  const sizes = printSizes(node.bytes, node.residentBytes);
  const name = node.name || 'anonymous';
  const shortName = grouping === 'file' ? '' : `  ${name.slice(name.lastIndexOf('/') + 1)}`;
  item.id = `region/${node.target.key}/${node.start}/${gone}`;
  item.contextValue = gone ? 'region-gone' : 'region';
  item.description = `${gone ? 'gone, was ' : ''}${access}  ${sizes}${shortName}  to ${end}`;
  item.iconPath = new vscode.ThemeIcon(node.mark === 'new' ? 'add' : gone ? 'remove' : kindIcons[node.kind]);
  item.tooltip = `${printPages(node.start, node.end)}\n${access}, ${groupLabel(node.kind, 'kind')}, ${sizes}\n${name}${gone ? '' : printFigures(node)}`;
  if (node.mark !== undefined) {
    item.resourceUri = vscode.Uri.from({
      scheme: decorationScheme,
      path: `/${node.mark}/${node.target.key}/${node.start}`,
    });
  }
  if (!gone) item.command = { command: 'liveMemory.openRegion', title: 'Open in Memory View', arguments: [node] };
  item.accessibilityInformation = {
    label: `${item.label as string}, ${item.description}, ${node.kind} ${name}${markWord(node)}`,
  };
  return item;
}

/** What of a region is not plainly in memory: a line for its tooltip, or nothing. */
function printFigures({ target, start }: RegionNode): string {
  const { residency, regions } = target;
  if (residency?.version !== regions.version) return '';
  const row = findRegion(regions, start);
  const parts = [
    [residency.swapped[row], 'swapped out'],
    [residency.huge[row], 'in huge pages'],
    [residency.zero[row], 'read but never written'],
  ] as const;
  const said = parts.flatMap(([bytes = 0, what]) => (bytes > 0 ? [`${printSize(bytes)} ${what}`] : []));
  return said.length > 0 ? `\n${said.join(', ')}` : '';
}

function markWord({ mark }: RegionNode): string {
  return mark === undefined ? '' : `, ${mark}`;
}

const kindIcons: Record<RegionKind, string> = {
  heap: 'database',
  stack: 'layers',
  anonymous: 'symbol-array',
  text: 'symbol-method',
  rodata: 'symbol-constant',
  data: 'symbol-field',
  shared: 'link',
  vdso: 'chip',
  named: 'symbol-namespace',
  reserved: 'circle-outline',
  threadStack: 'layers',
};

function printSizes(bytes: number, residentBytes: number): string {
  return Number.isNaN(residentBytes) ? printSize(bytes) : `${printSize(bytes)}, ${printSize(residentBytes)} resident`;
}

/** The colour and the badge of a region that is new, changed or gone. */
export function decorationOf(uri: vscode.Uri): vscode.FileDecoration | undefined {
  if (uri.scheme !== decorationScheme) return undefined;
  const colour = (name: string): vscode.ThemeColor => new vscode.ThemeColor(`gitDecoration.${name}ResourceForeground`);
  switch (uri.path.split('/')[1] as RegionNode['mark']) {
    case 'new':
      return new vscode.FileDecoration('+', 'New', colour('added'));
    case 'changed':
      return new vscode.FileDecoration('~', 'Changed', colour('modified'));
    case 'grown':
      return new vscode.FileDecoration('↑', 'Grown', colour('modified'));
    case 'shrunk':
      return new vscode.FileDecoration('↓', 'Shrunk', colour('modified'));
    case 'gone':
      return new vscode.FileDecoration('−', 'Gone', colour('deleted'));
    default:
      return undefined;
  }
}
