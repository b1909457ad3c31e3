/** A hover as VS Code has them, by the mouse; what it says can also be had from the status line and by a screen reader. */
export interface Tooltip {
  /** Shows content above a box of the window, or below it where there is no room. */
  show(content: readonly HTMLElement[], box: DOMRectReadOnly): void;
  hide(): void;
  readonly isShown: boolean;
}

/** Between the box and the hover. */
const gapPixels = 4;

export function createTooltip(parent: HTMLElement): Tooltip {
  const element = document.createElement('div');
  element.className = 'tooltip';
  element.id = 'tooltip';
  element.setAttribute('role', 'tooltip');
  element.hidden = true;
  parent.append(element);

  return {
    show(content, box) {
      element.replaceChildren(...content);
      element.hidden = false;
      const { width, height } = element.getBoundingClientRect();
      const above = box.top - gapPixels - height;
      const left = Math.max(8, Math.min(box.left, window.innerWidth - width - 8));
      element.style.left = `${left}px`;
      element.style.top = `${above >= 8 ? above : box.bottom + gapPixels}px`;
    },
    hide() {
      element.hidden = true;
    },
    get isShown() {
      return !element.hidden;
    },
  };
}
