import * as vscode from 'vscode';
import { createDisposableStore } from '../common/dispose.ts';
import { isMenuContext } from './arguments.ts';
import type { Log } from './log.ts';
import { isCancelled } from './log.ts';

export type CommandTable = Readonly<Record<`liveMemory.${string}`, (argument: unknown) => unknown>>;

/**
 * Registers the commands. What fails is shown to the user who ran a command by hand, and thrown to whoever passed an
 * argument (a task, a keybinding, an extension), which VS Code then shows or hands on. Cancelling answers `undefined`.
 */
export function registerCommands(commands: CommandTable, log: Log): vscode.Disposable {
  const store = createDisposableStore();
  for (const [name, command] of Object.entries(commands)) {
    store.add(
      vscode.commands.registerCommand(name, async (argument: unknown) => {
        try {
          return await command(argument);
        } catch (error) {
          if (isCancelled(error)) return undefined;
          if (!isMenuContext(argument)) throw error;
          log.report(error);
          return undefined;
        }
      }),
    );
  }
  return store;
}
