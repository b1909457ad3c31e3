import { addressFrom } from '../common/address.ts';
import { printRange, rangeFrom, type Range } from '../common/range.ts';
import { parseSaveText } from './arguments.ts';
import { enterText } from './quickInput.ts';
import { printTarget, type Target } from './target.ts';
import type { View } from './view.ts';

export function askForAddress(target: Target): Promise<string | undefined> {
  return enterText({
    title: `Go to Address in ${printTarget(target.facts)}`,
    placeholder: '0x7f…, [heap]+0x40, libc.so.6+0x1234, *0x7f…',
  });
}

/** The range to save, begun with what is selected in the view. */
export async function askForRange(target: Target, view: View | undefined): Promise<Range | undefined> {
  const selection = view?.place?.selection;
  const selected = selection && selectedRange(addressFrom(selection.anchor), addressFrom(selection.caret));
  const text = await enterText(
    {
      title: `Save Memory of ${printTarget(target.facts)} to a File`,
      prompt: 'An address and how many bytes',
      placeholder: '[heap] 4096',
      ...(selected !== undefined &&
        selected.length > 1 && { value: `${printRange(selected).start} ${selected.length}` }),
    },
    parseSaveText,
  );
  if (text === undefined) return undefined;
  const { expression, length } = parseSaveText(text);
  const { address } = await target.call('resolve', { expression });
  return rangeFrom({ start: address, length });
}

function selectedRange(anchor: bigint, caret: bigint): Range {
  const start = anchor < caret ? anchor : caret;
  return { start, length: Number((anchor < caret ? caret : anchor) - start) + 1 };
}
