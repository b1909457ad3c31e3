/* What the text of a type says, as the debuggers of C, C++ and Rust print them. */

/** `int *`, `struct node *`, `int (*)(int)`, `char &`, `*mut u8`, `&str`: what it names lies elsewhere. */
export function isPointerType(type: string): boolean {
  return /[*&]\s*(?:const|volatile|restrict|\s)*$/.test(type) || /\(\s*\*/.test(type) || /^\s*[*&]/.test(type);
}

/** An array's elements; of an array of arrays the outer one. `undefined` for anything else. */
export function elementsOf(type: string): { readonly count: number; readonly type: string } | undefined {
  const c = /^([^()[\]]*?)\s*\[(\d{1,15})\]((?:\[\d+\])*)\s*$/.exec(type);
  if (c !== null) return { count: Number(c[2]), type: `${c[1]}${c[3] === '' ? '' : ` ${c[3]}`}`.trim() };
  const rust = /^\s*\[(.*);\s*(\d{1,15})\]\s*$/.exec(type);
  return rust === null ? undefined : { count: Number(rust[2]), type: (rust[1] ?? '').trim() };
}

/** Whether values of that type always have the same length: an array of unknown length has not. */
export function hasOneSize(type: string): boolean {
  return type !== '' && !/\[\s*(?:\D[^\]]*)?\]/.test(type);
}
