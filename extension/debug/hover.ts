import { normalize } from 'node:path';
import * as vscode from 'vscode';
import { printAddress } from '../../common/address.ts';
import { chosenFrame } from './ask.ts';
import { expressionAt } from './expressionAt.ts';
import { locateExpression } from './locate.ts';
import type { DebugSessions } from './sessions.ts';

/**
 * What a hover over a variable says while its program is stopped: where it is, and a link to its bytes. VS Code lets nobody add to
 * the hover that shows the debugger's value; with Alt held it shows this one in its place. Asks nothing while a program runs,
 * nor about what is not the source of the chosen frame, as VS Code does.
 */
export function registerVariableHover(sessions: DebugSessions): vscode.Disposable {
  return vscode.languages.registerHoverProvider('*', {
    async provideHover(document, { line, character }, cancellation) {
      const debugged = sessions.find(undefined);
      if (debugged?.target === undefined || !debugged.traffic.isPaused) return undefined;
      const found = expressionAt(document.lineAt(line).text, character);
      if (found === undefined) return undefined;
      const { session, target, traffic } = debugged;
      try {
        const frame = await chosenFrame(session, traffic.threadId);
        if (cancellation.isCancellationRequested || !traffic.isPaused) return undefined;
        const source = frame === undefined ? undefined : traffic.sourceOf(frame);
        if (source !== undefined && !isFile(document.uri, source)) return undefined;
        const range = await locateExpression(session, found.text, frame);
        const address = printAddress(range.start);
        await target.call('resolve', { expression: address });
        const links = [link('liveMemory.showVariable', 'Show in Live Memory', found.text)];
        if (range.length === target.facts.pointerBytes)
          links.push(link('liveMemory.showPointed', 'What It Points To', found.text));
        const size = range.length === 1 ? '1 byte' : `${range.length} bytes`;
        const text = new vscode.MarkdownString(`${links.join(' · ')} — ${size} at \`${address}\``);
        text.isTrusted = { enabledCommands: ['liveMemory.showVariable', 'liveMemory.showPointed'] };
        return new vscode.Hover(text, new vscode.Range(line, found.start, line, found.end));
      } catch {
        // Most words are no variables, and a hover is no place to say so.
        return undefined;
      }
    },
  });
}

/** Compilers note paths such as `src/../main.c`. */
function isFile({ scheme, fsPath }: vscode.Uri, file: string): boolean {
  return scheme === 'file' && normalize(fsPath) === normalize(file);
}

function link(command: string, title: string, expression: string): string {
  return `[${title}](command:${command}?${encodeURIComponent(JSON.stringify({ expression }))})`;
}
