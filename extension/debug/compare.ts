import * as vscode from 'vscode';
import { addressFrom, printAddress } from '../../common/address.ts';
import { createDisposableStore } from '../../common/dispose.ts';
import { MemoryError } from '../../common/error.ts';
import { compareAroundPages, compareBytesMax } from '../../common/limits.ts';
import { endOf, printRange, type Range } from '../../common/range.ts';
import { printSize } from '../../common/size.ts';
import { printTarget } from '../target.ts';
import type { View } from '../view.ts';
import type { Views } from '../views.ts';
import { createAdapterMemory } from './adapterMemory.ts';
import { around, differencesIn, printDifferences } from './differences.ts';
import type { Debugged, DebugSessions } from './sessions.ts';
import { canReadThrough } from './throughDebugger.ts';

const scheme = 'live-memory-difference';

/** Reads what a view shows both ways, from the process and through the debugger, and shows where they differ. */
export interface CompareMemory extends vscode.Disposable {
  /** Of the active view: its selection, else the pages around its place. Rejects with MemoryError. */
  run(): Promise<void>;
}

export function createCompareMemory(sessions: DebugSessions, views: Views): CompareMemory {
  const store = createDisposableStore();
  /** The texts of open documents. */
  const texts = new Map<string, string>();
  let compared = 0;
  store.add(
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      provideTextDocumentContent: (uri) =>
        texts.get(uri.toString()) ?? 'The window was reloaded, and the comparison was not kept.\n',
    }),
  );
  store.add(vscode.workspace.onDidCloseTextDocument((document) => void texts.delete(document.uri.toString())));

  async function show(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${name}.txt`, query: String(++compared) });
    texts.set(uri.toString(), text);
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }

  return {
    async run() {
      const view = views.active() ?? views.latest();
      if (view === undefined)
        throw new MemoryError('Invalid', 'No memory view is open. Run "Live Memory: Open Memory View" first.');
      const { target } = view;
      const { session, traffic } = comparable(sessions.of(target), view);
      const range = rangeOf(view);
      const memory = createAdapterMemory(session, traffic);
      try {
        // The debugger first: what it reads is in memory after it.
        const through = await memory.read(range);
        const direct = await target.call('read', printRange(range));
        if (memory.stop === undefined) throw isRunning(session.name);
        const readings = { range, direct, through };
        const found = differencesIn(readings);
        const unread = found.unread === 0 ? '' : ` ${printCount(found.unread)} can be read neither way.`;
        const name = printTarget(target.facts);
        if (found.differing.length === 0) {
          const message = `${printCount(found.same)} at ${printAddress(range.start)} are the same in ${name} and through its debugger.${unread}`;
          void vscode.window.showInformationMessage(message);
          return;
        }
        const differ = `${printCount(found.differing.length)} ${found.differing.length === 1 ? 'differs' : 'differ'}`;
        const where = `${printAddress(range.start)} to ${printAddress(endOf(range))}`;
        const head = `${name}, read from the process and through the debugger (${session.type}) of “${session.name}”\n`;
        const sum = `${where}: ${differ}, ${printCount(found.same)} are the same.${unread}\n\n`;
        await show(
          `${target.facts.name} and its debugger`,
          head + sum + printDifferences(readings, found, target.regions, 'debugger'),
        );
      } finally {
        memory.dispose();
      }
    },
    dispose: () => store.dispose(),
  };
}

/** The session to compare with. Throws MemoryError where there is none that could be. */
function comparable(debugged: Debugged | undefined, { target }: View): Debugged {
  const name = printTarget(target.facts);
  if (target.facts.through !== undefined)
    throw new MemoryError(
      'Unsupported',
      `${name} is read through the debugger anyway, so there is nothing to compare it with.`,
    );
  if (debugged === undefined)
    throw new MemoryError('Invalid', `No debug session debugs ${name}. Start one, and stop the program in it.`);
  const { session, traffic } = debugged;
  if (!traffic.capabilities.readsMemory)
    throw new MemoryError('Unsupported', `The debugger of “${session.name}” (${session.type}) does not read memory.`);
  if (traffic.state !== 'stopped' && !traffic.isPaused) throw isRunning(session.name);
  if (!canReadThrough(session, traffic))
    throw new MemoryError(
      'Unsupported',
      `The debugger of “${session.name}” (${session.type}) reads no memory by address while other threads run.`,
    );
  return debugged;
}

function printCount(bytes: number): string {
  return `${bytes.toLocaleString('en')} byte${bytes === 1 ? '' : 's'}`;
}

function isRunning(name: string): MemoryError {
  return new MemoryError('Invalid', `“${name}” is running. Pause it: only then both can read the same.`);
}

/** The selection of more than a byte, else what is around the caret. */
function rangeOf({ place, target }: View): Range {
  const { anchor, caret } = place?.selection ?? {};
  if (anchor !== undefined && caret !== undefined && anchor !== caret) {
    const [one, other] = [addressFrom(anchor), addressFrom(caret)];
    const [start, last] = one < other ? [one, other] : [other, one];
    const length = Number(last - start) + 1;
    if (length <= compareBytesMax) return { start, length };
    throw new MemoryError(
      'Limit',
      `${printSize(length)} are more than can be compared at once (${printSize(compareBytesMax)}). Select less.`,
    );
  }
  const at = caret ?? place?.top;
  if (at === undefined) throw new MemoryError('Invalid', 'The view shows no memory yet. Go to an address first.');
  return around(target.regions, addressFrom(at), compareAroundPages);
}
