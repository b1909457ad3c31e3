import * as vscode from 'vscode';
import type { Lifting } from './lifting.ts';

/** Asked before a debugger calls anything in the program that it debugs. */
export async function askToLift(name: string, pid: number, { call, allows }: Lifting): Promise<boolean> {
  const answer = await vscode.window.showWarningMessage(
    `Let the debugger open ${name === '' ? 'the process' : name} (${pid}) for Live Memory?`,
    {
      modal: true,
      detail:
        `${allows}\n\nThe debugger calls ${call} in the program, which is stopped, in the frame that is chosen. It is undone when you ` +
        'close the last memory view of it: close that before you end the debug session.',
    },
    'Open',
  );
  return answer !== undefined;
}
