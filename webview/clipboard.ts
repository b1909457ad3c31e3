import { printAddress } from '../common/address.ts';
import { readBytesMax } from '../common/limits.ts';
import { printRange } from '../common/range.ts';
import { printSize } from '../common/size.ts';
import { printCopy, type CopyForm } from './copy.ts';
import type { Editor } from './edit.ts';
import type { Grid } from './grid.ts';
import type { HostChannel } from './port.ts';
import { selectedRange } from './selection.ts';

/** Copying what is selected, and pasting from the view's own menu. The bytes are read anew: what is copied is true now. */
export interface Clipboard {
  /** Answers whether it is on the clipboard. */
  copy(form: CopyForm): Promise<boolean>;
  copyAddress(): Promise<void>;
  cut(): Promise<void>;
  paste(): Promise<void>;
}

export function createClipboard(
  grid: Grid,
  host: HostChannel,
  editor: Editor,
  outcome: { failed(error: unknown): void; copied(what: string): void },
): Clipboard {
  async function copy(form: CopyForm): Promise<boolean> {
    if (grid.selection === undefined) return false;
    const range = selectedRange(grid.selection);
    try {
      if (range.length > readBytesMax) {
        throw new Error(
          `${printSize(range.length)} are selected; at most ${printSize(readBytesMax)} can be copied. Save the selection to a file instead.`,
        );
      }
      const read = await host.call('read', printRange(range));
      await host.call('copy', { text: printCopy(form, range.start, read, grid.format) });
      outcome.copied(`${range.length.toLocaleString('en')} byte${range.length === 1 ? '' : 's'} copied`);
      return true;
    } catch (error) {
      outcome.failed(error);
      return false;
    }
  }

  return {
    copy,
    async copyAddress() {
      if (grid.selection === undefined) return;
      try {
        await host.call('copy', { text: printAddress(selectedRange(grid.selection).start) });
        outcome.copied('address copied');
      } catch (error) {
        outcome.failed(error);
      }
    },
    async cut() {
      // Nothing is cleared that is not safely on the clipboard.
      if (await copy('hex')) editor.clear();
    },
    async paste() {
      try {
        editor.paste((await host.call('clipboard', {})).text);
      } catch (error) {
        outcome.failed(error);
      }
    },
  };
}
