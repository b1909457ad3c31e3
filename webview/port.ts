import { createChannel, type Answers, type Channel, type Hears } from '../common/channel.ts';
import type { ViewContract, ViewHostContract } from '../common/protocol.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

export type HostChannel = Channel<ViewHostContract>;

/** The wire to the extension host, and what VS Code keeps of a view across a reload of the window. */
export interface HostPort {
  connect(hears: Hears<ViewContract['says']>): HostChannel;
  saveState(state: unknown): void;
}

export function createHostPort(): HostPort {
  const vscode = acquireVsCodeApi();
  return {
    connect(hears) {
      const answers: Answers<Record<never, never>> = {};
      return createChannel<ViewContract, ViewHostContract>(
        {
          post: (message) => vscode.postMessage(message),
          listen: (receive) => window.addEventListener('message', (event) => receive(event.data)),
        },
        answers,
        hears,
      );
    },
    saveState: (state) => vscode.setState(state),
  };
}
