import * as vscode from 'vscode';
import { pidMax } from '../common/limits.ts';
import type { ProcessEntry } from '../common/protocol.ts';
import { printSize } from '../common/size.ts';
import { ask } from './quickInput.ts';

interface ProcessItem extends vscode.QuickPickItem {
  readonly pid?: number;
}

export interface PickOptions {
  readonly title: string;
  /** What choosing an entry does, for a typed pid: `Attach to`. */
  readonly verb: string;
}

/** Lets the user choose a process, or type a pid; `undefined` where they did neither. Lists anew each time. */
export async function pickProcess(
  list: () => Promise<readonly ProcessEntry[]>,
  options: PickOptions,
  report: (error: unknown) => void,
): Promise<number | undefined> {
  const pick = vscode.window.createQuickPick<ProcessItem>();
  const refresh: vscode.QuickInputButton = { iconPath: new vscode.ThemeIcon('refresh'), tooltip: 'List Again' };
  pick.title = options.title;
  pick.placeholder = 'Type a name, a user, a part of the command line, or a process id';
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  pick.buttons = [refresh];
  let listed: readonly ProcessItem[] = [];
  let processes: ReadonlyMap<number, ProcessEntry> = new Map();
  let asked = 0;
  let shown = true;
  /** Whether the entry of the pid that is typed by now has been the active one on the screen. */
  let isOffered = false;

  async function load(): Promise<void> {
    const turn = ++asked;
    pick.busy = true;
    try {
      const entries = await list();
      if (turn !== asked || !shown) return;
      listed = itemsOf(entries);
      processes = new Map(entries.map((entry) => [entry.pid, entry]));
      pick.keepScrollPosition = true;
      show();
    } catch (error) {
      report(error);
    } finally {
      if (turn === asked && shown) pick.busy = false;
    }
  }

  function show(): void {
    const typed = typedPid(pick.value);
    if (typed === undefined) {
      pick.items = listed;
      return;
    }
    // Digits are in many pids and command lines; a pid that is typed whole is that process and no other.
    const exact = typedItem(typed, options.verb, processes.get(typed));
    pick.items = [exact, ...listed.filter(({ pid }) => pid !== typed)];
    pick.activeItems = [exact];
  }

  pick.onDidChangeValue(() => {
    isOffered = false;
    show();
  });
  pick.onDidTriggerButton(() => void load());
  pick.onDidChangeActive(([active]) => {
    if (active !== undefined && active.pid === typedPid(pick.value)) isOffered = true;
  });
  void load();
  const chosen = await ask(pick, () => {
    const typed = typedPid(pick.value);
    // Whoever types fast has not seen what is offered for it: until then the list is that of the digits before.
    return typed !== undefined && !isOffered ? typed : pick.selectedItems[0]?.pid;
  });
  shown = false;
  return chosen;
}

/** Own ones first, then by name; those that cannot be opened come last in their group. */
function itemsOf(processes: readonly ProcessEntry[]): ProcessItem[] {
  const sorted = processes.toSorted(
    (a, b) =>
      Number(b.own) - Number(a.own) ||
      Number(a.denied !== null) - Number(b.denied !== null) ||
      a.name.localeCompare(b.name) ||
      a.pid - b.pid,
  );
  const items: ProcessItem[] = [];
  const separator = (label: string): void => void items.push({ label, kind: vscode.QuickPickItemKind.Separator });
  sorted.forEach((process, index) => {
    const before = sorted[index - 1];
    if (before?.own !== process.own) separator(process.own ? 'own processes' : 'other users');
    items.push(itemOf(process));
  });
  return items;
}

function itemOf(process: ProcessEntry): ProcessItem {
  const { pid, name, denied } = process;
  return {
    pid,
    label: denied === null ? `$(circuit-board) ${name}` : `$(lock) ${name}`,
    description: `${pid} · ${ownerOf(process)}`,
    detail: detailOf(process),
  };
}

function typedItem(pid: number, verb: string, process: ProcessEntry | undefined): ProcessItem {
  const label = `$(arrow-right) ${verb} process ${pid}`;
  if (process === undefined) return { pid, label, description: 'not in the list', alwaysShow: true };
  return {
    pid,
    label,
    description: `${process.name} · ${ownerOf(process)}`,
    detail: detailOf(process),
    alwaysShow: true,
  };
}

const ownerOf = ({ user, residentBytes }: ProcessEntry): string => `${user} · ${printSize(residentBytes)}`;

const detailOf = ({ name, commandLine, denied }: ProcessEntry): string =>
  denied === null ? commandLine || `[${name}]` : `${denied} — ${commandLine}`;

function typedPid(text: string): number | undefined {
  const pid = /^\d{1,7}$/.test(text.trim()) ? Number(text) : 0;
  return pid >= 1 && pid <= pidMax ? pid : undefined;
}
