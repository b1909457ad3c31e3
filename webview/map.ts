import { createEmitter, type Event } from '../common/event.ts';
import { pageBytes } from '../common/page.ts';
import { printAccess, regionKind, regionName, type RegionTable } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { setTitle } from './text.ts';
import type { Theme } from './theme.ts';

/** A place in the strip: the index of a region, and in its fraction how far down that region. */
export type MapPosition = number;

/** The strip at the right: all regions of the target from top to bottom, one colour a kind; a click goes there. */
export interface RegionMap {
  readonly onDidPick: Event<MapPosition>;
  readonly onDidResize: Event<undefined>;
  setTable(table: RegionTable): void;
  /** What can be seen now, from and to. */
  show(visible: readonly [MapPosition, MapPosition], theme: Theme): void;
}

export function createMap(parent: HTMLElement): RegionMap {
  const canvas = document.createElement('canvas');
  canvas.className = 'map';
  canvas.setAttribute('role', 'img');
  canvas.setAttribute('aria-label', 'Regions of the process');
  parent.append(canvas);
  const context = canvas.getContext('2d');
  const picks = createEmitter<MapPosition>();
  const resized = createEmitter<undefined>();
  let table: RegionTable | undefined;
  /** Where each region ends, as a share of the strip. Heights go by the logarithm: pages beside terabytes. */
  let ends = new Float64Array(0);
  let drawn = '';
  let width = 0;
  let height = 0;
  new ResizeObserver(() => {
    width = canvas.clientWidth;
    height = canvas.clientHeight;
    resized.fire(undefined);
  }).observe(canvas);

  function regionAt(event: MouseEvent): number {
    const share = event.offsetY / Math.max(1, height);
    return lowest(ends, share);
  }

  canvas.addEventListener('click', (event) => {
    if (ends.length === 0) return;
    const region = regionAt(event);
    const from = region > 0 ? (ends[region - 1] as number) : 0;
    const inside = (event.offsetY / Math.max(1, height) - from) / ((ends[region] as number) - from);
    picks.fire(region + Math.max(0, Math.min(0.999, inside)));
  });
  canvas.addEventListener('mousemove', (event) => {
    if (table === undefined || ends.length === 0) return;
    const region = regionAt(event);
    const bytes = ((table.ends[region] ?? 0) - (table.starts[region] ?? 0)) * pageBytes;
    const name = regionName(table, region);
    const title = `${name === '' ? 'anonymous' : name}\n${printAccess(table.access[region] ?? 0)}, ${printSize(bytes)}, ${regionKind(table, region)}`;
    setTitle(canvas, title);
  });

  return {
    onDidPick: picks.event,
    onDidResize: resized.event,
    setTable(next) {
      if (next === table) return;
      table = next;
      ends = new Float64Array(next.starts.length);
      let sum = 0;
      for (let i = 0; i < ends.length; i++) {
        sum += 1 + Math.log2((next.ends[i] as number) - (next.starts[i] as number));
        ends[i] = sum;
      }
      for (let i = 0; i < ends.length; i++) ends[i] = (ends[i] as number) / sum;
    },
    show(visible, theme) {
      if (context === null || table === undefined) return;
      const key = [table.version, visible, width, height, devicePixelRatio, theme.background, theme.caret].join();
      if (key === drawn) return;
      drawn = key;
      canvas.width = Math.round(width * devicePixelRatio);
      canvas.height = Math.round(height * devicePixelRatio);
      context.scale(devicePixelRatio, devicePixelRatio);
      drawRegions(context, table, ends, width, height, theme);
      drawViewport(context, ends, visible, width, height, theme);
    },
  };
}

/** The first region whose end is past `share`. */
function lowest(ends: Float64Array, share: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) <= share) low = middle + 1;
    else high = middle;
  }
  return low;
}

function drawRegions(
  context: CanvasRenderingContext2D,
  table: RegionTable,
  ends: Float64Array,
  width: number,
  height: number,
  theme: Theme,
): void {
  // A line of pixels at a time where there are more regions than lines, so that 65,000 cost no more than a screen.
  let y = 0;
  while (y < height) {
    const region = lowest(ends, (y + 0.5) / height);
    const end = Math.max(y + 1, Math.round((ends[region] ?? 1) * height));
    context.fillStyle = theme.kinds[regionKind(table, region)] ?? theme.caret;
    // A line stays free between two that touch, if there is room for it.
    context.fillRect(3, y, width - 5, end - y > 2 ? end - y - 1 : end - y);
    y = end;
  }
}

function drawViewport(
  context: CanvasRenderingContext2D,
  ends: Float64Array,
  visible: readonly [MapPosition, MapPosition],
  width: number,
  height: number,
  theme: Theme,
): void {
  const y = (position: MapPosition): number => {
    const region = Math.floor(position);
    const start = region > 0 ? (ends[region - 1] ?? 1) : 0;
    return (start + ((ends[region] ?? 1) - start) * (position - region)) * height;
  };
  const from = y(visible[0]);
  const to = y(visible[1]);
  context.fillStyle = theme.viewport;
  context.fillRect(0, from, width, Math.max(3, to - from));
  context.fillStyle = theme.caret;
  context.fillRect(0, from, 2, Math.max(3, to - from));
}
