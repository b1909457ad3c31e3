import type * as vscode from 'vscode';
import { parseAddress, type Address } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { isValidRange, type Range } from '../../common/range.ts';
import { evaluate, evaluateTyped } from './ask.ts';
import { pointerIn } from './pointer.ts';
import { fieldsOf } from './traffic.ts';

/** What the debugger's menus say of a variable. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type: string | undefined;
  /** An expression that gives it; some adapters have none. */
  readonly evaluateName: string | undefined;
  /** An address, an expression, a handle or what a pointer points to: each adapter has its own idea. */
  readonly memoryReference: string | undefined;
  /** Under which the adapter has its members or elements; 0 where it has none. */
  readonly reference: number;
}

/** Out of what `debug/variables/context` and its like pass; `undefined` where it is no variable. */
export function variableFrom(value: unknown): Variable | undefined {
  const {
    name,
    value: text,
    type,
    evaluateName,
    memoryReference,
    variablesReference,
  } = fieldsOf(fieldsOf(value)['variable'] ?? value);
  if (typeof name !== 'string') return undefined;
  const textOf = (given: unknown): string | undefined =>
    typeof given === 'string' && given !== '' ? given : undefined;
  return {
    name,
    value: textOf(text) ?? '',
    type: textOf(type),
    evaluateName: textOf(evaluateName),
    memoryReference: textOf(memoryReference),
    reference: typeof variablesReference === 'number' ? variablesReference : 0,
  };
}

/** How long what an expression gives is, where the debugger does not say. */
const unknownLength = 1;

/**
 * Where the bytes of a variable are and how many they are: the variable's own, not those that it points to. The debugger is
 * asked for its address, for only some adapters' memoryReference is one. Rejects with MemoryError.
 */
export async function locateVariable(
  session: vscode.DebugSession,
  variable: Variable,
  frameId: number | undefined,
): Promise<Range> {
  const expression = variable.evaluateName ?? nameAsExpression(variable.name);
  // `$rsp` has no place: of its `&` lldb gives a copy of its own.
  if (expression !== undefined && !expression.startsWith('$')) {
    const found = await locateExpression(session, expression, frameId).catch(unlessCancelled);
    if (found !== undefined) {
      if (/lldb/i.test(session.type) && isInRegister(variable, found.start)) throw nowhere(variable);
      return found;
    }
  }
  // A register and a pointer's value are addresses themselves: to show what is there is all that can be done.
  const pointed = pointerIn(variable.value);
  const own = /^0x[0-9a-f]+$/i.test(variable.memoryReference ?? '')
    ? parseAddress(variable.memoryReference ?? '')
    : undefined;
  const start = own !== undefined && own === integerIn(variable.value) ? undefined : (own ?? pointed);
  if (start === undefined) throw nowhere(variable);
  return { start, length: unknownLength };
}

/**
 * lldb-dap gives the value of a variable in a register as its reference, and lldb makes a copy in memory of its own for `&` of
 * such a one. Of `this` the reference is the object, wherever `this` itself is.
 */
function isInRegister({ name, value, memoryReference = '' }: Variable, found: Address): boolean {
  if (name === 'this' || !/^0x[0-9a-f]+$/i.test(memoryReference)) return false;
  const reference = parseAddress(memoryReference);
  return reference !== undefined && reference !== found && reference === (integerIn(value) ?? pointerIn(value));
}

function nowhere({ name }: Variable): MemoryError {
  return new MemoryError(
    'Invalid',
    `The debugger gives no address for ${name}: it may be in a register, optimised out, or a value without a place in memory.`,
  );
}

/** The bytes of what an expression names (`buffer[3]`, `node->next`). Rejects with MemoryError. */
export async function locateExpression(
  session: vscode.DebugSession,
  expression: string,
  frameId: number | undefined,
): Promise<Range> {
  const { result, type } = await evaluateTyped(session, `&(${expression})`, frameId);
  // Of a C++ reference lldb gives where it is kept; what C++ means by its address is what it refers to.
  const isReference = type.replaceAll(' ', '').endsWith('&*');
  const start = pointerIn(isReference ? await evaluate(session, expression, frameId) : result);
  if (start === undefined) throw noAddress(expression, result);
  const size = await evaluate(session, `sizeof(${expression})`, frameId).catch(unlessCancelled);
  const length = Number(/\b(\d+)\b\s*$/.exec(size ?? '')?.[1]);
  const range = { start, length: Number.isSafeInteger(length) && length > 0 ? length : unknownLength };
  return isValidRange(range) ? range : { start, length: unknownLength };
}

/** The bytes that a variable points to. Rejects with MemoryError. */
export async function locatePointed(
  session: vscode.DebugSession,
  variable: Variable,
  frameId: number | undefined,
): Promise<Range> {
  const expression = variable.evaluateName ?? nameAsExpression(variable.name);
  if (expression !== undefined) {
    const found = await locateExpression(session, `*(${expression})`, frameId).catch(unlessCancelled);
    if (found !== undefined) return found;
  }
  const start = pointerIn(variable.value);
  if (start === undefined)
    throw new MemoryError(
      'Invalid',
      `${variable.name} holds no address: its value is ${variable.value || 'not known'}.`,
    );
  return { start, length: unknownLength };
}

/** The bytes that an expression points to. Rejects with MemoryError. */
export function locatePointedBy(
  session: vscode.DebugSession,
  expression: string,
  frameId: number | undefined,
): Promise<Range> {
  const asVariable = {
    name: expression,
    value: '',
    type: undefined,
    evaluateName: expression,
    memoryReference: undefined,
    reference: 0,
  };
  return locatePointed(session, asVariable, frameId);
}

/**
 * The address that an expression of the debugger stands for: what it gives, where that is a pointer (`&buffer[8]`, `$rsp`,
 * `node->next`), else where what it names is. Rejects with MemoryError.
 */
export async function addressOfExpression(
  session: vscode.DebugSession,
  expression: string,
  frameId: number | undefined,
): Promise<Address> {
  const result = await evaluate(session, expression, frameId);
  const pointer = pointerIn(result);
  if (pointer !== undefined) return pointer;
  return (await locateExpression(session, expression, frameId)).start;
}

/** There may be another way to what a debugger refuses, but none once its program has gone on. */
function unlessCancelled(error: unknown): undefined {
  if (error instanceof MemoryError && error.code === 'Cancelled') throw error;
  return undefined;
}

function integerIn(text: string): bigint | undefined {
  return /^-?\d{1,20}$/.test(text.trim()) ? BigInt.asUintN(64, BigInt(text.trim())) : undefined;
}

/**
 * Whether an expression that was refused may be one of the debugger's: what is neither found nor understood, but for numbers and
 * what begins with a region's name, which are no expressions of the debugger's either.
 */
export function mayBeDebuggers(expression: string, refusal: unknown): boolean {
  const isUnknown = refusal instanceof MemoryError && (refusal.code === 'Invalid' || refusal.code === 'Unmapped');
  return isUnknown && !/^\s*[\d*[]/.test(expression);
}

/** Names such as `[3]` or `private member` are no expressions. */
function nameAsExpression(name: string): string | undefined {
  return /^[\w$.:>-]+$/.test(name) ? name : undefined;
}

function noAddress(expression: string, result: string): MemoryError {
  return new MemoryError(
    'Invalid',
    `The debugger gives no address for ${expression}${result === '' ? '' : `: it says “${result.slice(0, 200)}”`}.`,
  );
}
