import { arch, release } from 'node:os';
import { getSystemErrorName } from 'node:util';

/*
 * What the two calls do was measured on one kernel, and the project relies on some of it. So a difference is one of two
 * things:
 *
 * - on the measured kernel, whichever case differs: the case is wrong, or the kernel's 6.18 series is not what it was;
 * - on any other kernel, a case with `relied`: the project will not work there as it is written, and `relied` says what breaks.
 *
 * Both fail. A case that nothing relies on is skipped on another kernel, with what was found as the reason, and all that
 * differs is printed at the end as one list: what to add to the table when another kernel is measured.
 */

export interface Kernel {
  readonly release: string;
  readonly arch: string;
}

export const measured = { series: '6.18', arch: 'x64' } as const;

export const runningKernel: Kernel = { release: release(), arch: arch() };

/** One line of the tables: what a call is to return. */
export interface Claim {
  readonly name: string;
  /** Bytes, or -errno. */
  readonly expected: number;
  /** What of the project relies on it. */
  readonly relied?: string;
  /** What of the kernel decides it, where another kernel may well do otherwise. */
  readonly fact?: string;
}

export interface Verdict {
  readonly is: 'held' | 'different' | 'failed';
  readonly sentence: string;
}

export function judge(claim: Claim, found: number, kernel: Kernel): Verdict {
  const { name, expected, relied, fact } = claim;
  if (found === expected) return { is: 'held', sentence: '' };
  const isMeasured = kernel.release.startsWith(`${measured.series}.`) && kernel.arch === measured.arch;
  const sentence = [
    `${name}: expected ${printOutcome(expected)}, found ${printOutcome(found)} on Linux ${kernel.release} (${kernel.arch})`,
    ...(relied === undefined ? [] : [`relied on: ${relied}`]),
    ...(fact === undefined ? [] : [`decided by: ${fact}`]),
  ].join('; ');
  return { is: isMeasured || relied !== undefined ? 'failed' : 'different', sentence };
}

/** `4096`, `-EFAULT`. */
export function printOutcome(outcome: number): string {
  return outcome >= 0 ? String(outcome) : `-${getSystemErrorName(outcome)}`;
}

const differences: string[] = [];

/** Compares what a call returned with what it is to return. Ends the test where they differ: failed, or skipped with the reason. */
export function check(context: { skip(note: string): never }, claim: Claim, found: number): void {
  const { is, sentence } = judge(claim, found, runningKernel);
  if (is === 'held') return;
  differences.push(sentence);
  if (is === 'failed') throw new Error(sentence);
  context.skip(sentence);
}

/** All that differed in this file, as lines to print at its end; empty where everything held. */
export function printDifferences(): string {
  if (differences.length === 0) return '';
  const kernel = `Linux ${runningKernel.release} (${runningKernel.arch})`;
  return [`${kernel} differs from Linux ${measured.series} (${measured.arch}) in:`, ...differences].join('\n  ');
}
