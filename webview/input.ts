import type { CopyForm } from './copy.ts';
import type { Editor } from './edit.ts';
import type { Grid } from './grid.ts';
import { lastOfRegion, moveCaret, startOfRegion, type Motion, type SelectionState } from './selection.ts';
import { findRegion } from '../common/region.ts';
import { pageOf } from '../common/page.ts';

/** What the keyboard and the mouse can ask for besides moving and typing. */
export interface InputActions {
  goTo(): void;
  back(): void;
  forward(): void;
  follow(): void;
  copy(form: CopyForm): void;
  cut(): void;
  menu(x: number, y: number): void;
}

const motions: Readonly<Record<string, Motion>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
  PageUp: 'pageUp',
  PageDown: 'pageDown',
  Home: 'rowStart',
  End: 'rowEnd',
};
const controlMotions: Readonly<Record<string, Motion>> = {
  Home: 'first',
  End: 'last',
  ArrowUp: 'regionStart',
  ArrowDown: 'regionEnd',
};

/** Joins keys, mouse and clipboard to the grid. Keys that are not handled reach VS Code: F5 belongs to the debugger. */
export function connectInput(grid: Grid, editor: Editor, actions: InputActions): void {
  const { element } = grid;

  function moveTo(motion: Motion, extend: boolean): void {
    const { selection, layout } = grid;
    if (selection === undefined) return;
    const caret = moveCaret(layout, selection.caret, motion, grid.visibleRows - 1);
    grid.select({ anchor: extend ? selection.anchor : caret, caret, column: selection.column }, 'nearest');
  }

  function setColumn(column: 'bytes' | 'text'): boolean {
    const { selection } = grid;
    if (selection === undefined || selection.column === column) return false;
    grid.select({ ...selection, column }, 'nearest');
    return true;
  }

  /** Answers whether the key was ours. */
  function onKey(event: KeyboardEvent): boolean {
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey) {
      if (event.key === 'ArrowLeft') return (actions.back(), true);
      if (event.key === 'ArrowRight') return (actions.forward(), true);
      return false;
    }
    const motion = control ? controlMotions[event.key] : motions[event.key];
    if (motion !== undefined) {
      editor.cancel();
      moveTo(motion, event.shiftKey);
      return true;
    }
    if (control) return onControlKey(event);
    switch (event.key) {
      case 'Tab':
        return setColumn(event.shiftKey ? 'bytes' : 'text');
      case 'Escape':
        if (editor.cancel()) return true;
        return collapse();
      case 'F2':
        return (editor.writeValue(undefined), true);
      case 'ContextMenu':
        return (openMenu(), true);
      case 'F10':
        return event.shiftKey ? (openMenu(), true) : false;
      default:
        return event.key.length === 1 || /^.$/u.test(event.key) ? editor.type(event.key) : false;
    }
  }

  function onControlKey(event: KeyboardEvent): boolean {
    switch (event.key.toLowerCase()) {
      case 'g':
        return (actions.goTo(), true);
      case 'a':
        return selectRegion(grid);
      case 'z':
        return (event.shiftKey ? editor.redo() : editor.undo(), true);
      case 'y':
        return (editor.redo(), true);
      case 'enter':
        return (actions.follow(), true);
      default:
        return false;
    }
  }

  function collapse(): boolean {
    const { selection } = grid;
    if (selection === undefined || selection.anchor === selection.caret) return false;
    grid.select({ ...selection, anchor: selection.caret }, 'none');
    return true;
  }

  function openMenu(): void {
    const { x, y } = grid.caretPoint();
    actions.menu(x, y);
  }

  element.addEventListener('keydown', (event) => {
    if (event.isComposing || !onKey(event)) return;
    event.preventDefault();
    // VS Code hears the keys of a view too; one that was ours is not to be a command of the workbench as well.
    event.stopPropagation();
  });

  // Copy, cut and paste come as events on every platform, whichever keys or menus make them.
  const clipboard = (name: 'copy' | 'cut' | 'paste', run: (event: ClipboardEvent) => void): void =>
    document.addEventListener(name, (event) => {
      if (document.activeElement !== element) return;
      event.preventDefault();
      run(event);
    });
  clipboard('copy', () => actions.copy(grid.selection?.column === 'text' ? 'text' : 'hex'));
  clipboard('cut', () => actions.cut());
  clipboard('paste', (event) => editor.paste(event.clipboardData?.getData('text/plain') ?? ''));

  connectMouse(grid, editor, actions);
}

/** Selects the whole region of the caret. */
export function selectRegion(grid: Grid): boolean {
  const { selection, layout } = grid;
  if (selection === undefined) return false;
  const region = findRegion(layout.table, pageOf(selection.caret));
  if (region < 0) return false;
  grid.select(
    { anchor: startOfRegion(layout, region), caret: lastOfRegion(layout, region), column: selection.column },
    'none',
  );
  return true;
}

function connectMouse(grid: Grid, editor: Editor, actions: InputActions): void {
  const { element } = grid;
  const rows = element.querySelector('.viewport') as HTMLElement;
  let dragging: SelectionState | undefined;
  let pointer = { x: 0, y: 0 };
  let scrolling: ReturnType<typeof setInterval> | undefined;

  function extend(): void {
    const hit = grid.hit(pointer.x, pointer.y);
    if (dragging === undefined || hit === undefined || hit.address === grid.selection?.caret) return;
    grid.select({ ...dragging, caret: hit.address }, 'none');
  }

  rows.addEventListener('pointerdown', (event) => {
    const hit = grid.hit(event.clientX, event.clientY);
    grid.focus();
    if (hit === undefined || event.button === 1) return;
    editor.cancel();
    const { selection } = grid;
    if (event.button === 2) {
      // A menu on a selection is about the selection; elsewhere it is about the byte under the mouse.
      if (selection !== undefined && contains(selection, hit.address)) return;
      grid.select({ anchor: hit.address, caret: hit.address, column: hit.column }, 'none');
      return;
    }
    event.preventDefault();
    const anchor = event.shiftKey && selection !== undefined ? selection.anchor : hit.address;
    dragging = { anchor, caret: hit.address, column: hit.column };
    grid.select(dragging, 'none');
    if (event.ctrlKey || event.metaKey) {
      dragging = undefined;
      actions.follow();
      return;
    }
    rows.setPointerCapture(event.pointerId);
    scrolling = setInterval(() => {
      // Dragged past an edge: the rows go on by themselves.
      const box = rows.getBoundingClientRect();
      const beyond = pointer.y < box.top ? pointer.y - box.top : pointer.y > box.bottom ? pointer.y - box.bottom : 0;
      if (beyond === 0) return;
      grid.scrollPixels(beyond);
      pointer = { ...pointer, y: Math.max(box.top + 1, Math.min(box.bottom - 1, pointer.y)) };
      extend();
      pointer = { ...pointer, y: pointer.y + beyond };
    }, 50);
    pointer = { x: event.clientX, y: event.clientY };
  });
  rows.addEventListener('pointermove', (event) => {
    if (dragging === undefined) return;
    pointer = { x: event.clientX, y: event.clientY };
    extend();
  });
  const release = (): void => {
    dragging = undefined;
    clearInterval(scrolling);
  };
  rows.addEventListener('pointerup', release);
  rows.addEventListener('lostpointercapture', release);

  element.addEventListener(
    'wheel',
    (event) => {
      if (event.ctrlKey) return;
      const pixels = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * 20 : event.deltaY;
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return;
      event.preventDefault();
      grid.scrollPixels(event.altKey ? pixels * 5 : pixels);
    },
    { passive: false },
  );
}

function contains(selection: SelectionState, address: bigint): boolean {
  const { anchor, caret } = selection;
  return anchor < caret ? address >= anchor && address <= caret : address >= caret && address <= anchor;
}
