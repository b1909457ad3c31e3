import * as vscode from 'vscode';
import type { Disposable } from '../../common/dispose.ts';
import { asError, MemoryError } from '../../common/error.ts';
import { adapterAnswerMs } from '../../common/limits.ts';
import type { Expected } from './ours.ts';
import { fieldsOf } from './traffic.ts';

/** What is known here of a session that is asked. */
interface Asked {
  isPaused(): boolean;
  expect(command: string, parameters: unknown): Expected;
}

/** By the session's id; of a session that is not here nobody knows. */
const known = new Map<string, Asked>();

/** From now on nothing is asked of a session while its program runs, whoever asks. */
export function askWhilePaused({ id }: vscode.DebugSession, asked: Asked): Disposable {
  known.set(id, asked);
  return {
    dispose() {
      // A session that is started again keeps its id.
      if (known.get(id) === asked) known.delete(id);
    },
  };
}

/** Asks an adapter. Rejects with MemoryError: what it said, that it does not answer, or Cancelled while the program runs. */
export async function ask(
  session: vscode.DebugSession,
  command: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> {
  const asked = known.get(session.id);
  if (asked?.isPaused() === false) throw isRunning(session);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new MemoryError('Unsupported', `The debugger of “${session.name}” does not answer. Try again.`)),
      adapterAnswerMs,
    );
  });
  const expected = asked?.expect(command, parameters);
  try {
    const answer = Promise.resolve(session.customRequest(command, parameters)).finally(() => {
      expected?.end();
      if (expected?.isLate === true) throw isRunning(session);
    });
    return fieldsOf(await Promise.race([answer, late]));
  } catch (error) {
    if (error instanceof MemoryError) throw error;
    const said = asError(error).message.trim();
    throw new MemoryError('Invalid', `The debugger of “${session.name}” refuses: ${said || 'it does not say why'}.`);
  } finally {
    clearTimeout(timer);
  }
}

function isRunning({ name }: vscode.DebugSession): MemoryError {
  return new MemoryError(
    'Cancelled',
    `“${name}” runs, and its debugger is asked for nothing meanwhile. Pause it and try again.`,
  );
}

/** Evaluates an expression in a frame; the text of its value. Rejects with MemoryError. */
export async function evaluate(
  session: vscode.DebugSession,
  expression: string,
  frameId: number | undefined,
  context?: string,
): Promise<string> {
  return (await evaluateTyped(session, expression, frameId, context)).result;
}

/** The same with the type's name, empty where the adapter gives none. */
export async function evaluateTyped(
  session: vscode.DebugSession,
  expression: string,
  frameId: number | undefined,
  context = 'watch',
): Promise<{ readonly result: string; readonly type: string }> {
  const { result, type } = await ask(session, 'evaluate', {
    expression,
    context,
    ...(frameId !== undefined && { frameId }),
  });
  return { result: typeof result === 'string' ? result : '', type: typeof type === 'string' ? type : '' };
}

/** The frame that the user has chosen in a session, else the topmost one of the thread that stopped. */
export async function chosenFrame(
  session: vscode.DebugSession,
  threadId: number | undefined,
): Promise<number | undefined> {
  const item = vscode.debug.activeStackItem;
  if (item instanceof vscode.DebugStackFrame && item.session.id === session.id) return item.frameId;
  return topFrame(session, item?.session.id === session.id ? item.threadId : threadId);
}

/** The topmost frame of a thread. */
export async function topFrame(
  session: vscode.DebugSession,
  threadId: number | undefined,
): Promise<number | undefined> {
  if (threadId === undefined) return undefined;
  const { stackFrames } = await ask(session, 'stackTrace', { threadId, startFrame: 0, levels: 1 });
  const id = Array.isArray(stackFrames) ? fieldsOf(stackFrames[0])['id'] : undefined;
  return typeof id === 'number' ? id : undefined;
}
