import type { Address } from '../common/address.ts';

/** Where jumps came from and went to, for back and forward. */
export interface Trail {
  /** A jump from one address to another; what was ahead is forgotten, as in a browser. */
  jump(from: Address | undefined, to: Address): void;
  back(from: Address): Address | undefined;
  forward(from: Address): Address | undefined;
  readonly canGoBack: boolean;
  readonly canGoForward: boolean;
}

/** More steps back than anybody takes. */
const stepsMax = 100;

export function createTrail(): Trail {
  const behind: Address[] = [];
  const ahead: Address[] = [];
  return {
    jump(from, to) {
      ahead.length = 0;
      if (from === undefined || from === to) return;
      if (behind.at(-1) !== from) behind.push(from);
      if (behind.length > stepsMax) behind.shift();
    },
    back(from) {
      const to = behind.pop();
      if (to !== undefined) ahead.push(from);
      return to;
    },
    forward(from) {
      const to = ahead.pop();
      if (to !== undefined) behind.push(from);
      return to;
    },
    get canGoBack() {
      return behind.length > 0;
    },
    get canGoForward() {
      return ahead.length > 0;
    },
  };
}
