/** Names that somebody may have meant: those that hold what was typed, and those a few letters away. */
export function nearNames(names: readonly string[], typed: string): string[] {
  const wanted = typed.toLowerCase().slice(0, 64);
  const scored = names.map((name) => {
    const lower = name.toLowerCase();
    const holds = lower.includes(wanted) || (wanted.length > 3 && wanted.includes(lower.replace(/^\[|\]$/g, '')));
    return { name, distance: holds ? 0 : editDistance(lower.slice(0, 64), wanted) };
  });
  const closest = Math.max(1, Math.floor(wanted.length / 3));
  return scored
    .filter(({ distance }) => distance <= closest)
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Levenshtein's distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
