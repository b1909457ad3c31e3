import * as vscode from 'vscode';
import { refreshRateMax, refreshRateMin } from '../common/limits.ts';
import type { Choices } from '../common/protocol.ts';
import type { EditingPolicy } from './editing.ts';
import { choicesFrom, type ChoiceName, choiceNames } from './choices.ts';

/** What the user has set, as values that make sense whatever the settings file says. Read anew at each call. */
export const settings = {
  /** Milliseconds between ticks. */
  intervalMs(): number {
    const rate = section().get<unknown>('refreshRate');
    const sane = typeof rate === 'number' && Number.isFinite(rate) ? rate : refreshRateMax;
    return 1000 / Math.min(refreshRateMax, Math.max(refreshRateMin, sane));
  },
  editing(): EditingPolicy {
    const policy = section().get<unknown>('editing');
    return policy === 'on' || policy === 'off' ? policy : 'ask';
  },
  attachesAutomatically(): boolean {
    return section().get<unknown>('debug.attachAutomatically') !== false;
  },
  hasDirectWires(): boolean {
    return section().get<unknown>('directConnection') !== false;
  },
  choices(): Choices {
    const set = section();
    return choicesFrom(Object.fromEntries(choiceNames.map((name) => [name, set.get<unknown>(name)])));
  },
};

export interface SettingsChange {
  readonly refreshRate: boolean;
  readonly editing: boolean;
  readonly choices: readonly ChoiceName[];
}

export function onDidChangeSettings(hear: (change: SettingsChange) => void): vscode.Disposable {
  return vscode.workspace.onDidChangeConfiguration((event) => {
    if (!event.affectsConfiguration('liveMemory')) return;
    hear({
      refreshRate: event.affectsConfiguration('liveMemory.refreshRate'),
      editing: event.affectsConfiguration('liveMemory.editing'),
      choices: choiceNames.filter((name) => event.affectsConfiguration(`liveMemory.${name}`)),
    });
  });
}

function section(): vscode.WorkspaceConfiguration {
  return vscode.workspace.getConfiguration('liveMemory');
}
