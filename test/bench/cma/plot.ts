import { printSize, sizes, ways } from './ways.ts';

/** One point of a way: gigabytes (10⁹) a second, the median and the quartiles of the runs. */
export interface Figure {
  readonly way: string;
  readonly bytes: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** System calls that move bytes, for one message, of both sides together; absent where they were not counted. */
  readonly calls?: number;
}

const width = 860;
const height = 460;
const left = 56;
const right = 690;
const top = 52;
const bottom = 404;
const labelHeight = 17;
/** Readable on white and on black; so are the colours of the ways. */
const ink = '#7a8591';

/**
 * Bandwidth over message size as an SVG without a background: sizes by their logarithm, a line a way with its name at its
 * end, and a bar from quartile to quartile at each point.
 */
export function plot(figures: readonly Figure[], caption: string): string {
  const step = niceStep(Math.max(...figures.map((figure) => figure.median)));
  const max = Math.ceil(Math.max(...figures.map((figure) => figure.median)) / step) * step;
  const x = (bytes: number): number => left + ((right - left) * sizes.indexOf(bytes)) / (sizes.length - 1);
  const y = (value: number): number => bottom - ((bottom - top) * Math.min(value, max)) / max;
  const parts: string[] = [
    `<text class="title" x="${left}" y="22">Copying messages from one process to another, GB/s</text>`,
    `<text x="${left}" y="40">${escape(caption)}</text>`,
  ];
  for (let value = 0; value <= max; value += step) {
    const at = y(value).toFixed(1);
    parts.push(
      `<line class="grid" x1="${left}" x2="${right}" y1="${at}" y2="${at}"/>`,
      `<text text-anchor="end" x="${left - 10}" y="${(y(value) + 4).toFixed(1)}">${value}</text>`,
    );
  }
  for (const bytes of sizes)
    parts.push(`<text text-anchor="middle" x="${x(bytes).toFixed(1)}" y="${bottom + 22}">${printSize(bytes)}</text>`);
  parts.push(`<text text-anchor="middle" x="${(left + right) / 2}" y="${bottom + 44}">message size</text>`);

  const lines = ways.map((way) => ({
    way,
    points: figures.filter((figure) => figure.way === way.id).sort((a, b) => a.bytes - b.bytes),
  }));
  for (const { way, points } of lines) {
    const path = points.map(({ bytes, median }) => `${x(bytes).toFixed(1)},${y(median).toFixed(1)}`).join(' ');
    parts.push(`<g stroke="${way.color}" fill="${way.color}">`);
    for (const { bytes, low, high, median } of points) {
      const at = x(bytes).toFixed(1);
      parts.push(
        `<line stroke-opacity=".45" stroke-width="2" x1="${at}" x2="${at}" y1="${y(low).toFixed(1)}" y2="${y(high).toFixed(1)}"/>`,
        `<circle stroke="none" cx="${at}" cy="${y(median).toFixed(1)}" r="3"/>`,
      );
    }
    parts.push(`<polyline fill="none" stroke-width="2" points="${path}"/>`, '</g>');
  }

  const ends = lines.map(({ points }) => y(points.at(-1)?.median ?? 0));
  const labels = spread(ends, labelHeight, top, bottom);
  lines.forEach(({ way }, i) => {
    const end = ends[i] as number;
    const at = labels[i] as number;
    parts.push(
      `<polyline fill="none" stroke="${way.color}" stroke-opacity=".45" points="${right + 4},${end.toFixed(1)} ${right + 18},${at.toFixed(1)}"/>`,
      `<text class="name" style="fill: ${way.color}" x="${right + 23}" y="${(at + 4.5).toFixed(1)}">${escape(way.name)}</text>`,
    );
  });

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Bandwidth of six ways to copy messages between processes, by message size">`,
    '<style>',
    `text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: ${ink}; }`,
    'text.title { font-size: 15px; font-weight: 600; }',
    'text.name { font-size: 13px; font-weight: 600; }',
    `line.grid { stroke: ${ink}; stroke-opacity: .25; }`,
    '</style>',
    ...parts,
    '</svg>',
    '',
  ].join('\n');
}

/** 1, 2 or 5 times a power of ten: four to nine steps up to `max`. */
function niceStep(max: number): number {
  const power = 10 ** Math.floor(Math.log10(max / 4));
  return power * ([5, 2, 1].find((factor) => max / (power * factor) >= 4) ?? 1);
}

/** Places that are at least `gap` apart, within [from, to], in the same order and near to the wanted ones. */
function spread(wanted: readonly number[], gap: number, from: number, to: number): number[] {
  const order = wanted.map((_, i) => i).sort((a, b) => (wanted[a] as number) - (wanted[b] as number));
  const placed = [...wanted];
  // Groups that touch move as one, to where their members are nearest to what they want.
  let groups = order.map((i) => ({ members: [i], center: wanted[i] as number }));
  for (let merged = true; merged;) {
    merged = false;
    for (let g = 0; g + 1 < groups.length; g++) {
      const [a, b] = [groups[g]!, groups[g + 1]!];
      if (b.center - a.center >= ((a.members.length + b.members.length) / 2) * gap) continue;
      const members = [...a.members, ...b.members];
      const mean = members.reduce((sum, i) => sum + (wanted[i] as number), 0) / members.length;
      const half = (members.length * gap) / 2;
      groups = groups.toSpliced(g, 2, { members, center: Math.min(Math.max(mean, from + half), to - half) });
      merged = true;
      break;
    }
  }
  for (const { members, center } of groups)
    members.forEach((i, m) => (placed[i] = center + (m - (members.length - 1) / 2) * gap));
  return placed;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
