import * as vscode from 'vscode';
import { byView, type EditingQuestions } from './editing.ts';
import { printRangeForPeople } from './print.ts';
import { printTarget } from './target.ts';

/** Who wants to write, in a question: views and the undo of the palette are the user, everything else is a name. */
function asker(who: string): string {
  return [byView, 'undo', 'redo'].includes(who) ? '' : ` ${who} wants to write to it.`;
}

export const editingQuestions: EditingQuestions = {
  async edit(target, who) {
    const answer = await vscode.window.showWarningMessage(
      `Edit the memory of ${printTarget(target.facts)}?`,
      {
        modal: true,
        detail:
          `Each byte is written to the running program as you type it.${asker(who)} The program does not expect this and may ` +
          'crash or lose what it holds. Every write can be undone from the history for as long as its bytes stay as written.',
      },
      'Edit Memory',
    );
    return answer !== undefined;
  },
  async force(target, range, reason) {
    const answer = await vscode.window.showWarningMessage(
      `Write to protected memory of ${printTarget(target.facts)} anyway?`,
      {
        modal: true,
        detail:
          `${printRangeForPeople(range)}: ${reason}. Writing anyway goes through /proc/${target.facts.pid}/mem, which passes over ` +
          'the protection. The kernel gives the process a private copy of each page: the file on disk and other processes stay as ' +
          'they are. A program whose code or constants change under it may crash.',
      },
      'Write Anyway',
    );
    return answer !== undefined;
  },
};

/** Asked before a link, or a command in a workspace that is not trusted, opens a process. */
export async function askToAttach(pid: number, asker: string, address?: string): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(
    `Show the memory of process ${pid}?`,
    {
      modal: true,
      detail:
        `${asker} asks to open process ${pid}${address === undefined ? '' : ` at ${address}`}. Its memory may hold passwords and keys. ` +
        'Go on only if you asked for this.',
    },
    'Attach',
  );
  return answer !== undefined;
}
