import type * as vscode from 'vscode';
import { MemoryError } from '../common/error.ts';
import { parseTargetArgument } from './arguments.ts';
import type { Attach } from './attach.ts';
import { isCancelled } from './log.ts';
import { parseAttachLink } from './uri.ts';

/** vscode://live-memory.live-memory/attach?pid=…&address=…; always asks before it attaches. */
export function createUriHandler(attach: Attach, report: (error: unknown) => void): vscode.UriHandler {
  return {
    async handleUri(uri) {
      try {
        await attach.view(parseAttachLink(uri.path, uri.query), 'link');
      } catch (error) {
        if (!isCancelled(error)) report(error);
      }
    },
  };
}

const variable = 'LIVE_MEMORY_OPEN';
const shelfKey = 'liveMemory.openedFromEnvironment';

/**
 * Opens what LIVE_MEMORY_OPEN names (`{"pid": 4242, "address": "[heap]"}`), which `npm start` sets. A window that is
 * reloaded has the variable again and brings its views back by itself, so the value counts once a VS Code.
 */
export async function openFromEnvironment(shelf: vscode.Memento, attach: Attach): Promise<void> {
  const value = process.env[variable];
  delete process.env[variable];
  if (value === undefined || value === '') return;
  const token = `${process.ppid} ${value}`;
  if (shelf.get(shelfKey) === token) return;
  await shelf.update(shelfKey, token);
  let given: unknown;
  try {
    given = JSON.parse(value);
  } catch {
    throw new MemoryError(
      'Invalid',
      `${variable} has to be JSON such as {"pid": 1234, "address": "[heap]"}, not ${value}.`,
    );
  }
  const { pid, address } = parseTargetArgument(given);
  if (pid === undefined) throw new MemoryError('Invalid', `${variable} has to name a pid.`);
  await attach.view({ pid, ...(address !== undefined && { address }) }, 'hand');
}
