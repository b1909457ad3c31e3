import type { Port } from './channel.ts';
import { pack, unpack, type Incoming } from './packet.ts';

/** What a WebSocket of a browser and one of Node have in common. */
export interface Socket {
  binaryType: string;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(): void;
  onmessage: ((event: never) => void) | null;
}

/** A socket as a channel wants it: a message is its text and, where it has arrays, one of bytes after it. */
export function createSocketPort(socket: Socket): Port {
  socket.binaryType = 'arraybuffer';
  return {
    post(message) {
      const { text, bytes } = pack(message);
      socket.send(text);
      if (bytes !== undefined) socket.send(bytes);
    },
    listen(receive) {
      let begun: Incoming | undefined;
      /** The message that this part completes. Throws where the part is not what has to come now. */
      const take = (part: unknown): { readonly message: unknown } | undefined => {
        if (begun === undefined) {
          const incoming = unpack(part);
          if (incoming.byteLength === 0) return { message: incoming.message() };
          begun = incoming;
          return undefined;
        }
        const { message } = begun;
        begun = undefined;
        return { message: message(part) };
      };
      socket.onmessage = ({ data }: { data: unknown }) => {
        let taken: ReturnType<typeof take>;
        try {
          taken = take(data);
        } catch {
          // Whoever sends this is not our other side, or no longer in step with us.
          socket.close();
          return;
        }
        if (taken !== undefined) receive(taken.message);
      };
    },
  };
}
