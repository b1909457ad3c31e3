import * as vscode from 'vscode';
import { printAddress } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import type { SaveResult } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { printLabel } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { listed, printRangeForPeople } from './print.ts';
import { printTarget, type Target } from './target.ts';

export interface SavedMemory {
  readonly target: Target;
  readonly range: Range;
  readonly file: string;
  readonly result: SaveResult;
}

/** Asks for the file where none is given; `undefined` where the user cancelled. */
export async function saveMemory(
  target: Target,
  range: Range,
  given: string | undefined,
): Promise<SavedMemory | undefined> {
  const file = given ?? (await askForFile(target, range));
  if (file === undefined) return undefined;
  const result = await vscode.window.withProgress(
    {
      location: vscode.ProgressLocation.Notification,
      title: `Saving ${printSize(range.length)} of ${printTarget(target.facts)}`,
      cancellable: true,
    },
    (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      let told = 0;
      const tell = (doneBytes: number): void => {
        const percent = (100 * doneBytes) / range.length;
        progress.report({ increment: percent - told, message: `${printSize(doneBytes)} done` });
        told = percent;
      };
      return target.save(range, file, tell, abort.signal);
    },
  );
  return { target, range, file, result };
}

async function askForFile(target: Target, range: Range): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const { name: program, pid, through = pid } = target.facts;
  const name = `${program}-${through}-${printAddress(range.start)}.bin`.replace(/[^\w.-]+/g, '_');
  const uri = await vscode.window.showSaveDialog({
    title: `Save ${printRangeForPeople(range)} to a File`,
    saveLabel: 'Save',
    ...(folder !== undefined && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (uri === undefined) return undefined;
  if (uri.scheme !== 'file') {
    throw new MemoryError(
      'Unsupported',
      `Memory is saved on the machine where the process runs; choose a file there, not ${uri.scheme}:.`,
    );
  }
  return uri.fsPath;
}

/** Says what is in the file and what is not. Zeros that stand for what could not be read are never passed over in silence. */
export async function tellSaved(saved: SavedMemory): Promise<void> {
  const { target, range, file, result } = saved;
  const what = printLabel(target.regions, range.start) ?? printAddress(range.start);
  if (result.unreadable.length === 0) {
    const choice = await vscode.window.showInformationMessage(
      `Saved ${printSize(result.savedBytes)} from ${what} to ${file}.`,
      'Copy Path',
    );
    if (choice !== undefined) await vscode.env.clipboard.writeText(file);
    return;
  }
  const missing = result.unreadable.reduce((sum, { range: part }) => sum + part.length, 0);
  const parts = listed(result.unreadable.map(({ range: part, reason }) => `${printRangeForPeople(part)} ${reason}`));
  const choice = await vscode.window.showWarningMessage(
    `Saved ${printSize(result.savedBytes)} from ${what} to ${file}. ${printSize(missing)} could not be read and are zeros in the file: ${parts}.`,
    'Show Report',
  );
  if (choice !== undefined) await showReport(saved);
}

async function showReport({ target, range, file, result }: SavedMemory): Promise<void> {
  const lines = result.unreadable.map(({ range: part, reason }) => {
    const offset = BigInt(part.start) - range.start;
    return `${part.start}\t${part.length} bytes\tat ${offset} in the file\t${reason}`;
  });
  const content =
    `${file}\n${printRangeForPeople(range)} of ${printTarget(target.facts)}\n` +
    `${result.savedBytes} bytes were saved. These ranges could not be read; the file has zeros there:\n\n${lines.join('\n')}\n`;
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language: 'plaintext' }));
}
