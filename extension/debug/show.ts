import * as vscode from 'vscode';
import { printAddress } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import type { Range } from '../../common/range.ts';
import { placeOf } from '../place.ts';
import type { Target } from '../target.ts';
import type { Views } from '../views.ts';
import { chosenFrame } from './ask.ts';
import { locateExpression, locatePointed, locatePointedBy, locateVariable, variableFrom } from './locate.ts';
import type { Debugged, DebugSessions } from './sessions.ts';
import { fieldsOf } from './traffic.ts';

/** From the debugger to the bytes: what its menus, the editor's selection or a command's argument mean, in a memory view. */
export interface ShowVariable {
  /** The bytes of a variable, or of the editor's selection as an expression. */
  own(argument: unknown): Promise<void>;
  /** The bytes that a variable points to. */
  pointed(argument: unknown): Promise<void>;
}

export function createShowVariable(
  sessions: DebugSessions,
  views: Views,
  openByDebugger: (debugged: Debugged) => Promise<boolean>,
): ShowVariable {
  /** Sessions whose process is closed, and is read through the debugger instead: the user has said so, or nothing opens it. */
  const readThrough = new WeakSet<vscode.DebugSession>();

  /** The session that a menu means, with its process open. */
  async function meant(argument: unknown): Promise<Found> {
    const { sessionId } = fieldsOf(argument);
    const debugged = sessions.find(typeof sessionId === 'string' ? sessionId : undefined);
    if (debugged === undefined)
      throw new MemoryError('Invalid', 'No program is being debugged. Start a debug session first.');
    await debugged.pending;
    if (!debugged.isWanted) await sessions.want(debugged);
    const { target, refusal, session } = debugged;
    const isRefused = refusal instanceof MemoryError && refusal.code === 'Denied';
    if (isRefused && debugged.traffic.isPaused && !readThrough.has(session)) {
      if (await openByDebugger(debugged)) return meant(argument);
      readThrough.add(session);
    }
    if (target !== undefined) return { ...debugged, target };
    if (refusal !== undefined) throw refusal;
    throw new MemoryError(
      'Unsupported',
      `The debugger of “${session.name}” does not tell which process it debugs. Attach to it with “Live Memory: Attach to Process…”.`,
    );
  }

  /** A debugger may give any number as an address. */
  async function requireMapped({ target, session }: Found, range: Range): Promise<void> {
    const address = printAddress(range.start);
    await target.call('resolve', { expression: address }).catch((error: unknown) => {
      if (!(error instanceof MemoryError) || error.code !== 'Unmapped') throw error;
      throw new MemoryError(
        'Unmapped',
        `The debugger of “${session.name}” says that it is at ${address}, and nothing is mapped there: it may be in a register, or be a pointer that points nowhere.`,
      );
    });
  }

  function show(debugged: Found, range: Range): void {
    const { target } = debugged;
    const view = views.latest(target);
    if (view !== undefined) view.goTo({ address: printAddress(range.start), length: range.length });
    else views.open(target, { place: placeOf(range) }, vscode.ViewColumn.Beside);
  }

  async function locate(argument: unknown, how: Way): Promise<void> {
    const debugged = await meant(argument);
    const { session, traffic } = debugged;
    const find = async (): Promise<Range> => {
      const frame = await chosenFrame(session, traffic.threadId);
      const variable = variableFrom(argument);
      if (variable !== undefined) return how.ofVariable(session, variable, frame);
      return how.ofExpression(session, expressionIn(argument), frame);
    };
    if (!traffic.isPaused) throw isRunning(session);
    const range = await find().catch((error: unknown) => {
      // It has gone on meanwhile.
      if (error instanceof MemoryError && error.code === 'Cancelled') throw isRunning(session);
      throw error;
    });
    await requireMapped(debugged, range);
    show(debugged, range);
  }

  return {
    own: (argument) => locate(argument, { ofVariable: locateVariable, ofExpression: locateExpression }),
    pointed: (argument) => locate(argument, { ofVariable: locatePointed, ofExpression: locatePointedBy }),
  };
}

function isRunning({ name }: vscode.DebugSession): MemoryError {
  return new MemoryError(
    'Invalid',
    `“${name}” is running. Pause it: a debugger knows variables only while it is stopped.`,
  );
}

/** A session whose process is open. */
type Found = Debugged & { readonly target: Target };

/** What of a variable, or of an expression, is shown. */
interface Way {
  readonly ofVariable: typeof locateVariable;
  readonly ofExpression: typeof locateExpression;
}

/** The expression that a command was given, else what is selected in the editor, else the word at its cursor. */
function expressionIn(argument: unknown): string {
  const { expression } = fieldsOf(argument);
  if (typeof expression === 'string' && expression.trim() !== '') return expression.trim();
  const editor = vscode.window.activeTextEditor;
  const range = editor?.selection.isEmpty === true ? wordAt(editor) : editor?.selection;
  const text = editor === undefined || range === undefined ? '' : editor.document.getText(range).trim();
  if (text !== '') return text;
  throw new MemoryError('Invalid', 'Select an expression in the editor, or choose a variable in the Variables view.');
}

function wordAt(editor: vscode.TextEditor): vscode.Range | undefined {
  return editor.document.getWordRangeAtPosition(editor.selection.active, /[A-Za-z_$][\w$]*/);
}
