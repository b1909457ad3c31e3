import { createEmitter, type Event } from '../common/event.ts';
import * as vscode from 'vscode';
import { webviewRoot } from './html.ts';
import type { Target } from './target.ts';
import { createView, type Opening, type View, type ViewSurroundings } from './view.ts';

export const viewType = 'liveMemory.view';

/** The memory views of this window. */
export interface Views {
  all(): readonly View[];
  /** The view that has the focus, if it is one of ours. */
  active(): View | undefined;
  /** The view of the target that had the focus last. */
  latest(target?: Target): View | undefined;
  /** Opens one as a tab of the group that has the focus, unless a column is given. */
  open(target: Target, opening?: Opening, column?: vscode.ViewColumn): View;
  /** Takes over a panel that VS Code has brought back. */
  adopt(panel: vscode.WebviewPanel, target: Target, opening: Opening): View;
  /** A view came, went, got or lost the focus, or its state changed. */
  readonly onDidChange: Event<void>;
}

export function createViews(around: ViewSurroundings): Views {
  const changed = createEmitter<void>();
  let views: View[] = [];

  function adopt(panel: vscode.WebviewPanel, target: Target, opening: Opening): View {
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviewRoot(around.extensionUri)] };
    const view = createView(panel, target, opening, around);
    views = [view, ...views];
    view.onDidChange(() => {
      if (view.panel.active) views = [view, ...views.filter((other) => other !== view)];
      changed.fire();
    });
    view.onDidDispose(() => {
      views = views.filter((other) => other !== view);
      changed.fire();
    });
    changed.fire();
    return view;
  }

  const active = (): View | undefined => views.find((view) => view.panel.active);

  return {
    all: () => views,
    active,
    latest: (target) => views.find((view) => target === undefined || view.target === target),
    // A group of views is locked (package.json): VS Code opens there only what asks for it by its number.
    open(target, opening = {}, column = active()?.panel.viewColumn ?? vscode.ViewColumn.Active) {
      const panel = vscode.window.createWebviewPanel(viewType, 'Live Memory', column, {
        enableScripts: true,
        localResourceRoots: [webviewRoot(around.extensionUri)],
        // A hidden view has to keep its bytes: those of a process that is gone cannot be read again.
        retainContextWhenHidden: true,
      });
      return adopt(panel, target, opening);
    },
    adopt,
    onDidChange: changed.event,
  };
}
