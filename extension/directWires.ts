import { randomBytes, randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { WebSocketServer } from 'ws';
import type { Port } from '../common/channel.ts';
import type { Disposable } from '../common/dispose.ts';
import { directKeyMs, directPorts, writeBytesMax } from '../common/limits.ts';
import { createSocketPort } from '../common/socketPort.ts';

/** A wire to a page of ours that does not go through VS Code's window. */
export interface DirectWire {
  readonly port: Port;
  close(): void;
}

/** Whoever takes a wire once a page has connected. */
export interface Taker {
  connected(wire: DirectWire): void;
  closed(): void;
}

/** Where one page may connect, once; `dispose` takes it back. */
export interface Offer extends Disposable {
  readonly url: string;
}

/**
 * A WebSocket server on 127.0.0.1, started when a page is offered a wire for the first time. Whoever connects has to name a
 * key of 256 random bits that VS Code has handed to one page; it opens once, and for a minute.
 */
export interface DirectWires extends Disposable {
  /** `undefined` where nothing can listen, which is logged. */
  offer(taker: Taker): Promise<Offer | undefined>;
}

interface Listening {
  readonly server: WebSocketServer;
  /** `127.0.0.1:<port>` */
  readonly host: string;
}

export function createDirectWires(log: (message: string) => void): DirectWires {
  const takers = new Map<string, Taker>();
  let starting: Promise<Listening | undefined> | undefined;
  let isDisposed = false;

  async function start(): Promise<Listening | undefined> {
    // Loaded by whoever opens a view, not at start-up.
    const { WebSocketServer } = await import(/* webpackChunkName: "ws" */ 'ws');
    const { first, count } = directPorts;
    // Not always the first: windows that are opened together would ask for the same one.
    const from = randomInt(count);
    for (let i = 0; i < count; i++) {
      try {
        return await listen(WebSocketServer, first + ((from + i) % count));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
        log(`Views go through VS Code's window: ${String(error)}`);
        return undefined;
      }
    }
    log(`Views go through VS Code's window: the ports from ${first} on, ${count} of them, are taken.`);
    return undefined;
  }

  async function listen(Server: typeof WebSocketServer, port: number): Promise<Listening> {
    const host = `127.0.0.1:${port}`;
    const server = new Server({
      host: '127.0.0.1',
      port,
      perMessageDeflate: false,
      // The largest that a page says is a paste; its bytes come by themselves.
      maxPayload: 2 * writeBytesMax,
      // A name of another's that leads to this address is no name of ours.
      verifyClient: ({ req }: { req: IncomingMessage }) => req.headers.host === host && takers.has(keyOf(req)),
    });
    await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
    server.on('error', (error) => log(`The server of direct wires: ${String(error)}`));
    server.on('connection', (socket, request) => {
      const key = keyOf(request);
      const taker = takers.get(key);
      takers.delete(key);
      if (taker === undefined) return socket.terminate();
      // What is wrong with it closes it.
      socket.on('error', () => undefined);
      socket.on('close', () => taker.closed());
      taker.connected({ port: createSocketPort(socket), close: () => socket.close() });
    });
    return { server, host };
  }

  return {
    async offer(taker) {
      starting ??= start();
      const listening = await starting;
      if (listening === undefined || isDisposed) return undefined;
      const key = randomBytes(32).toString('base64url');
      takers.set(key, taker);
      const timer = setTimeout(() => takers.delete(key), directKeyMs);
      return {
        url: `ws://${listening.host}/${key}`,
        dispose() {
          clearTimeout(timer);
          takers.delete(key);
        },
      };
    },
    dispose() {
      isDisposed = true;
      takers.clear();
      void starting?.then((listening) => {
        if (listening === undefined) return;
        for (const socket of listening.server.clients) socket.terminate();
        listening.server.close();
      });
    },
  };
}

function keyOf(request: IncomingMessage): string {
  return (request.url ?? '').slice(1);
}
