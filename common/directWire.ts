import type { ViewContract, ViewHostContract } from './protocol.ts';

/**
 * Said on VS Code's own wire: where a page may connect, once, to go past VS Code's window. A page that cannot, or may not, stays
 * where it is.
 */
export interface DirectOffer {
  /** ws://127.0.0.1:<port>/<key> */
  readonly offer: string;
}

export function isOffer(message: unknown): message is DirectOffer {
  return typeof message === 'object' && message !== null && 'offer' in message && typeof message.offer === 'string';
}

/**
 * What goes by VS Code's own wire always, because the window has a part in it: a panel is revealed, and takes the keyboard, before its
 * page is told to go somewhere; and a list that a command of the page opens closes again when a panel takes the keyboard after it.
 */
const withWindow = new Set<unknown>(['goTo', 'perform', 'command'] satisfies (keyof (ViewContract['says'] &
  ViewHostContract['says']))[]);

export function goesWithWindow(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'say' in message && withWindow.has(message.say);
}
