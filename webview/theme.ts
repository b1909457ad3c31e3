import type { MemoryMark } from '../common/names.ts';
import { tintCount } from './names.ts';

/** The colours that the canvases need, as the theme's variables resolve them (view.css says which stands for what). */
export interface Theme {
  readonly background: string;
  readonly selection: string;
  readonly changed: string;
  readonly written: string;
  readonly caret: string;
  /** Where it is set (high contrast), a selection is an outline: its fill would hide the text. */
  readonly outline: string;
  readonly kinds: Readonly<Record<string, string>>;
  readonly viewport: string;
  readonly dim: number;
  /** What variables are filled with, one after the other, and what their first bytes' edges are. */
  readonly tints: readonly string[];
  readonly edges: readonly string[];
  readonly planted: string;
  /** By register. */
  readonly marks: Readonly<Record<MemoryMark['register'], string>>;
  readonly markText: string;
  readonly markFont: string;
}

/** Reads the colours off an element; call again when the theme changes. */
export function readTheme(element: HTMLElement, kinds: readonly string[]): Theme {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    background: read('--memory-background'),
    selection: read('--memory-selection'),
    changed: read('--memory-changed'),
    written: read('--memory-written'),
    caret: read('--memory-caret'),
    outline: read('--vscode-contrastActiveBorder'),
    viewport: read('--memory-viewport'),
    dim: Number(read('--memory-dim')),
    tints: Array.from({ length: tintCount }, (_, i) => read(`--memory-tint-${i + 1}`)),
    edges: Array.from({ length: tintCount }, (_, i) => read(`--memory-edge-${i + 1}`)),
    planted: read('--memory-planted'),
    marks: { pc: read('--memory-pc'), sp: read('--memory-sp'), fp: read('--memory-fp') },
    markText: read('--memory-mark-text'),
    markFont: read('--vscode-font-family') || 'sans-serif',
    kinds: Object.fromEntries(kinds.map((kind) => [kind, read(`--memory-kind-${kind}`)])),
  };
}

/** Calls back after the theme, the font or the zoom has changed. */
export function watchTheme(changed: () => void): void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
}
