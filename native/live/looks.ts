import type { Disposable } from '../../common/dispose.ts';
import { asError } from '../../common/error.ts';
import { regionLookCostFactor, regionLookMs, regionLookMsMax, regionLookMsMin } from '../../common/limits.ts';
import type { Figures, Residency } from '../../common/protocol.ts';
import type { RegionTable } from '../../common/region.ts';
import type { Process } from '../process.ts';

export interface LookOptions {
  /** The version of the regions that have been told already. */
  readonly toldVersion: number;
  readonly regions: (table: RegionTable) => void;
  readonly residency: (residency: Residency) => void;
  readonly stopped: (stopped: boolean) => void;
  /** After every look, so that pages which could not be read are asked for again. */
  readonly looked: () => void;
  readonly ended: (error: Error) => void;
}

/** Looks at the regions, their residency and the state of a process, again and again while somebody wants to know. */
export interface Looks extends Disposable {
  /** Starts with a look at once, for one look or for as long as it is told, or stops all work. */
  watch(watched: boolean | 'once'): void;
  /** Looks earlier than planned: something has become unreadable. */
  hurry(): void;
}

/** What is looked at: a process, or what a test has in its place. */
export type Looked = Pick<Process, 'look' | 'table' | 'isStopped' | 'residency'>;

export function createLooks(target: Looked, options: LookOptions): Looks {
  let watched: boolean | 'once' = false;
  let disposed = false;
  let looking = false;
  /** Whether one look was asked for while another was under way, which may have seen what was before. */
  let again = false;
  /** The longest that the next look may wait; shorter when somebody is in a hurry. */
  let waitMsMax = regionLookMsMax;
  let timer: NodeJS.Timeout | undefined;
  let begunMs = -Infinity;
  let { toldVersion } = options;
  let toldResidency: Residency | undefined;
  let wasStopped: boolean | undefined;

  /** Between pieces of the residency's work ticks go on; it ends when nobody watches any more. */
  function pause(): Promise<void> {
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (disposed || watched === false) reject(abandoned);
        else resolve();
      });
    });
  }

  async function look(): Promise<void> {
    timer = undefined;
    looking = true;
    waitMsMax = regionLookMsMax;
    begunMs = performance.now();
    let costMs = 0;
    try {
      target.look();
      const { table } = target;
      const changed = table.version !== toldVersion;
      const stopped = target.isStopped();
      if (stopped !== wasStopped) options.stopped(stopped);
      wasStopped = stopped;
      if (changed) options.regions(table);
      toldVersion = table.version;
      options.looked();
      costMs = performance.now() - begunMs;
      const { costMs: residencyMs, ...figures } = await target.residency(table, pause);
      costMs += residencyMs;
      const told = { version: table.version, ...figures };
      const isKnown = toldResidency?.version === told.version && sameFigures(toldResidency, told);
      if (!isKnown) options.residency(told);
      toldResidency = told;
    } catch (error) {
      if (error !== abandoned) {
        watched = false;
        options.ended(asError(error));
      }
    }
    looking = false;
    if (watched === 'once' && !again) watched = false;
    again = false;
    schedule(Math.min(waitMsMax, Math.max(regionLookMs, costMs * regionLookCostFactor)));
  }

  function schedule(afterMs: number): void {
    clearTimeout(timer);
    timer = undefined;
    if (watched === false || disposed || looking) return;
    timer = setTimeout(() => void look(), Math.max(0, begunMs + afterMs - performance.now()));
  }

  return {
    watch(wanted) {
      again = looking && wanted === 'once';
      if (again) waitMsMax = regionLookMsMin;
      if (wanted === watched) return;
      watched = wanted;
      schedule(regionLookMsMin);
    },
    hurry() {
      waitMsMax = regionLookMsMin;
      schedule(regionLookMsMin);
    },
    dispose() {
      disposed = true;
      clearTimeout(timer);
    },
  };
}

const abandoned = new Error('nobody watches any more');

function sameFigures(a: Figures, b: Figures): boolean {
  return (
    sameNumbers(a.resident, b.resident) &&
    sameNumbers(a.swapped, b.swapped) &&
    sameNumbers(a.zero, b.zero) &&
    sameNumbers(a.huge, b.huge)
  );
}

/** Whether two columns hold the same numbers; NaN is the same as NaN. */
function sameNumbers(a: Float64Array, b: Float64Array): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
