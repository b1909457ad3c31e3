import * as vscode from 'vscode';
import { asError } from '../common/error.ts';

/** How long a list or a box must have been on the screen for its closing to be the user's. */
const settledMs = 500;

type List = vscode.QuickPick<vscode.QuickPickItem>;
type Asking = vscode.QuickInput & Pick<List, 'onDidAccept'> & Partial<List>;

/**
 * Shows a list or a box until the user accepts it, and disposes it. `take` gives what they chose, or `undefined` where that
 * cannot be taken. Resolves to `undefined` where they give up.
 */
export function ask<R>(input: Asking, take: () => R | undefined): Promise<R | undefined> {
  return new Promise((resolve) => {
    let isTaken = false;
    let shownMs = performance.now();
    // The first entry is made the active one by the window, once it has the list: with a busy window that is much later.
    const onActive = input.onDidChangeActive?.(() => {
      shownMs = performance.now();
      onActive?.dispose();
    });
    input.onDidAccept(() => {
      const taken = take();
      if (taken === undefined) return;
      isTaken = true;
      resolve(taken);
      input.hide();
    });
    input.onDidHide(() => {
      // VS Code gives a memory view the keyboard back a moment after its command palette or a menu closes, which closes what
      // has come by then. Shown again it has the keyboard, too: left open without, what is typed would edit the memory.
      // More than once, where it comes late from two of them.
      if (!isTaken && performance.now() - shownMs < settledMs) {
        showAgain(input);
        return;
      }
      resolve(undefined);
      input.dispose();
    });
    input.show();
  });
}

/** VS Code forgets the entries of a list that it has closed. */
function showAgain(input: Asking): void {
  const { items, selectedItems } = input;
  if (items !== undefined) input.items = items;
  if (input.canSelectMany === true && selectedItems !== undefined) input.selectedItems = selectedItems;
  input.show();
}

export interface ListOptions {
  readonly title: string;
  readonly placeholder?: string;
  readonly matchOnDetail?: boolean;
}

/** Lets the user choose one of some; `undefined` where they give up. */
export function chooseOne<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: ListOptions,
): Promise<T | undefined> {
  const pick = listOf(items, options);
  return ask(pick, () => pick.selectedItems[0]);
}

/** Lets the user tick some, those with `picked` from the start; `undefined` where they give up. */
export function chooseMany<T extends vscode.QuickPickItem>(
  items: readonly T[],
  options: ListOptions,
): Promise<readonly T[] | undefined> {
  const pick = listOf(items, options);
  pick.canSelectMany = true;
  pick.selectedItems = items.filter(({ picked }) => picked);
  return ask(pick, () => pick.selectedItems);
}

function listOf<T extends vscode.QuickPickItem>(items: readonly T[], options: ListOptions): vscode.QuickPick<T> {
  return Object.assign(vscode.window.createQuickPick<T>(), options, { items });
}

export interface BoxOptions {
  readonly title: string;
  readonly prompt?: string;
  readonly placeholder?: string;
  readonly value?: string;
}

/** Lets the user type; `undefined` where they give up. What `check` throws is shown, and such a text is not taken. */
export function enterText(options: BoxOptions, check?: (typed: string) => unknown): Promise<string | undefined> {
  const box = Object.assign(vscode.window.createInputBox(), options);
  const faultOf = (typed: string): string | undefined => {
    try {
      check?.(typed);
      return undefined;
    } catch (error) {
      return asError(error).message;
    }
  };
  box.validationMessage = faultOf(box.value);
  box.onDidChangeValue((typed) => (box.validationMessage = faultOf(typed)));
  return ask(box, () => (faultOf(box.value) === undefined ? box.value : undefined));
}
