import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { printAddress, type Address } from '../../common/address.ts';
import { MemoryError } from '../../common/error.ts';
import { printLabel } from '../../common/region.ts';
import type { Target } from '../target.ts';
import { ask } from './ask.ts';
import type { Debugged, DebugSessions } from './sessions.ts';
import { fieldsOf } from './traffic.ts';

/** Shows the line of source that the code at an address was made of. Rejects with MemoryError. */
export type RevealSource = (target: Target, address: Address) => Promise<void>;

interface SourceLine {
  readonly uri: vscode.Uri;
  /** From 1. */
  readonly line: number;
}

export function createRevealSource(sessions: DebugSessions): RevealSource {
  return async (target, address) => {
    const debugged = sessions.of(target);
    if (debugged === undefined)
      throw new MemoryError(
        'Invalid',
        'No debugger has this process. Debug it, or attach a debugger to it: it knows the source of its code.',
      );
    const { session, traffic } = debugged;
    if (!traffic.isPaused)
      throw new MemoryError(
        'Invalid',
        `“${session.name}” is running. Pause it first: nothing is asked of a debugger while its program runs.`,
      );
    if (!traffic.capabilities.disassembles)
      throw new MemoryError(
        'Unsupported',
        `The debugger of “${session.name}” (${session.type}) does not tell the source of an address.`,
      );
    // Data would be taken for instructions, and a line be found for none of them.
    const found = await lineOf(debugged, address).catch((error: unknown) => {
      throw error instanceof MemoryError && error.code === 'Invalid' ? noLine(target, address) : error;
    });
    if (found === undefined) throw noLine(target, address);
    await show(found);
  };
}

async function lineOf({ session }: Debugged, address: Address): Promise<SourceLine | undefined> {
  const { instructions } = await ask(session, 'disassemble', {
    memoryReference: printAddress(address),
    instructionCount: 1,
    resolveSymbols: true,
  });
  const { location, line } = fieldsOf(Array.isArray(instructions) ? instructions[0] : undefined);
  const { path, name, sourceReference } = fieldsOf(location);
  if (typeof line !== 'number' || !Number.isInteger(line) || line < 1) return undefined;
  if (typeof sourceReference === 'number' && sourceReference > 0) {
    // The adapter has the text; VS Code asks for it.
    const source = { sourceReference, ...(typeof name === 'string' && { name }) };
    return { line, uri: vscode.debug.asDebugSourceUri(source, session) };
  }
  const uri = uriOf(path);
  return uri && { line, uri };
}

/**
 * VS Code makes URIs of the paths in what an adapter answers, as text or as objects, and such of the window's side where the
 * extension host is a remote one: its files are ours.
 */
function uriOf(path: unknown): vscode.Uri | undefined {
  if (typeof path === 'string') {
    if (isAbsolute(path)) return vscode.Uri.file(path);
    return /^[a-z][\w+.-]+:/i.test(path) ? onOurSide(vscode.Uri.parse(path)) : undefined;
  }
  const { scheme, authority, path: within } = fieldsOf(path);
  if (typeof scheme !== 'string' || typeof within !== 'string') return undefined;
  return onOurSide(vscode.Uri.from({ scheme, path: within, ...(typeof authority === 'string' && { authority }) }));
}

function onOurSide(uri: vscode.Uri): vscode.Uri {
  return uri.scheme === 'vscode-remote' ? vscode.Uri.file(uri.path) : uri;
}

/** In the editor that has the file already, or beside the memory view. */
async function show({ uri, line }: SourceLine): Promise<void> {
  const there = vscode.window.tabGroups.all.find(({ tabs }) =>
    tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.toString() === uri.toString()),
  );
  let document: vscode.TextDocument;
  try {
    document = await vscode.workspace.openTextDocument(uri);
  } catch {
    throw new MemoryError(
      'Invalid',
      `The code there is of line ${line} of ${uri.fsPath}, which cannot be opened: the program may have been built elsewhere.`,
    );
  }
  // A file that is older or newer than the program may be shorter.
  const { range } = document.lineAt(Math.min(line, document.lineCount) - 1);
  const editor = await vscode.window.showTextDocument(document, {
    viewColumn: there?.viewColumn ?? vscode.ViewColumn.Beside,
    selection: range,
  });
  editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

function noLine(target: Target, address: Address): MemoryError {
  const label = printLabel(target.regions, address);
  return new MemoryError(
    'Invalid',
    `The debugger knows no line of source for ${printAddress(address)}${label === undefined ? '' : ` (${label})`}. ` +
      'Only code that was compiled with debug information (-g) has one; data has none.',
  );
}
