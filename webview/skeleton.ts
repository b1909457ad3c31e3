/** The elements of the grid, from the outside in; view.css says how they lie. */
export interface Skeleton {
  /** Has the keyboard. */
  readonly element: HTMLElement;
  /** Scrolls sideways where the rows are wider than the view. */
  readonly scroller: HTMLElement;
  readonly columnsPlace: HTMLElement;
  /** Cuts off what is above and below. */
  readonly viewport: HTMLElement;
  /** Moves by the pixels of a row that are scrolled away. */
  readonly sheet: HTMLElement;
  readonly under: HTMLCanvasElement;
  readonly rowsPlace: HTMLElement;
  readonly over: HTMLCanvasElement;
  readonly halfElement: HTMLElement;
  readonly sticky: HTMLElement;
  /** A hundred characters, to measure one. */
  readonly ruler: HTMLElement;
}

export function createSkeleton(parent: HTMLElement): Skeleton {
  const element = child(parent, 'div', 'grid');
  element.tabIndex = 0;
  element.setAttribute('role', 'grid');
  element.setAttribute('aria-label', 'Memory');
  element.setAttribute('aria-colcount', '3');
  const scroller = child(element, 'div', 'scroller');
  const columnsPlace = child(scroller, 'div', 'columns');
  const viewport = child(scroller, 'div', 'viewport');
  const sheet = child(viewport, 'div', 'sheet');
  sheet.setAttribute('role', 'rowgroup');
  const under = child(sheet, 'canvas', 'under');
  const rowsPlace = child(sheet, 'div', 'rows');
  const over = child(sheet, 'canvas', 'over');
  const halfElement = child(sheet, 'div', 'half');
  halfElement.hidden = true;
  const sticky = child(viewport, 'div', 'row heading sticky');
  const ruler = child(element, 'span', 'ruler');
  ruler.textContent = '0'.repeat(100);
  // Between the grid and its rows nothing counts; what repeats the rows for the eye is not read out.
  for (const between of [scroller, viewport, rowsPlace]) between.setAttribute('role', 'presentation');
  for (const hidden of [columnsPlace, sticky, ruler]) hidden.setAttribute('aria-hidden', 'true');
  return { element, scroller, columnsPlace, viewport, sheet, under, rowsPlace, over, halfElement, sticky, ruler };
}

function child<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  tag: K,
  className: string,
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.className = className;
  parent.append(element);
  return element;
}
