/**
 * What changed between two ticks, for one view. It owns its buffers: nobody writes to them once it is posted, and each
 * view is all of its buffer (VS Code's serializer would ship the whole backing buffer).
 */
export interface Frame {
  readonly seq: number;
  /** When the bytes were read, in the agent's clock (Date.now). */
  readonly timeMs: number;
  /** Page numbers, ascending. */
  readonly pages: Float64Array;
  /** A `PageState` a page. */
  readonly states: Uint8Array;
  /** 4096 bytes for each *readable* page, in order; nothing for the others. */
  readonly bytes: Uint8Array;
}
