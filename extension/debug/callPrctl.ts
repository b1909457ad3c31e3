import { MemoryError } from '../../common/error.ts';
import { chosenFrame, evaluate } from './ask.ts';
import type { Debugged } from './sessions.ts';

let calls = 0;

/**
 * Has the debugger call `prctl(option, value)` in the process that it has stopped; what that returns. The casts are for a libc
 * without debug information. Rejects with MemoryError.
 */
export async function callPrctl(debugged: Debugged, option: number, value: number): Promise<number> {
  const { session, traffic } = debugged;
  const frame = await chosenFrame(session, traffic.threadId);
  const expression = `(int)prctl(${option}, ${value}UL, 0UL, 0UL, 0UL)`;
  let said: string;
  if (/gdb|cdt|cppdbg/.test(session.type)) {
    // As a watched expression it would be evaluated again and again. The answer to a command may come as output.
    const mark = `live-memory ${++calls}:`;
    const prefix = session.type === 'cppdbg' ? '-exec ' : '>';
    const result = await evaluate(session, `${prefix}printf "${mark} %d\\n", ${expression}`, frame, 'repl');
    const text = `${result}\n${traffic.output}`;
    said = text.slice(Math.max(0, text.lastIndexOf(mark))).replace(mark, '');
  } else {
    said = await evaluate(session, expression, frame);
  }
  const number = /^\s*(?:\([^)]*\)\s*)?(-?\d+)\b/.exec(said)?.[1];
  if (number !== undefined) return Number(number);
  throw new MemoryError(
    'Unsupported',
    `The debugger of “${session.name}” cannot call prctl in the program${said.trim() === '' ? '' : `: it says “${said.trim().slice(0, 200)}”`}.`,
  );
}
