import { createChannel, type Answers, type Channel, type Hears, type Port } from '../common/channel.ts';
import { goesWithWindow, isOffer } from '../common/directWire.ts';
import { createMovingPort } from '../common/movingPort.ts';
import type { ViewContract, ViewHostContract } from '../common/protocol.ts';
import { createSocketPort } from '../common/socketPort.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export type HostChannel = Channel<ViewHostContract>;

/** The wire to the extension host, and what VS Code keeps of a view across a reload of the window. */
export interface HostPort {
  /** `lost` hears that what was on its way, either way, may not arrive; what is said from then on does. */
  connect(lost: () => void, hears: Hears<ViewContract['says']>): HostChannel;
  saveState(state: unknown): void;
}

export function createHostPort(): HostPort {
  const vscode = acquireVsCodeApi();

  /** Follows offers of a direct wire, until one has broken. */
  function connectPort(lost: () => void): Port {
    let mayMove = isOnThisMachine(location);
    const port = createMovingPort(
      {
        post: (message) => vscode.postMessage(message),
        listen: (receive) =>
          window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
            if (!isOffer(data)) receive(data);
            else if (mayMove) follow(data.offer);
          }),
      },
      goesWithWindow,
    );

    function follow(url: string): void {
      const socket = new WebSocket(url);
      // Where it cannot be opened, VS Code's own wire goes on.
      socket.onopen = () => {
        socket.onclose = () => {
          mayMove = false;
          port.moveBack();
          lost();
        };
        port.moveTo(createSocketPort(socket));
      };
    }
    return port;
  }

  return {
    connect(lost, hears) {
      const answers: Answers<Record<never, never>> = {};
      return createChannel<ViewContract, ViewHostContract>(connectPort(lost), answers, hears);
    },
    saveState: (state) => vscode.setState(state),
  };
}

/** Whether the extension host's 127.0.0.1 is ours: a browser elsewhere has another one, and may ask its user about ours. */
function isOnThisMachine({ protocol, hostname }: Location): boolean {
  return protocol === 'vscode-webview:' || /^(?:127\.0\.0\.1|\[::1\]|(?:.+\.)?localhost)$/.test(hostname);
}
