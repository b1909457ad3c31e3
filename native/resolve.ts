import { printAddress, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { evaluateExpression, parseExpression, type Expression } from '../common/expression.ts';
import { indexOfName, unmapped } from '../common/named.ts';
import { addressOfPage, pageOf, pageStateFrom, PageState, printPageState } from '../common/page.ts';
import type { ResolvedAddress } from '../common/protocol.ts';
import { endOf, type Range } from '../common/range.ts';
import { expressionNames, findRegion, printLabel, type RegionTable } from '../common/region.ts';
import { addressOfSymbol } from './resolveSymbol.ts';
import type { Symbols } from './symbols.ts';

/** What an address expression is looked up in. */
export interface ResolveScope {
  readonly table: RegionTable;
  /** 4 or 8. */
  readonly pointerBytes: number;
  readonly symbols: Pick<Symbols, 'find' | 'like' | 'files'>;
  /** Fills `bytes`; a `PageState` for each page that the range touches. Throws MemoryError. */
  read(range: Range, bytes: Uint8Array): Uint8Array;
}

/** The address that an expression stands for. Rejects with MemoryError, and with `Unmapped` where nothing is there. */
export async function resolve(text: string, scope: ResolveScope): Promise<ResolvedAddress> {
  const { table, symbols } = scope;
  const address = await evaluateExpression(parseAmong(text, table), {
    name: (name) => addressOfPage(table.starts[table.nameOf.indexOf(indexOfName(table, name))] as number),
    symbol: (file, symbol) =>
      addressOfSymbol(table, symbols, file === undefined ? undefined : table.names[indexOfName(table, file)], symbol),
    pointer: (at) => Promise.resolve().then(() => pointerAt(scope, at)),
  });
  if (findRegion(table, pageOf(address)) < 0) throw unmapped(table, address);
  const label = printLabel(table, address);
  return { address: printAddress(address), ...(label !== undefined && { label }) };
}

/**
 * The address that an expression of numbers alone comes to, whether or not anything is mapped there; `undefined` for one that
 * needs more of the target than its names. Rejects with MemoryError `Invalid`.
 */
export async function addressOfNumbers(text: string, table: RegionTable): Promise<Address | undefined> {
  const expression = parseAmong(text, table);
  if (!isOfNumbers(expression)) return undefined;
  const none = (): never => {
    throw new Error('numbers alone have no names and no pointers');
  };
  return evaluateExpression(expression, { name: none, symbol: none, pointer: none });
}

function isOfNumbers(expression: Expression): boolean {
  if (expression.op === '+' || expression.op === '-')
    return isOfNumbers(expression.left) && isOfNumbers(expression.right);
  return expression.op === 'number';
}

/** Throws MemoryError `Invalid`. The names are needed because they may hold operators. */
function parseAmong(text: string, table: RegionTable): Expression {
  return parseExpression(text, new Set([...expressionNames(table), ...table.names.filter((name) => name !== '')]));
}

function pointerAt(scope: ResolveScope, at: Address): Address {
  const range = { start: at, length: scope.pointerBytes };
  if (endOf(range) > 2n ** 64n)
    throw new MemoryError(
      'Invalid',
      `There is no pointer at ${printAddress(at)}: it would reach past 2^64. Choose a lower address.`,
    );
  const bytes = new Uint8Array(new ArrayBuffer(8));
  const states = scope.read(range, bytes.subarray(0, range.length));
  const bad = states.find((state) => state !== PageState.readable);
  if (bad !== undefined) {
    throw new MemoryError(
      bad === PageState.unmapped ? 'Unmapped' : 'Protected',
      `There is no pointer to follow at ${printAddress(at)}: ${printPageState(pageStateFrom(bad))}. Check the address after the *.`,
    );
  }
  return new DataView(bytes.buffer).getBigUint64(0, true);
}
