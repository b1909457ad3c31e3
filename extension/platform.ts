import * as vscode from 'vscode';
import { MemoryError } from '../common/error.ts';

/** What says that it cannot work, in one sentence, where a process is to be opened; through a debugger memory is read anywhere. */
export function requireLinux(): void {
  if (process.platform === 'linux') return;
  throw new MemoryError(
    'Unsupported',
    `Live Memory needs Linux where the process runs, and this window's extensions run on ${process.platform}: open the folder in WSL, over SSH or in a container.`,
  );
}

/** Whether pages may be on this machine: a desktop's window is where its own extensions are, a browser's page knows by itself. */
export function isPageNear(): boolean {
  return vscode.env.uiKind === vscode.UIKind.Web || vscode.env.remoteName === undefined;
}
