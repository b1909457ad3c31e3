/** A name and what leads to it, as C, C++, Rust, Go and others write it: `node`, `node->next`, `own.center`, `app::state`. */
const chain = /(?<![\w$])[A-Za-z_$][\w$]*(?:\s*(?:\.|->|::)\s*[A-Za-z_$][\w$]*)*/g;

/** A part of a line, by its columns. */
export interface Found {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The expression that a column of a line is in, up to the end of the name there, as VS Code takes it for its own hovers: on
 * `center` of `own.center.x` it is `own.center`. It never has a call in it, so that to evaluate it runs none of the program.
 */
export function expressionAt(line: string, column: number): Found | undefined {
  for (const match of line.matchAll(chain)) {
    const start = match.index;
    if (column < start || column > start + match[0].length) continue;
    const rest = /^[\w$]*/.exec(line.slice(column))?.[0].length ?? 0;
    const text = line.slice(start, column + rest);
    if (!/[\w$]$/.test(text)) return undefined;
    return { text, start, end: start + text.length };
  }
  return undefined;
}
