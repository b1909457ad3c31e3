import type { Choices } from '../common/protocol.ts';
import type { ByteOrder, TextEncoding, Unit } from '../common/value.ts';
import { createButton, createChoice, createText, type TextControl } from './controls.ts';
import { setData, setTitle } from './text.ts';

/** The one row of controls. When it is narrow, what is also in the menu folds away. */
export interface Toolbar {
  readonly address: TextControl;
  setChoices(choices: Choices): void;
  setTrail(canGoBack: boolean, canGoForward: boolean): void;
  setLive(live: LiveState): void;
  setEditing(editing: boolean): void;
  setPinned(expression: string | undefined): void;
}

export interface LiveState {
  readonly state: 'connecting' | 'running' | 'stopped' | 'paused' | 'gone' | 'silent' | 'unseen';
  /** Ticks in the last second. */
  readonly ticks?: number;
  /** Fewer than asked for, for the program's sake. */
  readonly givesWay?: boolean;
}

export interface ToolbarActions {
  back(): void;
  forward(): void;
  /** The text of the address box. */
  go(text: string): void;
  leaveAddress(): void;
  togglePin(): void;
  choose(change: Partial<Choices>): void;
  togglePause(): void;
  toggleEditing(): void;
  menu(x: number, y: number): void;
}

const unitTexts: Readonly<Record<Unit, string>> = {
  hex8: 'hex 8',
  hex16: 'hex 16',
  hex32: 'hex 32',
  hex64: 'hex 64',
  u8: 'u8',
  u16: 'u16',
  u32: 'u32',
  u64: 'u64',
  i8: 'i8',
  i16: 'i16',
  i32: 'i32',
  i64: 'i64',
  f32: 'f32',
  f64: 'f64',
  bin8: 'binary',
};

const pinLabel = 'Pin: Go to This Expression at Each Stop';

const widths = ['0', '8', '16', '32', '64'] as const;

export function createToolbar(parent: HTMLElement, actions: ToolbarActions): Toolbar {
  const element = document.createElement('div');
  element.className = 'toolbar';
  element.setAttribute('role', 'toolbar');
  element.setAttribute('aria-label', 'Memory view');
  parent.append(element);

  const back = createButton({ icon: 'arrow-left', label: 'Go Back (Alt+Left)', press: () => actions.back() });
  const forward = createButton({
    icon: 'arrow-right',
    label: 'Go Forward (Alt+Right)',
    press: () => actions.forward(),
  });
  const address = createText({
    label: 'Address: 0x…, decimal, [heap]+0x40, libc.so.6+0x1234, *0x…',
    placeholder: 'Address, e.g. [heap]+0x40',
    submit: (text) => actions.go(text),
    cancel: () => actions.leaveAddress(),
  });
  address.element.classList.add('address-box');
  const go = createButton({
    icon: 'arrow-circle-right',
    label: 'Go to Address (Ctrl+G)',
    press: () => actions.go(address.text),
  });

  const pin = createButton({ icon: 'pin', label: pinLabel, press: () => actions.togglePin() });
  pin.setPressed(false);

  const unit = createChoice<Unit>({
    label: 'Units',
    choices: Object.entries(unitTexts).map(([value, text]) => ({ value: value as Unit, text })),
    choose: (value) => actions.choose({ unit: value }),
  });
  const byteOrder = createChoice<ByteOrder>({
    label: 'Byte order',
    choices: [
      { value: 'little', text: 'little' },
      { value: 'big', text: 'big' },
    ],
    choose: (value) => actions.choose({ byteOrder: value }),
  });
  const width = createChoice<(typeof widths)[number]>({
    label: 'Bytes a row',
    choices: widths.map((value) => ({ value, text: value === '0' ? 'fit' : `${value} a row` })),
    choose: (value) => actions.choose({ bytesPerRow: Number(value) as Choices['bytesPerRow'] }),
  });
  const text = createChoice<TextEncoding>({
    label: 'Text column',
    choices: [
      { value: 'ascii', text: 'ASCII' },
      { value: 'utf-8', text: 'UTF-8' },
      { value: 'utf-16', text: 'UTF-16' },
    ],
    choose: (value) => actions.choose({ textEncoding: value }),
  });
  const choices = group('choices', unit.element, byteOrder.element, width.element, text.element);

  const live = document.createElement('span');
  live.className = 'live';
  live.setAttribute('role', 'status');
  live.title = 'How often a second the memory is read. While nothing changes, reading rests at 15.';
  const dot = document.createElement('span');
  dot.className = 'dot';
  dot.setAttribute('aria-hidden', 'true');
  const liveText = document.createTextNode('');
  live.append(dot, liveText);
  const pause = createButton({ icon: 'debug-pause', label: 'Pause', press: () => actions.togglePause() });
  const pencil = createButton({ icon: 'edit', label: 'Enable Editing', press: () => actions.toggleEditing() });
  const menu = createButton({
    icon: 'ellipsis',
    label: 'More Actions…',
    press: () => {
      const box = menu.element.getBoundingClientRect();
      actions.menu(box.left, box.bottom);
    },
  });

  element.append(
    group('navigation', back.element, forward.element),
    group('place', address.element, go.element, pin.element),
    choices,
    group('state', live, pause.element, pencil.element, menu.element),
  );

  return {
    address,
    setChoices(next) {
      unit.show(next.unit);
      byteOrder.show(next.byteOrder);
      width.show(String(next.bytesPerRow) as (typeof widths)[number]);
      text.show(next.textEncoding);
    },
    setTrail(canGoBack, canGoForward) {
      back.setEnabled(canGoBack);
      forward.setEnabled(canGoForward);
    },
    setLive(state) {
      if (live.dataset['state'] !== state.state) live.dataset['state'] = state.state;
      setData(liveText, liveLabel(state));
      setTitle(live, state.state === 'running' && state.givesWay === true ? givesWayHint : '');
      pause.setIcon(
        state.state === 'paused' ? 'debug-continue' : 'debug-pause',
        state.state === 'paused' ? 'Resume' : 'Pause',
      );
      pause.setEnabled(state.state !== 'gone');
      pencil.setEnabled(state.state !== 'gone');
    },
    setPinned(expression) {
      if (expression === undefined) pin.setIcon('pin', pinLabel);
      else pin.setIcon('pinned', `Unpin ${expression}`);
      pin.setPressed(expression !== undefined);
    },
    setEditing(editing) {
      pencil.setIcon('edit', editing ? 'Disable Editing' : 'Enable Editing');
      pencil.setPressed(editing);
    },
  };
}

const givesWayHint =
  'The program has to wait for a processor. Live Memory looks less often for as long as it does, so that it does not slow it down.';

function liveLabel({ state, ticks }: LiveState): string {
  switch (state) {
    case 'running':
      return ticks === undefined ? 'live' : `live ${ticks} Hz`;
    case 'connecting':
      return 'connecting';
    case 'stopped':
      return 'stopped';
    case 'paused':
      return 'paused';
    case 'gone':
      return 'gone';
    case 'silent':
      return 'not answering';
    // It runs, and is not read meanwhile.
    case 'unseen':
      return 'running';
  }
}

function group(className: string, ...children: HTMLElement[]): HTMLElement {
  const element = document.createElement('div');
  element.className = `group ${className}`;
  element.append(...children);
  return element;
}
