import type { Address } from '../common/address.ts';
import { hoverMs } from '../common/limits.ts';
import type { ShownName } from '../common/names.ts';
import type { Grid } from './grid.ts';
import { depthOf, printMark, printPlanted, type Known } from './known.ts';
import { createTooltip } from './tooltip.ts';

/** Shows what is known of the byte that the mouse rests on. */
export function connectByteHover(parent: HTMLElement, grid: Grid): void {
  const tooltip = createTooltip(parent);
  const rows = grid.element.querySelector('.viewport') as HTMLElement;
  let over: { readonly address: Address; readonly column: 'bytes' | 'text' } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the mouse has rested there for long enough. */
  let isDue = false;

  function leave(): void {
    clearTimeout(timer);
    over = undefined;
    isDue = false;
    tooltip.hide();
  }

  function show(): void {
    if (over === undefined) return;
    isDue = true;
    const content = contentOf(grid.known(over.address));
    const box = grid.boxOf(over.address, over.column);
    if (content.length === 0 || box === undefined) tooltip.hide();
    else tooltip.show(content, box);
  }

  rows.addEventListener('pointermove', (event) => {
    const hit = event.buttons === 0 ? grid.hit(event.clientX, event.clientY) : undefined;
    if (hit === undefined || !isInside(grid.boxOf(hit.address, hit.column), event)) return leave();
    if (hit.address === over?.address && hit.column === over.column) return;
    clearTimeout(timer);
    over = hit;
    // As in VS Code: once a hover is there, the next one comes at once.
    if (tooltip.isShown) show();
    else {
      isDue = false;
      timer = setTimeout(show, hoverMs);
    }
  });
  for (const name of ['pointerleave', 'pointerdown'] as const) rows.addEventListener(name, leave);
  for (const name of ['wheel', 'keydown'] as const) document.addEventListener(name, leave, { passive: true });
  grid.onDidScroll(leave);
  // What is known may have changed under the mouse.
  grid.names.onDidChange(() => {
    if (isDue) show();
  });
}

/** `grid.hit` takes the nearest byte; what is between two columns, or past them, is none. */
function isInside(box: DOMRectReadOnly | undefined, { clientX, clientY }: PointerEvent): boolean {
  if (box === undefined) return false;
  const near = box.width / 2;
  return clientX >= box.left - near && clientX <= box.right + near && clientY >= box.top && clientY <= box.bottom;
}

/** The innermost name first. */
function contentOf({ names, marks, planted }: Known): HTMLElement[] {
  const notes = [...(planted === undefined ? [] : [printPlanted(planted)]), ...marks.map(printMark)];
  const innermostFirst = names.toSorted((a, b) => depthOf(b.name) - depthOf(a.name));
  return [...innermostFirst.map(entryOf), ...notes.map(noteOf)];
}

function entryOf({ name, type, value }: ShownName): HTMLElement {
  const entry = document.createElement('div');
  entry.append(part('name', name));
  if (type !== undefined) entry.append(part('type', type));
  if (value !== undefined) entry.append(part('value', value));
  return entry;
}

function noteOf(text: string): HTMLElement {
  const entry = document.createElement('div');
  entry.append(part('note', text.charAt(0).toUpperCase() + text.slice(1)));
  return entry;
}

function part(className: string, text: string): HTMLElement {
  const span = document.createElement('span');
  span.className = className;
  span.textContent = text;
  return span;
}
