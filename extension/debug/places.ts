import { parseAddress, type Address } from '../../common/address.ts';
import { typesKeptMax } from '../../common/limits.ts';
import { pageOf } from '../../common/page.ts';
import { isValidRange, type Range } from '../../common/range.ts';
import { findRegion, type RegionTable } from '../../common/region.ts';
import type { Asker } from './asker.ts';
import type { Variable } from './locate.ts';
import { pointerIn } from './pointer.ts';
import type { Capabilities } from './traffic.ts';
import { elementsOf, hasOneSize } from './types.ts';

/**
 * Where the variables of a session lie. Two ways, and which one is found out at the first variable:
 *
 * - lldb-dap names data breakpoints by address and length (`7FFE01D0/4`), and so tells both in one answer and without a compiler.
 *   Its memoryReference is the same address, so that the next variable of the same type costs no question at all.
 * - Everybody else is asked for `&(x)`, and for `sizeof(x)` once a type.
 */
export interface Places {
  /** The bytes of a variable of a scope; `undefined` where it is not in memory, or the debugger does not tell. */
  of(asker: Asker, variable: Variable, scope: number, table: RegionTable): Promise<Range | undefined>;
  /** The same for a member of something that lies in memory; `parent` is what its name is looked up in. */
  member(asker: Asker, variable: Variable, parent: number): Promise<Range | undefined>;
}

export function createPlaces(capabilities: Pick<Capabilities, 'breaksOnData'>): Places {
  const sizes = new Map<string, number>();
  let isLldb: boolean | undefined = capabilities.breaksOnData ? undefined : false;

  function keep(type: string, size: number): void {
    if (!hasOneSize(type)) return;
    if (sizes.size >= typesKeptMax) sizes.clear();
    sizes.set(type, size);
  }

  /** `what` is an expression or a type. */
  async function sizeOf(asker: Asker, what: string, type: string): Promise<number | undefined> {
    const known = sizes.get(type);
    if (known !== undefined) return known;
    const size = Number(/\b(\d+)\b\s*$/.exec(await asker.evaluate(`sizeof(${what})`))?.[1]);
    if (!Number.isSafeInteger(size) || size < 1) return undefined;
    keep(type, size);
    return size;
  }

  async function byExpression(asker: Asker, variable: Variable): Promise<Range | undefined> {
    const expression = variable.evaluateName ?? variable.name;
    const start = pointerIn(await asker.evaluate(`&(${expression})`));
    if (start === undefined) return undefined;
    return rangeOf(start, await sizeOf(asker, expression, variable.type ?? ''));
  }

  async function byDataBreakpoint(asker: Asker, variable: Variable, parent: number): Promise<Range | undefined> {
    const { name, type = '' } = variable;
    const { dataId, description } = await asker.ask('dataBreakpointInfo', { name, variablesReference: parent });
    const [, address, length] = /^([0-9a-f]{1,16})\/(\d{1,15})$/i.exec(textOf(dataId)) ?? [];
    if (address !== undefined) {
      const range = rangeOf(parseAddress(`0x${address}`), Number(length));
      if (range !== undefined) keep(type, range.length);
      return range;
    }
    // A bit-field cannot have one, and is in the unit that begins there.
    const unit = / location is (0x[0-9a-f]{1,16})$/i.exec(textOf(description))?.[1];
    if (unit === undefined || type === '' || variable.memoryReference !== undefined) return undefined;
    return rangeOf(parseAddress(unit), await sizeOf(asker, type, type));
  }

  async function asLldb(asker: Asker, variable: Variable, parent: number): Promise<Range | undefined> {
    // That of `this`, unlike those of other pointers, is the object's.
    const size = variable.name === 'this' ? undefined : sizes.get(variable.type ?? '');
    const quick = rangeOf(hexIn(variable.memoryReference), size);
    return quick ?? (await byDataBreakpoint(asker, variable, parent).catch(ignored(asker)));
  }

  /** Whether all ways give the same for a variable: then the adapter is what it seems to be. */
  async function tryLldb(asker: Asker, variable: Variable, scope: number): Promise<boolean | undefined> {
    const reference = hexIn(variable.memoryReference);
    if (reference === undefined) return false;
    const range = await byDataBreakpoint(asker, variable, scope).catch(ignored(asker));
    const other = await byExpression(asker, variable).catch(ignored(asker));
    // In a register, perhaps: the next one tells.
    if (range === undefined || other?.start !== range.start) return undefined;
    return range.start === reference && other.length === range.length;
  }

  return {
    async of(asker, variable, scope, table) {
      if (!isNamedByItself(variable)) return undefined;
      isLldb ??= await tryLldb(asker, variable, scope);
      const range =
        isLldb === true
          ? await asLldb(asker, variable, scope)
          : await byExpression(asker, variable).catch(ignored(asker));
      if (range === undefined || findRegion(table, pageOf(range.start)) < 0) return undefined;
      // The false address of what is in a register is its value. An array's value may be printed as its address.
      const isFalse = range.start === valueOf(variable) && elementsOf(variable.type ?? '') === undefined;
      return isFalse ? undefined : range;
    },
    async member(asker, variable, parent) {
      if (isLldb === true) return asLldb(asker, variable, parent);
      return variable.evaluateName === undefined ? undefined : byExpression(asker, variable).catch(ignored(asker));
    },
  };
}

/** What is refused of one variable is no reason not to ask for the next, as long as the process stands still. */
export function ignored(asker: Asker): (error: unknown) => undefined {
  return (error) => {
    if (!asker.isCurrent) throw error;
  };
}

/** One that another of its name hides is called `x @ file.c:12`, and an expression would find the other. */
function isNamedByItself({ name, evaluateName, value }: Variable): boolean {
  return /^[\w$:~]+$/.test(name) && /^[\w$:~]+$/.test(evaluateName ?? name) && !/optimi[sz]ed.out/i.test(value);
}

export function valueOf({ value }: Pick<Variable, 'value'>): Address | undefined {
  const number = /^\s*(0x[0-9a-f]+|\d+)\b/i.exec(value)?.[1];
  return number === undefined ? undefined : BigInt(number);
}

function hexIn(text: string | undefined): Address | undefined {
  return /^0x/i.test(text ?? '') ? parseAddress((text ?? '').toLowerCase()) : undefined;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function rangeOf(start: Address | undefined, length: number | undefined): Range | undefined {
  if (start === undefined || length === undefined || length < 1) return undefined;
  const range = { start, length };
  return isValidRange(range) ? range : undefined;
}
