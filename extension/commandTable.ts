import * as vscode from 'vscode';
import { printAddress } from '../common/address.ts';
import { MemoryError } from '../common/error.ts';
import { viewActions, type EditResult, type ViewAction } from '../common/protocol.ts';
import type { Range } from '../common/range.ts';
import { isMenuContext, parseSaveArgument, parseTargetArgument } from './arguments.ts';
import { askForAddress, askForRange } from './ask.ts';
import { resolveAddress, type Attach } from './attach.ts';
import type { CommandTable } from './commands.ts';
import type { BreakOnBytes } from './debug/breakOnBytes.ts';
import type { CompareMemory } from './debug/compare.ts';
import type { ShowVariable } from './debug/show.ts';
import { askForDisplay } from './display.ts';
import type { Editing } from './editing.ts';
import { saveHistory, type HistoryDocuments } from './historyDocument.ts';
import type { Log } from './log.ts';
import { pickProcess } from './pick.ts';
import { explainAccess, listProcesses, type AccessAnswer } from './processes.ts';
import { requireLinux } from './platform.ts';
import { chooseOne } from './quickInput.ts';
import { rangeOfNode, type RegionNode, type RegionsNode } from './regionNodes.ts';
import type { Regions } from './regions.ts';
import { saveMemory, tellSaved } from './save.ts';
import { printTarget, type OpenAgent, type Target } from './target.ts';
import { notAttached, type Targets } from './targets.ts';
import { placeAt } from './place.ts';
import type { View } from './view.ts';
import type { Views } from './views.ts';

export interface CommandSurroundings {
  readonly openAgent: OpenAgent;
  readonly targets: Targets;
  readonly views: Views;
  readonly editing: Editing;
  readonly regions: Regions;
  readonly histories: HistoryDocuments;
  readonly attach: Attach;
  readonly showVariable: ShowVariable;
  readonly breakOnBytes: BreakOnBytes;
  readonly compareMemory: CompareMemory;
  readonly log: Log;
}

/** View actions whose commands do more than pass them on. */
const notPassedOn: ReadonlySet<ViewAction> = new Set([
  'goTo',
  'undo',
  'redo',
  'togglePause',
  'toggleEditing',
  'copyAddress',
] as const);
/** What only the webview can do, and does when a menu or a keybinding asks for it. */
const inView = viewActions.filter((action) => !notPassedOn.has(action));

/** Every command of the extension. */
export function commandTable(around: CommandSurroundings): CommandTable {
  const { openAgent, targets, views, editing, regions, histories, attach, showVariable, breakOnBytes, log } = around;
  const list = () => listProcesses(openAgent);

  /** The target that a command means: the one named, the active view's, the only one, or the one that the user picks. */
  async function meant(argument: unknown): Promise<Target> {
    const { pid } = parseTargetArgument(argument);
    if (isRegionsNode(argument)) return argument.target;
    if (pid !== undefined) {
      const target = targets.find(pid);
      if (target === undefined) throw notAttached(pid);
      return target;
    }
    const active = views.active();
    if (active !== undefined) return active.target;
    const all = targets.all();
    if (all.length === 0)
      throw new MemoryError('Invalid', 'No process is attached. Run "Live Memory: Attach to Process…" first.');
    if (all.length === 1) return all[0] as Target;
    const items = all.map((target) => ({
      label: printTarget(target.facts),
      description: target.status.state === 'running' ? '' : target.status.state,
      detail: target.facts.commandLine,
      target,
    }));
    const chosen = await chooseOne(items, { title: 'Which Process?', matchOnDetail: true });
    if (chosen === undefined) throw new vscode.CancellationError();
    return chosen.target;
  }

  /** Lets the user pick until a process opens or they give up; one that cannot be opened says why. */
  async function attachByHand(address: string | undefined): Promise<View | undefined> {
    for (;;) {
      const pid = await pickProcess(list, { title: 'Attach to Process', verb: 'Attach to' }, log.report);
      if (pid === undefined) return undefined;
      try {
        return await attach.view({ pid, ...(address !== undefined && { address }) }, 'hand');
      } catch (error) {
        if (!(error instanceof MemoryError) || error.code === 'Cancelled') throw error;
        const again = await vscode.window.showWarningMessage(error.message, 'Choose Another Process');
        if (again === undefined) return undefined;
      }
    }
  }

  async function attachTo(argument: unknown): Promise<unknown> {
    requireLinux();
    const { pid, address } = parseTargetArgument(argument);
    const view =
      pid === undefined
        ? await attachByHand(address)
        : await attach.view({ pid, ...(address !== undefined && { address }) }, 'argument');
    return view?.target.facts;
  }

  async function open(argument: unknown): Promise<unknown> {
    const { pid, address } = parseTargetArgument(argument);
    if (pid !== undefined) return attachTo(argument);
    if (targets.all().length === 0 && views.active() === undefined) return attachTo(argument);
    const target = await meant(argument);
    const place = address === undefined ? undefined : placeAt(await resolveAddress(target, address));
    return views.open(target, { place }).target.facts;
  }

  async function goTo(argument: unknown): Promise<void> {
    const { pid, address } = parseTargetArgument(argument);
    const there = pid === undefined ? (views.active() ?? views.latest()) : views.latest(await meant(argument));
    if (there !== undefined && address === undefined) {
      there.perform('goTo');
      return;
    }
    const target = there?.target ?? (await meant(argument));
    const expression = address ?? (await askForAddress(target));
    if (expression === undefined) return;
    showAt(target, { start: await resolveAddress(target, expression), length: 1 });
  }

  function showAt(target: Target, range: Range, anew = false): void {
    const view = anew ? undefined : views.latest(target);
    if (view !== undefined) view.goTo({ address: printAddress(range.start), length: 1 });
    else views.open(target, { place: placeAt(range.start) }, anew ? vscode.ViewColumn.Beside : undefined);
  }

  async function explain(argument: unknown): Promise<AccessAnswer | undefined> {
    requireLinux();
    const given = parseTargetArgument(argument).pid;
    const pid =
      given ?? (await pickProcess(list, { title: 'Why Can’t I Open This Process?', verb: 'Explain' }, log.report));
    if (pid === undefined) return undefined;
    const answer = await explainAccess(openAgent, pid);
    tellAccess(answer, pid).catch(log.report);
    return answer;
  }

  async function tellAccess({ allowed, message }: AccessAnswer, pid: number): Promise<void> {
    if (!allowed) {
      const choice = await vscode.window.showWarningMessage(message, 'Copy');
      if (choice !== undefined) await vscode.env.clipboard.writeText(message);
      return;
    }
    const choice = await vscode.window.showInformationMessage(message, 'Attach');
    if (choice !== undefined) await attach.view({ pid }, 'hand');
  }

  async function save(argument: unknown): Promise<unknown> {
    if (isRegionsNode(argument) && argument.type === 'region') return saveRange(argument.target, rangeOfNode(argument));
    if (isMenuContext(argument)) {
      const target = await meant(argument);
      const range = await askForRange(target, views.latest(target));
      return range && saveRange(target, range);
    }
    const { pid, range, file } = parseSaveArgument(argument);
    return saveRange(await attach.target(pid, 'argument'), range, file);
  }

  async function saveRange(target: Target, range: Range, file?: string): Promise<unknown> {
    const saved = await saveMemory(target, range, file);
    if (saved === undefined) return undefined;
    tellSaved(saved).catch(log.report);
    return saved.result;
  }

  function detach(target: Target): void {
    targets.detach(target);
  }

  async function toggleEditing(argument: unknown): Promise<boolean> {
    const target = await meant(argument);
    return editing.set(target, !editing.isOn(target));
  }

  function perform(action: ViewAction): void {
    const view = views.active() ?? views.latest();
    if (view === undefined) throw noView();
    view.perform(action);
  }

  function readAbsent(on: boolean): void {
    const view = views.active() ?? views.latest();
    if (view === undefined) throw noView();
    view.setFaultIn(on);
  }

  async function chooseDisplay(): Promise<void> {
    const view = views.active() ?? views.latest();
    if (view === undefined) throw noView();
    const changes = await askForDisplay(view.choices);
    if (changes !== undefined) view.choose(changes, 'user');
  }

  /** Undo and redo show where they wrote; in a view that is at hand they also say there why they could not. */
  async function goBack(which: 'undo' | 'redo', argument: unknown): Promise<EditResult | undefined> {
    const target = await meant(argument);
    const view = views.latest(target);
    try {
      const result = await editing[which](target);
      view?.goTo({ address: result.start, length: result.bytes.length });
      return result;
    } catch (error) {
      if (!(error instanceof MemoryError) || error.code === 'Cancelled' || view?.panel.active !== true) throw error;
      view.notice('error', error.message);
      return undefined;
    }
  }

  async function clearHistory(argument: unknown): Promise<void> {
    const target = await meant(argument);
    const answer = await vscode.window.showWarningMessage(
      `Clear the write history of ${printTarget(target.facts)}?`,
      { modal: true, detail: 'The writes stay in the program, and can no longer be undone.' },
      'Clear History',
    );
    if (answer !== undefined) target.history.clear();
  }

  return {
    'liveMemory.attach': attachTo,
    'liveMemory.open': open,
    'liveMemory.goTo': goTo,
    'liveMemory.detach': async (argument) => detach(await meant(argument)),
    'liveMemory.toggleEditing': toggleEditing,
    'liveMemory.stopEditing': toggleEditing,
    'liveMemory.undo': (argument) => goBack('undo', argument),
    'liveMemory.redo': (argument) => goBack('redo', argument),
    'liveMemory.pause': () => perform('togglePause'),
    'liveMemory.resume': () => perform('togglePause'),
    'liveMemory.readAbsent': () => readAbsent(true),
    'liveMemory.leaveAbsent': () => readAbsent(false),
    'liveMemory.showVariable': showVariable.own,
    'liveMemory.showPointed': showVariable.pointed,
    'liveMemory.dataBreakpoints': () => breakOnBytes.manage(),
    'liveMemory.compareWithDebugger': () => around.compareMemory.run(),
    'liveMemory.saveRegion': save,
    'liveMemory.explainAccess': explain,
    'liveMemory.chooseDisplay': chooseDisplay,
    'liveMemory.showHistory': async (argument) => void (await histories.show(await meant(argument))),
    'liveMemory.saveHistory': async (argument) => (await saveHistory(await meant(argument)))?.fsPath,
    'liveMemory.clearHistory': clearHistory,
    'liveMemory.refreshRegions': () => regions.refresh(),
    'liveMemory.filterRegions': () => regions.askForFilter(),
    'liveMemory.clearRegionsFilter': () => regions.setFilter(''),
    'liveMemory.groupRegions': () => regions.askForGrouping(),
    'liveMemory.openRegion': (argument) => withRegion(argument, (node) => showAt(node.target, rangeOfNode(node))),
    'liveMemory.openRegionToSide': (argument) =>
      withRegion(argument, (node) => showAt(node.target, rangeOfNode(node), true)),
    'liveMemory.copyAddress': (argument) =>
      isRegionsNode(argument)
        ? withRegion(argument, (node) => vscode.env.clipboard.writeText(printAddress(rangeOfNode(node).start)))
        : perform('copyAddress'),
    ...Object.fromEntries(inView.map((action) => [`liveMemory.${action}`, () => perform(action)])),
    'liveMemory.showLog': () => log.show(),
  };
}

function noView(): MemoryError {
  return new MemoryError('Invalid', 'No memory view is open. Run "Live Memory: Open Memory View" first.');
}

function isRegionsNode(value: unknown): value is RegionsNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'target' in value;
}

function withRegion<T>(argument: unknown, run: (node: RegionNode) => T): T {
  if (isRegionsNode(argument) && argument.type === 'region') return run(argument);
  throw new MemoryError('Invalid', 'Run this from a region in the Regions view.');
}
