import { createEmitter, type Event } from '../common/event.ts';

/** Our own scrollbar: browsers cap the height of what they scroll at some 33 million pixels, which is 26 MiB of rows. */
export interface Scrollbar {
  readonly onDidScroll: Event<number>;
  /** `top` in rows, with a fraction. */
  show(top: number, visible: number, total: number): void;
}

const thumbMin = 20;

export function createScrollbar(parent: HTMLElement): Scrollbar {
  const track = document.createElement('div');
  track.className = 'scrollbar';
  track.setAttribute('aria-hidden', 'true');
  const thumb = document.createElement('div');
  thumb.className = 'thumb';
  track.append(thumb);
  parent.append(track);
  const scrolls = createEmitter<number>();
  let state = { top: 0, visible: 1, total: 1 };
  let grabbed: number | undefined;
  let height = 0;
  let shown = '';
  new ResizeObserver(() => (height = track.clientHeight)).observe(track);

  const thumbHeight = (): number =>
    Math.max(thumbMin, Math.min(height, (height * state.visible) / Math.max(1, state.total)));
  const room = (): number => height - thumbHeight();
  const scrollable = (): number => Math.max(0, state.total - state.visible);

  track.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || scrollable() === 0) return;
    event.preventDefault();
    track.setPointerCapture(event.pointerId);
    track.classList.add('active');
    const box = thumb.getBoundingClientRect();
    const inside = event.clientY >= box.top && event.clientY <= box.bottom;
    // A click beside the thumb brings its middle there, as in VS Code's editor.
    grabbed = inside ? event.clientY - box.top : box.height / 2;
    drag(event.clientY);
  });
  track.addEventListener('pointermove', (event) => drag(event.clientY));
  const release = (): void => {
    grabbed = undefined;
    track.classList.remove('active');
  };
  track.addEventListener('pointerup', release);
  track.addEventListener('lostpointercapture', release);

  function drag(clientY: number): void {
    if (grabbed === undefined || room() <= 0) return;
    const y = clientY - track.getBoundingClientRect().top - grabbed;
    scrolls.fire(Math.max(0, Math.min(1, y / room())) * scrollable());
  }

  return {
    onDidScroll: scrolls.event,
    show(top, visible, total) {
      state = { top, visible, total };
      const all = scrollable() === 0;
      track.classList.toggle('idle', all);
      const y = all ? 0 : (room() * Math.min(top, scrollable())) / scrollable();
      const shape = `${thumbHeight()} ${y}`;
      if (shape === shown) return;
      shown = shape;
      thumb.style.height = `${thumbHeight()}px`;
      thumb.style.transform = `translateY(${y}px)`;
    },
  };
}
