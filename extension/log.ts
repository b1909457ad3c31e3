import * as vscode from 'vscode';
import { asError, MemoryError } from '../common/error.ts';

export interface Log extends vscode.Disposable {
  info(message: string): void;
  /** Tells the user what went wrong, once, and writes it down. What the user cancelled is no news. Never throws. */
  report(this: void, error: unknown): void;
  show(): void;
}

export function createLog(): Log {
  const channel = vscode.window.createOutputChannel('Live Memory', { log: true });

  async function tell(error: unknown): Promise<void> {
    if (error instanceof MemoryError) {
      channel.warn(`${error.code}: ${error.message}`);
      await vscode.window.showErrorMessage(error.message);
      return;
    }
    const failure = asError(error);
    channel.error(failure);
    const choice = await vscode.window.showErrorMessage(`Live Memory failed: ${failure.message}`, 'Show Log');
    if (choice !== undefined) channel.show();
  }

  return {
    info: (message) => channel.info(message),
    report(error) {
      if (isCancelled(error)) return;
      tell(error).catch((failure: unknown) => channel.error(String(failure)));
    },
    show: () => channel.show(),
    dispose: () => channel.dispose(),
  };
}

export function isCancelled(error: unknown): boolean {
  return error instanceof vscode.CancellationError || (error instanceof MemoryError && error.code === 'Cancelled');
}
