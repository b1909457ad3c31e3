import type * as vscode from 'vscode';
import type { Port } from '../common/channel.ts';
import type { Disposable } from '../common/dispose.ts';
import { goesWithWindow, type DirectOffer } from '../common/directWire.ts';
import { createMovingPort } from '../common/movingPort.ts';
import type { DirectWire, DirectWires, Offer } from './directWires.ts';
import { assertOwnBuffers } from './ownBuffers.ts';

/** A view's end of the wire to its page: VS Code's own, and a direct one where the page can have it. */
export interface ViewPort extends Port, Disposable {
  /** A page has begun, with nothing but VS Code's wire. */
  begin(): void;
}

/** `wires` are there where the page may be on this machine. `failed` hears of what VS Code does not pass on. */
export function createViewPort(
  webview: vscode.Webview,
  wires: () => DirectWires | undefined,
  failed: (error: unknown) => void,
): ViewPort {
  const port = createMovingPort(
    { post: postToWindow, listen: (receive) => void webview.onDidReceiveMessage(receive) },
    goesWithWindow,
  );
  let offer: Offer | undefined;
  let direct: DirectWire | undefined;
  /** Which page it is: what an earlier one leaves behind is nobody's. */
  let page = 0;

  function postToWindow(message: unknown): void {
    assertOwnBuffers(message);
    webview.postMessage(message).then(undefined, failed);
  }

  function leave(): void {
    page++;
    offer?.dispose();
    offer = undefined;
    const wire = direct;
    direct = undefined;
    port.moveBack();
    wire?.close();
  }

  async function offerTo(itsPage: number, from: DirectWires): Promise<void> {
    const made = await from.offer({
      connected(wire) {
        if (page !== itsPage) return wire.close();
        direct = wire;
        port.moveTo(wire.port);
      },
      closed() {
        if (page !== itsPage) return;
        direct = undefined;
        port.moveBack();
      },
    });
    if (made === undefined) return;
    if (page !== itsPage) return made.dispose();
    offer = made;
    postToWindow({ offer: made.url } satisfies DirectOffer);
  }

  return {
    post: port.post,
    listen: port.listen,
    begin() {
      leave();
      const from = wires();
      if (from !== undefined) offerTo(page, from).catch(failed);
    },
    dispose: leave,
  };
}
