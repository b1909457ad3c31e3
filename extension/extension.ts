import { join } from 'node:path';
import * as vscode from 'vscode';
import { openAgent as openAgentIn } from '../native/spawn.ts';
import { createApi, type LiveMemoryApi } from './api.ts';
import { createAttach } from './attach.ts';
import { createRememberedChoices } from './choices.ts';
import { commandTable } from './commandTable.ts';
import { registerCommands } from './commands.ts';
import { createContextKeys } from './context.ts';
import { createBreakOnBytes } from './debug/breakOnBytes.ts';
import { createDataBreakpoints } from './debug/dataBreakpoints.ts';
import { callPrctl } from './debug/callPrctl.ts';
import { createPermits } from './debug/permits.ts';
import { askToLift } from './debug/permitQuestion.ts';
import { createDebugNames } from './debug/names.ts';
import { createCompareMemory } from './debug/compare.ts';
import { createResolve } from './debug/resolve.ts';
import { createRevealSource } from './debug/revealSource.ts';
import { createDebugSessions } from './debug/sessions.ts';
import { registerVariableHover } from './debug/hover.ts';
import { createShowVariable } from './debug/show.ts';
import { createWriteTo } from './debug/write.ts';
import { createDirectWires } from './directWires.ts';
import { createEditing } from './editing.ts';
import { inView } from './inView.ts';
import { createHistoryDocuments } from './historyDocument.ts';
import { createLog } from './log.ts';
import { attachSuccessor, reportAccess, runningProcesses } from './processes.ts';
import { editingQuestions } from './questions.ts';
import { isPageNear } from './platform.ts';
import { createRegions } from './regions.ts';
import { createSerializer } from './restore.ts';
import { saveMemory, tellSaved } from './save.ts';
import { onDidChangeSettings, settings } from './settings.ts';
import { openFromEnvironment, createUriHandler } from './startup.ts';
import type { OpenAgent, Target } from './target.ts';
import { createTargets } from './targets.ts';
import { createViews, viewType } from './views.ts';

/** Builds the extension by hand, in the order in which its parts need each other. Starts no worker and opens no file. */
export function activate(context: vscode.ExtensionContext): LiveMemoryApi {
  const startMs = performance.now();
  const own = <T extends vscode.Disposable>(part: T): T => {
    context.subscriptions.push(part);
    return part;
  };
  const log = own(createLog());
  const { report } = log;
  const setContext = createContextKeys(report);

  const workerFile = join(context.extensionPath, 'dist', 'agent.cjs');
  const openAgent: OpenAgent = (hears, died) => openAgentIn(workerFile, hears, died);
  const targets = own(createTargets(openAgent));
  const choices = createRememberedChoices(context.globalState, settings.choices);
  const sessions = own(
    createDebugSessions({
      targets,
      openAgent,
      attachesAutomatically: settings.attachesAutomatically,
      running: (executable) => runningProcesses(openAgent, executable),
      log: log.info,
      tell: (message) => void vscode.window.showWarningMessage(message),
    }),
  );
  const tellIn = (target: Target, message: string): void => {
    for (const view of views.all()) if (view.target === target) view.notice('info', message);
  };
  const editing = createEditing(settings.editing, editingQuestions, createWriteTo(sessions, tellIn));
  const histories = own(createHistoryDocuments());

  const breakOnBytes = createBreakOnBytes(own(createDataBreakpoints(sessions, log.info)));
  const revealSource = createRevealSource(sessions);

  const wires = own(createDirectWires(log.info));
  const views = createViews({
    extensionUri: context.extensionUri,
    editing,
    choicesOf: (target) => choices.of(target.facts.executable),
    remember: (target, made) => void choices.remember(target.facts.executable, made).then(undefined, report),
    use: targets.use,
    names: own(createDebugNames({ sessions, onWritten: editing.onWritten, log: log.info })),
    directWires: () => (isPageNear() && settings.hasDirectWires() ? wires : undefined),
    resolve: createResolve(sessions),
    reattach: (gone) => attachSuccessor(openAgent, targets, gone),
    async run(name, view, range) {
      switch (name) {
        case 'attach':
          return vscode.commands.executeCommand('liveMemory.attach');
        case 'history':
          return histories.show(view.target);
        case 'save': {
          if (range === undefined) return vscode.commands.executeCommand('liveMemory.saveRegion');
          const saved = await saveMemory(view.target, range, undefined);
          return saved && tellSaved(saved);
        }
        case 'breakOnWrite':
          return inView(view, async () => range && breakOnBytes.choose(view.target, range));
        case 'revealSource':
          return inView(view, async () => range && revealSource(view.target, range.start));
        default:
          return name satisfies never;
      }
    },
    report,
  });
  const attach = createAttach(targets, views);
  const permits = own(
    createPermits({
      sessions,
      pid: process.pid,
      whyDenied: (pid) => reportAccess(openAgent, pid),
      prctl: callPrctl,
      ask: askToLift,
      log: log.info,
      report,
    }),
  );
  const showVariable = createShowVariable(sessions, views, permits.offer);
  own(registerVariableHover(sessions));
  const compareMemory = own(createCompareMemory(sessions, views));
  sessions.onRestart(({ gone, target }) => {
    for (const view of views.all()) if (view.target === gone) view.show(target).catch(report);
  });
  own(
    vscode.debug.onDidChangeActiveStackItem((item) => {
      const target = sessions.find(item?.session.id)?.target;
      for (const view of views.all()) if (item !== undefined && view.target === target) view.followPin();
    }),
  );
  const regions = own(createRegions(targets, setContext));

  own(
    registerCommands(
      commandTable({
        openAgent,
        targets,
        views,
        editing,
        regions,
        histories,
        attach,
        showVariable,
        compareMemory,
        breakOnBytes,
        log,
      }),
      log,
    ),
  );
  own(vscode.window.registerWebviewPanelSerializer(viewType, createSerializer(targets, views, report)));
  own(vscode.window.registerUriHandler(createUriHandler(attach, report)));

  targets.onDidAttach((target) => target.setTempo(settings.intervalMs()));
  own(
    onDidChangeSettings((change) => {
      if (change.refreshRate) for (const target of targets.all()) target.setTempo(settings.intervalMs());
      if (change.editing) editing.refresh(targets.all());
      if (change.choices.length === 0) return;
      choices.forget(change.choices).then(undefined, report);
      const set = settings.choices();
      const changed = Object.fromEntries(change.choices.map((name) => [name, set[name]]));
      for (const view of views.all()) view.choose(changed, 'setting');
    }),
  );
  views.onDidChange(() => {
    const view = views.active();
    setContext('liveMemory.viewFocused', view !== undefined);
    setContext('liveMemory.editing', view !== undefined && editing.isOn(view.target));
    setContext('liveMemory.paused', view?.paused ?? false);
    setContext('liveMemory.readsAbsent', view?.faultIn ?? false);
    setContext('liveMemory.viewGone', view?.target.status.state === 'gone');
  });

  openFromEnvironment(context.workspaceState, attach).catch(report);
  performance.measure('live-memory: activate', { start: startMs });
  return createApi(targets, attach, editing);
}
