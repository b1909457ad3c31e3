import * as vscode from 'vscode';
import { printAddress } from '../common/address.ts';
import { createDisposableStore } from '../common/dispose.ts';
import { historyShownBytes } from '../common/limits.ts';
import type { WriteEntry } from './history.ts';
import { printBytes } from './print.ts';
import { printTarget, type Target } from './target.ts';

const scheme = 'live-memory-history';

/** Shows the writes to a target as a document that grows while it is open, and saves them. */
export interface HistoryDocuments extends vscode.Disposable {
  show(target: Target): Promise<vscode.TextDocument>;
}

export function createHistoryDocuments(): HistoryDocuments {
  const store = createDisposableStore();
  const changed = store.add(new vscode.EventEmitter<vscode.Uri>());
  /** Targets whose document is open; the document outlives the target. */
  const shown = new Map<string, { readonly target: Target; readonly listening: vscode.Disposable }>();

  const uriOf = (target: Target): vscode.Uri =>
    vscode.Uri.from({ scheme, path: `/Writes to ${printTarget(target.facts)}.txt`, query: String(target.key) });

  store.add(
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent(uri) {
        const target = shown.get(uri.toString())?.target;
        return target === undefined ? 'The window was reloaded, and the history was not kept.\n' : printHistory(target);
      },
    }),
  );
  store.add(
    vscode.workspace.onDidCloseTextDocument((document) => {
      shown.get(document.uri.toString())?.listening.dispose();
      shown.delete(document.uri.toString());
    }),
  );
  store.add({ dispose: () => shown.forEach(({ listening }) => void listening.dispose()) });

  return {
    async show(target) {
      const uri = uriOf(target);
      const key = uri.toString();
      if (!shown.has(key)) {
        const listening = target.history.onDidChange(() => changed.fire(uri));
        shown.set(key, { target, listening: new vscode.Disposable(() => listening.dispose()) });
      }
      const document = await vscode.workspace.openTextDocument(uri);
      await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Active });
      return document;
    },
    dispose: () => store.dispose(),
  };
}

/** The document: a line a write, oldest first, and a line of explanation where there is none. */
export function printHistory(target: Target): string {
  const { facts, history } = target;
  const entries = history.entries();
  const head = `Writes to ${printTarget(facts)}: ${facts.commandLine}\n`;
  if (entries.length === 0) return `${head}\nNothing has been written yet.\n`;
  const lines = entries.map((entry) => {
    const where = `${printAddress(entry.start, 16)}  ${entry.label ?? ''}`.trimEnd();
    const bytes = `${printBytes(entry.before, historyShownBytes)}  →  ${printBytes(entry.after, historyShownBytes)}`;
    return `${new Date(entry.timeMs).toISOString()}  ${where}\n    ${bytes}\n    ${entry.who}, ${printOutcome(entry)}\n`;
  });
  return `${head}\n${lines.join('\n')}`;
}

export function printOutcome(entry: WriteEntry): string {
  const through = entry.forced ? 'forced through a protected page, ' : '';
  if (!entry.held) return `${through}changed by the program at once`;
  if (entry.overwrittenAfterMs === undefined) return `${through}held`;
  return `${through}changed by the program after ${Math.round(entry.overwrittenAfterMs)} ms`;
}

export type HistoryFormat = 'json' | 'tsv';

/** The whole history for a file, with every byte of both sides in hex. */
export function historyFile(target: Target, format: HistoryFormat): string {
  const rows = target.history.entries().map((entry) => ({
    time: new Date(entry.timeMs).toISOString(),
    address: printAddress(entry.start),
    label: entry.label ?? '',
    before: Buffer.from(entry.before).toString('hex'),
    after: Buffer.from(entry.after).toString('hex'),
    who: entry.who,
    outcome: printOutcome(entry),
  }));
  switch (format) {
    case 'json': {
      const { pid, name, executable, commandLine, startTime, through } = target.facts;
      const who = through === undefined ? { pid } : { through };
      return `${JSON.stringify({ target: { ...who, name, executable, commandLine, startTime }, writes: rows }, undefined, 2)}\n`;
    }
    case 'tsv': {
      const columns = ['time', 'address', 'label', 'before', 'after', 'who', 'outcome'] as const;
      const cell = (text: string): string => text.replace(/[\t\r\n]+/g, ' ');
      return [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))]
        .map((row) => `${row.join('\t')}\n`)
        .join('');
    }
    default:
      return format satisfies never;
  }
}

/** Asks where to, and saves; `undefined` where the user cancelled. */
export async function saveHistory(target: Target): Promise<vscode.Uri | undefined> {
  const { name, pid, through = pid } = target.facts;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = `writes-${`${name}-${through}`.replace(/[^\w.-]+/g, '_')}.json`;
  const uri = await vscode.window.showSaveDialog({
    title: 'Save Write History',
    filters: { JSON: ['json'], 'Tab-Separated Values': ['tsv'] },
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, file) }),
  });
  if (uri === undefined) return undefined;
  const text = historyFile(target, uri.path.endsWith('.tsv') ? 'tsv' : 'json');
  await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode(text));
  return uri;
}
