import { addressFrom, type AddressText } from '../common/address.ts';
import type { ViewContract } from '../common/protocol.ts';
import type { HostChannel } from './port.ts';
import type { Toolbar } from './toolbar.ts';
import type { Travel } from './travel.ts';

/** The expression that the view follows: it goes where the expression leads whenever that changes. */
export interface Pin {
  readonly expression: string | undefined;
  /** Follows what the address box has, or nothing any more. */
  toggle(): void;
  /** Somebody went elsewhere by the address box: what is pinned is that. */
  went(expression: string): void;
  show(pinned: ViewContract['says']['pinned']): void;
}

export function createPin(
  toolbar: Toolbar,
  travel: () => Travel,
  host: () => HostChannel,
  failed: (error: unknown) => void,
): Pin {
  let expression: string | undefined;
  let address: AddressText | undefined;
  let error: string | undefined;

  function set(next: string | undefined): void {
    expression = next;
    address = error = undefined;
    toolbar.setPinned(next);
    toolbar.address.setInvalid(false);
    host().say('pin', next === undefined ? {} : { expression: next });
    travel().showAddress();
  }

  return {
    get expression() {
      return expression;
    },
    toggle() {
      const text = toolbar.address.text.trim();
      if (expression !== undefined) set(undefined);
      else if (text !== '') set(text);
      else failed('Type an expression into the address box first, for example &buffer[8] or $sp.');
    },
    went(text) {
      if (expression !== undefined && text.trim() !== '') set(text.trim());
    },
    show(pinned) {
      // The host keeps it: a page that has begun anew hears of it here.
      if (pinned.expression !== expression) {
        expression = pinned.expression;
        address = error = undefined;
        toolbar.setPinned(expression);
        travel().showAddress();
      }
      if (expression === undefined) return;
      toolbar.address.setInvalid(pinned.error !== undefined);
      // The same refusal at each step would be in the way.
      if (pinned.error !== undefined && pinned.error !== error) failed(pinned.error);
      error = pinned.error;
      // Who has scrolled away since is not pulled back as long as it leads to the same place.
      if (pinned.address === undefined || pinned.address === address) return;
      address = pinned.address;
      travel().jump(addressFrom(pinned.address), 1);
    },
  };
}
