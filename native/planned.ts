import { createVector, type Span, type Vector, type Witness } from './linux/vector.ts';
import { assertPage } from './ranges.ts';
import type { ReadPlan } from './source.ts';

/** What is kept of a plan from one read of it to the next. */
export interface Planned {
  readonly span: Span;
  readonly vector: Vector;
  /** The pages that the vector is compiled for. */
  readonly pages: Float64Array;
}

export function createPlanned({ pages, states, bytes }: ReadPlan, witness: Witness | undefined): Planned {
  for (const page of pages) assertPage(page);
  return { span: { pages, states, bytes, head: 0 }, vector: createVector(witness), pages: pages.slice() };
}

/** The pages of a plan are the caller's, who may put others in their place: its calls are then made anew. Throws Invalid. */
export function follow({ span, vector, pages }: Planned): void {
  if (areSame(pages, span.pages)) return;
  for (const page of span.pages) assertPage(page);
  pages.set(span.pages);
  vector.span = undefined;
}

function areSame(a: Float64Array, b: Float64Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
