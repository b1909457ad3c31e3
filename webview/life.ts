import { stepGraceMs } from '../common/limits.ts';
import type { Pulse, TargetStatus } from '../common/protocol.ts';
import type { Grid } from './grid.ts';
import type { Notice } from './notice.ts';
import type { HostChannel } from './port.ts';
import type { StatusLine } from './status.ts';
import type { Toolbar } from './toolbar.ts';

/** Whether the process lives, and whether the view follows it. */
export interface Life {
  readonly isGone: boolean;
  setStatus(status: TargetStatus): void;
  setPulse(pulse: Pulse): void;
  /** Whether the process has not answered for a while. */
  setSilent(silent: boolean): void;
  setPaused(paused: boolean): void;
  /** Whether it is read at stops only, through a debugger. */
  setThrough(through: boolean): void;
  togglePause(): void;
}

export function createLife(
  grid: Grid,
  toolbar: Toolbar,
  notice: Notice,
  statusLine: StatusLine,
  host: HostChannel,
  failed: (error: unknown) => void,
): Life {
  let status: TargetStatus = { state: 'running', sinceMs: 0 };
  let paused = false;
  let silent = false;
  let through = false;
  let pulse: Pulse | undefined;
  /** Runs while a step may be on its way: the eye would see the word of the stop go and come. */
  let step: ReturnType<typeof setTimeout> | undefined;

  function show(): void {
    const isSilent = silent && status.state !== 'gone';
    const running = paused ? 'paused' : through ? 'unseen' : 'running';
    const seen = step === undefined ? status.state : 'stopped';
    const state = isSilent ? 'silent' : seen === 'running' ? running : seen;
    toolbar.setLive({ state, ...(pulse && { ticks: pulse.ticks, givesWay: pulse.givesWay === true }) });
  }

  function showGone(): void {
    statusLine.setPulse(undefined);
    const time = new Date(status.sinceMs).toLocaleTimeString();
    notice.show({
      severity: 'info',
      lasting: true,
      // A view that a reload of the window brought back has seen nothing yet.
      message: `${status.reason ?? 'The process is gone.'}${grid.store.isEmpty ? '' : ` These are the last bytes seen, at ${time}.`}`,
      actions: [
        { label: 'Attach to the Restarted Process', run: () => void host.call('reattach', {}).catch(failed) },
        { label: 'Attach to Another…', run: () => host.say('command', { name: 'attach' }) },
      ],
    });
  }

  function setPaused(next: boolean): void {
    if (status.state === 'gone' || paused === next) return;
    paused = next;
    if (paused) statusLine.setPulse(undefined);
    host.say('pause', { paused });
    show();
  }

  return {
    get isGone() {
      return status.state === 'gone';
    },
    setStatus(next) {
      const wasGone = status.state === 'gone';
      clearTimeout(step);
      step = undefined;
      // What was read at the stop came before this word: see the agent.
      if (status.state === 'stopped' && next.isDebugged === true && next.state === 'running') {
        grid.leaveStop();
        step = setTimeout(() => {
          step = undefined;
          show();
        }, stepGraceMs);
      }
      if (status.isDebugged === true && next.isDebugged !== true) grid.forgetStops();
      status = next;
      const gone = next.state === 'gone';
      if (gone !== wasGone) grid.setGone(gone);
      if (gone) showGone();
      else if (wasGone) notice.hide();
      show();
    },
    setPulse(next) {
      pulse = next;
      statusLine.setPulse(pulse);
      show();
    },
    setSilent(next) {
      silent = next;
      if (silent) statusLine.setPulse(undefined);
      show();
    },
    setPaused,
    setThrough(next) {
      through = next;
      show();
    },
    togglePause: () => setPaused(!paused),
  };
}
