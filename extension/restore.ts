import { asError, MemoryError } from '../common/error.ts';
import type { TargetFacts } from '../common/protocol.ts';
import type * as vscode from 'vscode';
import { absentTarget, printTarget, type Target } from './target.ts';
import type { Targets } from './targets.ts';
import type { Views } from './views.ts';
import { viewStateFrom } from './viewState.ts';

/** Brings views back after a reload of the window, on the process they showed and on no other. */
export function createSerializer(
  targets: Targets,
  views: Views,
  report: (error: unknown) => void,
): vscode.WebviewPanelSerializer {
  return {
    async deserializeWebviewPanel(panel, stored) {
      const state = viewStateFrom(stored);
      if (state === undefined) {
        panel.dispose();
        report(new MemoryError('Invalid', 'A memory view could not be brought back: what it showed was not stored.'));
        return;
      }
      const { facts, place, choices } = state;
      views.adopt(panel, await sameTarget(targets, facts), { place, choices });
    },
  };
}

/** The process again, or a stand-in that says why it is not there. A number that comes back is not a process. */
async function sameTarget(targets: Targets, facts: TargetFacts): Promise<Target> {
  if (facts.through !== undefined)
    return absentTarget(
      facts,
      `${facts.name} was read through a debug session, which did not survive the reload. Start the session again and show a variable of it.`,
    );
  const wasThere = targets.find(facts.pid) !== undefined;
  let target: Target;
  try {
    target = await targets.attach(facts.pid);
  } catch (error) {
    const why = asError(error).message;
    const isGone = error instanceof MemoryError && error.code === 'Gone';
    return absentTarget(
      facts,
      isGone ? `${printTarget(facts)} has exited.` : `${printTarget(facts)} cannot be opened again. ${why}`,
    );
  }
  const { startTime, executable, name } = target.facts;
  if (startTime === facts.startTime && executable === facts.executable) return target;
  if (!wasThere) targets.detach(target);
  return absentTarget(
    facts,
    startTime === facts.startTime
      ? `Process ${facts.pid} runs ${executable || name} now, no longer ${facts.executable || facts.name}.`
      : `${printTarget(facts)} has ended; its number belongs to another process now.`,
  );
}
