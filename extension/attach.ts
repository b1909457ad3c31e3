import * as vscode from 'vscode';
import { addressFrom, type Address } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import type { TargetArgument } from './arguments.ts';
import { requireLinux } from './platform.ts';
import { askToAttach } from './questions.ts';
import type { Target } from './target.ts';
import type { Targets } from './targets.ts';
import { placeAt } from './place.ts';
import type { View } from './view.ts';
import type { Views } from './views.ts';

/**
 * Who wants a process opened:
 * - `hand`: the user has chosen it just now
 * - `argument`: a command or an API call that names a pid; asked about where the workspace is not trusted
 * - `link`: a URI; always asked about
 */
export type Asker = 'hand' | 'argument' | 'link';

/** The one way to a target and to a view of it, whoever asks. */
export interface Attach {
  target(pid: number, asker: Asker, address?: string): Promise<Target>;
  /** Attaches where need be and opens a new view; with an address that cannot be resolved, it rejects and opens none. */
  view(argument: TargetArgument & { readonly pid: number }, asker: Asker): Promise<View>;
}

export function createAttach(targets: Targets, views: Views): Attach {
  async function target(pid: number, asker: Asker, address?: string): Promise<Target> {
    requireLinux();
    if (mustAsk(asker, targets.find(pid) !== undefined)) {
      const who = asker === 'link' ? 'A link' : 'A command in a workspace that you have not trusted';
      if (!(await askToAttach(pid, who, address))) throw new MemoryError('Cancelled', `Process ${pid} was not opened.`);
    }
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: `Attaching to process ${pid}` },
      () => targets.attach(pid),
    );
  }

  return {
    target,
    async view({ pid, address }, asker) {
      const found = await target(pid, asker, address);
      if (address === undefined) return views.open(found);
      return views.open(found, { place: placeAt(await resolveAddress(found, address)) });
    },
  };
}

export async function resolveAddress(target: Target, expression: string): Promise<Address> {
  return addressFrom((await target.call('resolve', { expression })).address);
}

function mustAsk(asker: Asker, attached: boolean): boolean {
  switch (asker) {
    case 'hand':
      return false;
    case 'argument':
      return !attached && !vscode.workspace.isTrusted;
    case 'link':
      return true;
    default:
      return asker satisfies never;
  }
}
