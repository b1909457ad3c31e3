import type * as vscode from 'vscode';
import { printAddress, type Address } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { evaluateExpression, parseExpression } from '../../common/expression.ts';
import { indexOfName, unmapped } from '../../common/named.ts';
import { addressOfPage, pageOf, PageState } from '../../common/page.ts';
import type { ResolvedAddress } from '../../common/protocol.ts';
import { expressionNames, findRegion, printLabel } from '../../common/region.ts';
import type { AdapterMemory } from './adapterMemory.ts';
import type { AdapterRegions } from './adapterRegions.ts';
import { chosenFrame } from './ask.ts';
import { addressOfExpression, mayBeDebuggers } from './locate.ts';
import type { Traffic } from './traffic.ts';

/** What an expression is looked up in. */
export interface AdapterScope {
  readonly session: vscode.DebugSession;
  readonly traffic: Traffic;
  readonly memory: AdapterMemory;
  readonly regions: AdapterRegions;
  /** 4 or 8. */
  readonly pointerBytes: number;
}

/**
 * The address of an expression: numbers, regions' names and pointers as everywhere, and else what the debugger makes of it.
 * Rejects with MemoryError.
 */
export async function resolveThrough(scope: AdapterScope, expression: string): Promise<ResolvedAddress> {
  try {
    return labelled(scope, await ownAddress(scope, expression));
  } catch (error) {
    if (!mayBeDebuggers(expression, error)) throw error;
    if (!scope.traffic.isPaused) throw unanswered(scope, expression);
    const frame = await chosenFrame(scope.session, scope.traffic.threadId);
    return labelled(scope, await addressOfExpression(scope.session, expression, frame));
  }
}

async function ownAddress({ regions, memory, pointerBytes }: AdapterScope, expression: string): Promise<Address> {
  const { table } = regions;
  const names = new Set([...expressionNames(table), ...table.names.filter((name) => name !== '')]);
  const address = await evaluateExpression(parseExpression(expression, names), {
    name: (name) => addressOfPage(table.starts[table.nameOf.indexOf(indexOfName(table, name))] as number),
    symbol(file, symbol) {
      throw new MemoryError(
        'Invalid',
        `Symbols of this program are the debugger’s, which knows ${symbol} without ${file === undefined ? 'the “!”' : 'the file’s name'}: type &${symbol}.`,
      );
    },
    async pointer(at) {
      const { bytes, states } = await memory.read({ start: at, length: pointerBytes });
      if (states.some((state) => state !== PageState.readable))
        throw new MemoryError(
          'Unmapped',
          `There is no pointer to follow at ${printAddress(at)}: the debugger cannot read it. Check the address after the *.`,
        );
      const view = new DataView(bytes.buffer);
      return pointerBytes === 4 ? BigInt(view.getUint32(0, true)) : view.getBigUint64(0, true);
    },
  });
  if (findRegion(table, pageOf(address)) < 0) throw unmapped(table, address);
  return address;
}

function unanswered({ session }: AdapterScope, expression: string): MemoryError {
  return new MemoryError(
    'Invalid',
    `${expression} is not the name of a region, and “${session.name}” is running: a debugger knows variables only while it is stopped. Pause it.`,
  );
}

function labelled({ regions }: AdapterScope, address: Address): ResolvedAddress {
  const label = printLabel(regions.table, address);
  return { address: printAddress(address), ...(label !== undefined && { label }) };
}
