import { parseAddress, type Address } from '../../common/address.ts';
import { typesKeptMax } from '../../common/limits.ts';
import { pageOf } from '../../common/page.ts';
import { isValidRange, type Range } from '../../common/range.ts';
import { findRegion, type RegionTable } from '../../common/region.ts';
import type { Asker } from './asker.ts';
import type { Capabilities } from './traffic.ts';
import type { Variable } from './locate.ts';
import { pointerIn } from './pointer.ts';
import { hasOneSize } from './types.ts';

/** Where variables lie, by what one session can tell; sizes are asked for once a type. */
export interface Places {
  /** The bytes of a variable; `undefined` where it is not in memory, or the debugger does not tell. `parent` is what its name is looked up in. */
  of(asker: Asker, variable: Variable, parent: number, table: RegionTable): Promise<Range | undefined>;
  /** The same for a member of something that lies in memory. */
  member(asker: Asker, variable: Variable, parent: number): Promise<Range | undefined>;
}

export function createPlaces(capabilities: Pick<Capabilities, 'dataBreakpoints'>): Places {
  const sizes = new Map<string, number>();
  /** Whether data breakpoints are named as `7FFE01D0/4`, by address and length; tried on the first variable that can be tried. */
  let namesByPlace: boolean | undefined = capabilities.dataBreakpoints ? undefined : false;

  async function sizeOf(asker: Asker, expression: string, type: string): Promise<number | undefined> {
    const known = sizes.get(type);
    if (known !== undefined) return known;
    const size = Number(/\b(\d+)\b\s*$/.exec(await asker.evaluate(`sizeof(${expression})`))?.[1]);
    if (!Number.isSafeInteger(size) || size < 1) return undefined;
    keep(type, size);
    return size;
  }

  function keep(type: string, size: number): void {
    if (!hasOneSize(type)) return;
    if (sizes.size >= typesKeptMax) sizes.clear();
    sizes.set(type, size);
  }

  /**
   * lldb-dap tells the place and the length of any variable by the data breakpoint that it could have, in one answer and
   * without a compiler, and that one in a register has none: `&` gives such a one a false address.
   */
  async function byDataBreakpoint(asker: Asker, name: string, variablesReference: number): Promise<Range | undefined> {
    const { dataId } = await asker.ask('dataBreakpointInfo', { name, variablesReference });
    const place = /^(?:0x)?([0-9a-f]{1,16})\/(\d{1,15})$/i.exec(typeof dataId === 'string' ? dataId : '');
    if (place === null) return undefined;
    const start = parseAddress(`0x${place[1]}`);
    return start === undefined ? undefined : validRange(start, Number(place[2]));
  }

  async function byExpression(asker: Asker, variable: Variable): Promise<Range | undefined> {
    const expression = variable.evaluateName ?? variable.name;
    const start = pointerIn(await asker.evaluate(`&(${expression})`));
    if (start === undefined) return undefined;
    const length = await sizeOf(asker, expression, variable.type ?? '');
    return length === undefined ? undefined : validRange(start, length);
  }

  return {
    async of(asker, variable, parent, table) {
      if (!isNamedByItself(variable)) return undefined;
      const isMapped = (range: Range | undefined): boolean =>
        range !== undefined && findRegion(table, pageOf(range.start)) >= 0;
      if (namesByPlace !== false) {
        const range = await byDataBreakpoint(asker, variable.name, parent).catch(ignored(asker));
        if (namesByPlace === undefined && isMapped(range)) {
          const other = await byExpression(asker, variable).catch(ignored(asker));
          namesByPlace = other?.start === range?.start && other?.length === range?.length;
        }
        if (namesByPlace === true) return isMapped(range) ? range : undefined;
      }
      const range = await byExpression(asker, variable).catch(ignored(asker));
      // A false address of what is in a register: nothing is there, or it is the value itself.
      return isMapped(range) && range?.start !== valueOf(variable) ? range : undefined;
    },
    async member(asker, variable, parent) {
      const own = /^0x[0-9a-f]+$/i.test(variable.memoryReference ?? '') ? variable.memoryReference : undefined;
      if (namesByPlace === true) {
        const start = own === undefined ? undefined : parseAddress(own);
        const length = sizes.get(variable.type ?? '');
        if (start !== undefined && length !== undefined) return validRange(start, length);
        const range = await byDataBreakpoint(asker, variable.name, parent).catch(ignored(asker));
        if (range !== undefined && variable.type !== undefined && own !== undefined) keep(variable.type, range.length);
        return range;
      }
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
  return /^[\w$:~]+$/.test(evaluateName ?? name) && !/optimi[sz]ed.out/i.test(value);
}

function valueOf({ value }: Variable): Address | undefined {
  const number = /^\s*(0x[0-9a-f]+|\d+)\b/i.exec(value)?.[1];
  return number === undefined ? undefined : BigInt(number);
}

function validRange(start: Address, length: number): Range | undefined {
  const range = { start, length };
  return length > 0 && isValidRange(range) ? range : undefined;
}
