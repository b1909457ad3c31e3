import * as vscode from 'vscode';
import { printAddress } from '../../common/address.ts';
import type { Range } from '../../common/range.ts';
import { printLabel } from '../../common/region.ts';
import { chooseMany, chooseOne } from '../quickInput.ts';
import { printTarget, type Target } from '../target.ts';
import type { AccessType, DataBreakpoint, DataBreakpoints } from './dataBreakpoints.ts';

/** What the user is asked, and told, about data breakpoints on the bytes of a view. */
export interface BreakOnBytes {
  /** Sets one on a range, or removes the one that is there. Gives what has come of it, `undefined` where the user gave up. */
  choose(target: Target, range: Range): Promise<string | undefined>;
  /** Lists all that are set; the ones that the user takes away are removed. */
  manage(): Promise<void>;
}

const when: Readonly<Record<AccessType, string>> = {
  write: 'When they are written',
  readWrite: 'When they are read or written',
  read: 'When they are read',
};
const short: Readonly<Record<AccessType, string>> = { write: 'written', readWrite: 'read or written', read: 'read' };

interface Item extends vscode.QuickPickItem {
  readonly accessType?: AccessType;
}

export function createBreakOnBytes(breakpoints: DataBreakpoints): BreakOnBytes {
  async function set(target: Target, range: Range): Promise<string | undefined> {
    const offer = await breakpoints.offer(target, range);
    let accessType = offer.accessTypes[0] as AccessType;
    if (offer.accessTypes.length > 1) {
      const items: Item[] = offer.accessTypes.map((type) => ({ label: when[type], accessType: type }));
      const chosen = await chooseOne(items, {
        title: `Break on ${whatOf(target, range)}`,
        placeholder: 'When should the debugger stop the program?',
      });
      if (chosen?.accessType === undefined) return undefined;
      accessType = chosen.accessType;
    }
    await offer.set(accessType);
    return `The debugger stops the program when ${whatOf(target, range)} ${range.length === 1 ? 'is' : 'are'} ${short[accessType]}, until the session ends. Choose it again to remove it.`;
  }

  return {
    async choose(target, range) {
      const there = breakpoints.all().filter((one) => one.target === target && overlap(one.range, range));
      if (there.length === 0) return set(target, range);
      const items: (vscode.QuickPickItem & { readonly one: DataBreakpoint })[] = there.map((one) => ({
        label: `$(trash) Remove the breakpoint on ${whatOf(target, one.range)}`,
        description: when[one.accessType].toLowerCase(),
        one,
      }));
      const chosen = await chooseOne(items, {
        title: `Break on ${whatOf(target, range)}`,
        placeholder: 'There is a breakpoint on these bytes.',
      });
      if (chosen === undefined) return undefined;
      await breakpoints.remove([chosen.one]);
      return `The breakpoint on ${whatOf(target, chosen.one.range)} is removed.`;
    },
    async manage() {
      const items = breakpoints.all().map((one) => ({
        label: whatOf(one.target, one.range),
        description: when[one.accessType].toLowerCase(),
        detail: printTarget(one.target.facts),
        picked: true,
        one,
      }));
      if (items.length === 0) {
        const sentence =
          'No breakpoint is set on memory. Select bytes in a memory view, and choose Break When These Bytes Change.';
        await vscode.window.showInformationMessage(sentence);
        return;
      }
      const kept = await chooseMany(items, {
        title: 'Breakpoints on Memory',
        placeholder: 'Those that are not ticked are removed.',
      });
      if (kept === undefined) return;
      const gone = items.filter((item) => !kept.includes(item)).map(({ one }) => one);
      if (gone.length > 0) await breakpoints.remove(gone);
    },
  };
}

/** `4 bytes at 0x7ffd0010, [stack]+0x10`. */
function whatOf(target: Target, range: Range): string {
  const label = printLabel(target.regions, range.start);
  return `${range.length} ${range.length === 1 ? 'byte' : 'bytes'} at ${printAddress(range.start)}${label === undefined ? '' : ` (${label})`}`;
}

function overlap(a: Range, b: Range): boolean {
  return a.start < b.start + BigInt(b.length) && b.start < a.start + BigInt(a.length);
}
