import * as vscode from 'vscode';

/** Sets context keys for menus and keybindings, each only when it changes. */
export function createContextKeys(report: (error: unknown) => void): (key: string, value: unknown) => void {
  const known = new Map<string, unknown>();
  return (key, value) => {
    if (known.get(key) === value) return;
    known.set(key, value);
    vscode.commands.executeCommand('setContext', key, value).then(undefined, report);
  };
}
