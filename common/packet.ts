/** A message as text, and the bytes of its arrays behind one another; for a wire that carries either, and no objects. */
export interface Packet {
  readonly text: string;
  /** Each array begins at a multiple of eight. Not there where the message has no arrays. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

const kinds = { Uint8Array, Uint32Array, Float64Array };
type Kind = keyof typeof kinds;
type NumberArray = InstanceType<(typeof kinds)[Kind]>;

/** Where an array was in the message. */
type Path = readonly (string | number)[];
/** An array that the text has only a null of. `length` is in elements. */
type Absent = readonly [path: Path, kind: Kind, length: number];

interface Envelope {
  readonly message: unknown;
  readonly arrays?: readonly Absent[];
}

/** Throws where a message holds an array of a kind that no message has. */
export function pack(message: unknown): Packet {
  const arrays: Absent[] = [];
  const parts: NumberArray[] = [];
  const path: (string | number)[] = [];

  /** The value with null for each array; itself where it has none. */
  function without(value: object): object | null {
    if (ArrayBuffer.isView(value)) {
      arrays.push([[...path], kindOf(value), (value as NumberArray).length]);
      parts.push(value as NumberArray);
      return null;
    }
    const fields = value as Record<string | number, unknown>;
    let changed: Record<string | number, unknown> | undefined;
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      const field = fields[key];
      // Most of them: a table of regions has thousands of names.
      if (typeof field !== 'object' || field === null) continue;
      path.push(key);
      const rest = without(field);
      path.pop();
      if (rest === field) continue;
      changed ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...value }) as Record<string | number, unknown>;
      changed[key] = rest;
    }
    return changed ?? value;
  }

  const rest = typeof message === 'object' && message !== null ? without(message) : message;
  if (parts.length === 0) return { text: JSON.stringify({ message } satisfies Envelope) };
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + roomOf(part.byteLength), 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += roomOf(part.byteLength);
  }
  return { text: JSON.stringify({ message: rest, arrays } satisfies Envelope), bytes };
}

/** A message whose text is there. */
export interface Incoming {
  /** How many bytes come behind the text; where none, nothing comes. */
  readonly byteLength: number;
  /** The message, with the bytes once they are there. Throws where they are not the ones. */
  message(this: void, bytes?: unknown): unknown;
}

/** Throws where it is no packet of ours. */
export function unpack(text: unknown): Incoming {
  if (typeof text !== 'string') throw notOurs();
  const { message, arrays = [] } = JSON.parse(text) as Envelope;
  if (!Array.isArray(arrays)) throw notOurs();
  let byteLength = 0;
  for (const [path, kind, length] of arrays as readonly Absent[]) {
    const known = Array.isArray(path) && Object.hasOwn(kinds, kind) && Number.isSafeInteger(length) && length >= 0;
    if (!known) throw notOurs();
    byteLength += roomOf(length * kinds[kind].BYTES_PER_ELEMENT);
  }
  return {
    byteLength,
    message(bytes = new ArrayBuffer(0)) {
      if (!(bytes instanceof ArrayBuffer) || bytes.byteLength !== byteLength) throw notOurs();
      let at = 0;
      const whole = { message };
      for (const [path, kind, length] of arrays as readonly Absent[]) {
        const end = at + length * kinds[kind].BYTES_PER_ELEMENT;
        // A buffer of its own: what is done with one array is nothing to the others.
        put(whole, ['message', ...path], new kinds[kind](bytes.slice(at, end)));
        at += roomOf(end - at);
      }
      return whole.message;
    },
  };
}

/** Puts an array where the text has a null for it. */
function put(holder: object, path: Path, array: NumberArray): void {
  let inside: unknown = holder;
  path.forEach((key, i) => {
    if (typeof inside !== 'object' || inside === null || !Object.hasOwn(inside, key)) throw notOurs();
    const fields = inside as Record<string | number, unknown>;
    if (i < path.length - 1) inside = fields[key];
    else if (fields[key] === null) fields[key] = array;
    else throw notOurs();
  });
}

function kindOf(view: ArrayBufferView): Kind {
  for (const kind of Object.keys(kinds) as Kind[]) if (view instanceof kinds[kind]) return kind;
  throw new Error('a message holds an array of a kind that no message has');
}

function roomOf(byteLength: number): number {
  return Math.ceil(byteLength / 8) * 8;
}

function notOurs(): Error {
  return new Error('what came is no message of ours');
}
