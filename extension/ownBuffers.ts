/**
 * Throws where a message holds an array that is not all of its buffer: VS Code's serializer sends the whole backing
 * buffer, and turns a Node Buffer into a list of numbers.
 */
export function assertOwnBuffers(message: unknown, depth = 0): void {
  if (typeof message !== 'object' || message === null || depth > 4) return;
  if (ArrayBuffer.isView(message)) {
    if (message.byteLength !== message.buffer.byteLength) {
      throw new Error(`a message would send ${message.buffer.byteLength} bytes for ${message.byteLength}`);
    }
    return;
  }
  // A list of the protocol holds records of text and numbers, which have no buffers.
  if (Array.isArray(message)) return;
  for (const field of Object.values(message)) assertOwnBuffers(field, depth + 1);
}
