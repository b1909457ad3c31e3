import { readFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import type { Port } from '../../common/channel.ts';
import { directKeyMs, directPorts } from '../../common/limits.ts';
import { createSocketPort } from '../../common/socketPort.ts';
import { createDirectWires, type DirectWire, type DirectWires, type Offer } from '../../extension/directWires.ts';

function start(log: (message: string) => void = expect.unreachable): DirectWires {
  const wires = createDirectWires(log);
  onTestFinished(() => wires.dispose());
  return wires;
}

/** Where anybody may connect who has the key. */
async function offered(wires = start()): Promise<Offer> {
  return (await wires.offer({ connected: () => undefined, closed: () => undefined }))!;
}

interface Ends {
  readonly socket: WebSocket;
  readonly page: Port;
  readonly host: DirectWire;
  readonly closed: () => void;
  readonly url: string;
}

async function connect(wires: DirectWires): Promise<Ends> {
  const closed = vi.fn<() => void>();
  let connected: (wire: DirectWire) => void = () => undefined;
  const connecting = new Promise<DirectWire>((resolve) => (connected = resolve));
  const { url } = (await wires.offer({ connected, closed }))!;
  const socket = new WebSocket(url);
  const page = createSocketPort(socket);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return { socket, page, host: await connecting, closed, url };
}

/** What becomes of a connection to that URL. */
function outcome(url: string, headers: Record<string, string> = {}): Promise<string> {
  const socket = new WebSocket(url, { headers });
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.once('error', ({ message }) => resolve(message));
  });
}

describe('a direct wire', () => {
  test('carries messages with their arrays, both ways and in order', async () => {
    const { page, host } = await connect(start());
    const [atPage, atHost]: [unknown[], unknown[]] = [[], []];
    page.listen((message) => atPage.push(message));
    host.port.listen((message) => atHost.push(message));
    for (let i = 0; i < 100; i++) {
      host.port.post({ say: 'frame', body: i % 3 === 0 ? { i } : { i, bytes: new Uint8Array(5000).fill(i) } });
      page.post({ say: 'drawn', body: { seq: i } });
    }
    await expect.poll(() => [atPage.length, atHost.length]).toEqual([100, 100]);
    expect(atPage[1]).toEqual({ say: 'frame', body: { i: 1, bytes: new Uint8Array(5000).fill(1) } });
    expect(atPage.map((message) => (message as { body: { i: number } }).body.i)).toEqual([...Array(100).keys()]);
    expect(atHost).toEqual([...Array(100).keys()].map((seq) => ({ say: 'drawn', body: { seq } })));
  });

  test('the key opens it once, and no other does', async () => {
    const wires = start();
    const { url } = await connect(wires);
    expect(await outcome(url)).toMatch(/401/);
    const offer = await offered(wires);
    expect(await outcome(`${offer.url}x`)).toMatch(/401/);
    expect(await outcome(new URL('/', offer.url).href)).toMatch(/401/);
    offer.dispose();
    expect(await outcome(offer.url)).toMatch(/401/);
  });

  test('a key that nobody used in time is none', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { url } = await offered();
    vi.advanceTimersByTime(directKeyMs);
    vi.useRealTimers();
    expect(await outcome(url)).toMatch(/401/);
  });

  test('a page that a foreign name has led here is refused, even with the key', async () => {
    const { url } = await offered();
    expect(await outcome(url, { host: `attacker.example:${new URL(url).port}` })).toMatch(/401/);
    expect(await outcome(url)).toBe('open');
  });

  test('listens on this machine alone, and tells a browser nothing', async () => {
    const { url } = await offered();
    const { hostname, port } = new URL(url);
    expect(hostname).toBe('127.0.0.1');
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect([answer.status, await answer.text()]).toEqual([426, 'Upgrade Required']);
    // Another address of this machine.
    const elsewhere = createConnection({ host: '127.0.0.2', port: Number(port) });
    await new Promise((resolve) => elsewhere.once('error', resolve));
  });

  test('ends where what comes is no message of ours, and each side hears of it', async () => {
    const { socket, host, closed } = await connect(start());
    const heard = vi.fn();
    host.port.listen(heard);
    socket.send('{"message":{"say":"drawn"},"arrays":[[["x"],"Uint8Array",1]]}');
    socket.send(new Uint8Array(8));
    await new Promise((resolve) => socket.once('close', resolve));
    await expect.poll(() => vi.mocked(closed).mock.calls.length).toBe(1);
    expect(heard).not.toHaveBeenCalled();
  });

  test('disposing ends the wires and the server', async () => {
    const wires = start();
    const { socket, url } = await connect(wires);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    wires.dispose();
    await ended;
    await expect.poll(() => outcome(url)).toMatch(/ECONNREFUSED/);
    expect(await wires.offer({ connected: () => undefined, closed: () => undefined })).toBeUndefined();
  });

  test('listens where the manifest asks VS Code to leave ports alone', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      contributes: { configurationDefaults: Record<string, Record<string, unknown>> };
    };
    const { first, count } = directPorts;
    expect(Object.keys(manifest.contributes.configurationDefaults['remote.portsAttributes'] ?? {})).toEqual([
      `${first}-${first + count - 1}`,
    ]);
    const port = Number(new URL((await offered()).url).port);
    expect(port).toBeGreaterThanOrEqual(first);
    expect(port).toBeLessThan(first + count);
  });

  test('takes the port that is left, and offers none where all are taken, and says so', async () => {
    const { first, count } = directPorts;
    const before = createDirectWires(expect.unreachable);
    const left = Number(new URL((await offered(before)).url).port);
    before.dispose();
    const others = Array.from({ length: count }, () => createServer());
    onTestFinished(() => others.forEach((server) => server.close()));
    const taking = others.map(async (server, i) => {
      if (first + i === left) return;
      server.listen(first + i, '127.0.0.1');
      // Another test's, or another window's.
      await Promise.race([once(server, 'listening'), once(server, 'error')]);
    });
    await Promise.all(taking);
    expect(new URL((await offered()).url).port).toBe(String(left));
    const log = vi.fn<(message: string) => void>();
    expect(await start(log).offer({ connected: () => undefined, closed: () => undefined })).toBeUndefined();
    expect(log.mock.calls).toEqual([[expect.stringMatching(/through VS Code's window.*27460.*taken/)]]);
  });
});
