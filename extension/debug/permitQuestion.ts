import * as vscode from 'vscode';
import type { Lifting } from './lifting.ts';

/** Open it, leave it closed and read through the debugger, or nothing at all. */
export type LiftAnswer = 'open' | 'through' | undefined;

/** Asked before a debugger calls anything in the program that it debugs. */
export async function askToLift(
  name: string,
  pid: number,
  { call, allows }: Lifting,
  canReadThrough: boolean,
): Promise<LiftAnswer> {
  const open = 'Open';
  const through = 'Read Through the Debugger';
  const answer = await vscode.window.showWarningMessage(
    `Let the debugger open ${name === '' ? 'the process' : name} (${pid}) for Live Memory?`,
    {
      modal: true,
      detail:
        `${allows}\n\nThe debugger calls ${call} in the program, which is stopped, in the frame that is chosen, and undoes it as soon ` +
        'as Live Memory has opened the process: what is open stays open, and the program is as closed to others as before.' +
        (canReadThrough
          ? '\n\nLeft closed, its memory can be read through the debugger: more slowly, and only while it is stopped.'
          : ''),
    },
    open,
    ...(canReadThrough ? [through] : []),
  );
  return answer === open ? 'open' : answer === through ? 'through' : undefined;
}
