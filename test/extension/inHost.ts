import * as vscode from 'vscode';
import type { LiveMemoryApi } from '../../extension/api.ts';
import type { RunningTarget } from '../target/target.ts';

/** What suites in the extension host share. Messages are answered by stubs, because nobody is there to press a button. */

export function extensionPath(): string {
  return extension().extensionPath;
}

function extension(): vscode.Extension<LiveMemoryApi> {
  const found = vscode.extensions.getExtension<LiveMemoryApi>('live-memory.live-memory');
  if (found === undefined) throw new Error('the extension is not there');
  return found;
}

export async function activeApi(): Promise<LiveMemoryApi> {
  return extension().activate();
}

/** `test/target/scratch.c`, which does to its memory what it is told. */
export async function startScratch(): Promise<RunningTarget> {
  // The target's module finds the repository from the variable when it is loaded.
  process.env['LIVE_MEMORY_ROOT'] ??= extensionPath();
  const { startTarget } = await import('../target/target.ts');
  return startTarget('scratch');
}

type Message = 'showInformationMessage' | 'showWarningMessage' | 'showErrorMessage';
const kinds: readonly Message[] = ['showInformationMessage', 'showWarningMessage', 'showErrorMessage'];

export interface Messages {
  /** Each message with its detail, in order. */
  readonly shown: string[];
  /** What is pressed: a button that is there, or nothing. */
  press: string | undefined;
  restore(): void;
}

/** Takes the place of VS Code's messages until `restore`. */
export function answerMessages(press?: string): Messages {
  const real = kinds.map((kind) => [kind, vscode.window[kind]] as const);
  const shown: string[] = [];
  const messages: Messages = {
    shown,
    press,
    restore: () => real.forEach(([kind, show]) => void Object.assign(vscode.window, { [kind]: show })),
  };
  const show = (message: string, ...rest: readonly (string | vscode.MessageOptions)[]): Promise<string | undefined> => {
    const options = rest.find((part) => typeof part === 'object');
    shown.push(options?.detail === undefined ? message : `${message} ${options.detail}`);
    return Promise.resolve(
      rest.find((part) => typeof part === 'string' && part === messages.press) as string | undefined,
    );
  };
  for (const kind of kinds) Object.assign(vscode.window, { [kind]: show });
  return messages;
}

export async function setSetting(name: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('liveMemory').update(name, value, vscode.ConfigurationTarget.Global);
}

/** Waits until something is so; fails with what it was about after five seconds. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 5000; ;) {
    if (await isSo()) return;
    if (Date.now() > end) throw new Error(`${what}: not so after five seconds`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The labels of the open memory views. */
export function viewLabels(): string[] {
  return vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => tab.input instanceof vscode.TabInputWebview && tab.input.viewType.endsWith('liveMemory.view'))
    .map((tab) => tab.label);
}
