import type { AddressText } from '../common/address.ts';
import { addressFrom, printAddress } from '../common/address.ts';
import { createChannel, type Answers, type Channel, type Hears } from '../common/channel.ts';
import { createDisposableStore, type DisposableStore } from '../common/dispose.ts';
import { createEmitter, type Event } from '../common/event.ts';
import { pagesPerViewMax, silenceMs } from '../common/limits.ts';
import type {
  Choices,
  EditResult,
  Place,
  Residency,
  ResolvedAddress,
  ViewAction,
  ViewCommand,
  ViewContract,
  ViewHostContract,
} from '../common/protocol.ts';
import { rangeFrom, type Range } from '../common/range.ts';
import * as vscode from 'vscode';
import { choicesFrom } from './choices.ts';
import type { DebugNames, NamesSubscription } from './debug/names.ts';
import type { DirectWires } from './directWires.ts';
import { byView, type Editing } from './editing.ts';
import { viewHtml } from './html.ts';
import { printTarget, type Subscription, type Target } from './target.ts';
import { createPin } from './pin.ts';
import { placeAt, samePlace } from './place.ts';
import { createViewPort } from './viewPort.ts';
import { placeFrom } from './viewState.ts';

/** One memory view: a webview panel on one side, a target on the other. */
export interface View {
  readonly panel: vscode.WebviewPanel;
  readonly target: Target;
  readonly paused: boolean;
  /** Whether pages that are not in memory are read too, which brings them in. */
  readonly faultIn: boolean;
  setFaultIn(on: boolean): void;
  readonly place: Place | undefined;
  readonly choices: Choices;
  goTo(range: { readonly address: AddressText; readonly length?: number }): void;
  /** Answers whether the webview is there to do it. */
  perform(action: ViewAction): boolean;
  notice(severity: 'info' | 'error', message: string): void;
  /** Shows bytes another way; what the user chose is remembered for the program, what a setting says is not. */
  choose(changes: Partial<Choices>, by: 'user' | 'setting'): void;
  /** Shows another target from now on, at the place that is what this one was in the old target. */
  show(target: Target): Promise<void>;
  /** What its pinned expression leads to may have changed. */
  followPin(): void;
  /** Anything that a menu or a context key depends on. */
  readonly onDidChange: Event<void>;
  readonly onDidDispose: Event<void>;
}

/** What a view needs of the rest of the extension. */
export interface ViewSurroundings {
  readonly extensionUri: vscode.Uri;
  readonly editing: Editing;
  choicesOf(target: Target): Choices;
  remember(target: Target, choices: Choices): void;
  /** Keeps the target while the view shows it. */
  use(target: Target): vscode.Disposable;
  readonly names: DebugNames;
  /** Past VS Code's window to its page, where there is such a way. */
  directWires(): DirectWires | undefined;
  /** The address of any expression that the address box takes. */
  resolve(target: Target, expression: string): Promise<ResolvedAddress>;
  reattach(target: Target): Promise<Target>;
  run(name: ViewCommand, view: View, range: Range | undefined): Promise<unknown>;
  report(error: unknown): void;
}

export interface Opening {
  readonly place?: Place | undefined;
  readonly choices?: Choices | undefined;
}

export function createView(
  panel: vscode.WebviewPanel,
  first: Target,
  opening: Opening,
  around: ViewSurroundings,
): View {
  const store = createDisposableStore();
  const changed = createEmitter<void>();
  const disposed = createEmitter<void>();
  let bound: { readonly target: Target; readonly store: DisposableStore };
  let subscription: Subscription | undefined;
  let names: NamesSubscription | undefined;
  let place = opening.place;
  let choices = opening.choices ?? around.choicesOf(first);
  let watched: readonly number[] = [];
  let paused = false;
  let faultIn = false;
  let ready = false;
  let open = true;

  const answers: Answers<ViewHostContract['calls']> = {
    resolve: ({ expression }) => around.resolve(bound.target, expression),
    label: (params) => bound.target.call('label', params),
    read: (range) => bound.target.call('read', range),
    original: (params) => bound.target.call('original', params),
    async write({ start, bytes, force }) {
      const { held } = await around.editing.write(
        bound.target,
        { start, bytes, ...(force === true && { force }) },
        byView,
        view,
      );
      return { start, bytes: bytes.slice(), held };
    },
    undo: () => around.editing.undo(bound.target, view),
    redo: () => around.editing.redo(bound.target, view),
    setEditing: async ({ editing }) => ({ editing: await around.editing.set(bound.target, editing) }),
    async copy({ text }) {
      await vscode.env.clipboard.writeText(text);
      return {};
    },
    clipboard: async () => ({ text: await vscode.env.clipboard.readText() }),
    async reattach() {
      await view.show(await around.reattach(bound.target));
      return {};
    },
  };

  const hears: Hears<ViewHostContract['says']> = {
    ready() {
      ready = true;
      // It has nothing yet that it could keep.
      paused = false;
      port.begin();
      begin();
      changed.fire();
    },
    watch({ pages }) {
      watched = pages.slice(0, pagesPerViewMax);
      watchVisible();
    },
    drawn: ({ seq }) => subscription?.drawn(seq),
    pause(news) {
      paused = news.paused;
      subscription?.pause(paused);
      changed.fire();
    },
    choices(news) {
      choices = choicesFrom(news, choices);
      around.remember(bound.target, choices);
    },
    place(news) {
      place = placeFrom(news) ?? place;
    },
    pin: ({ expression }) => pin.set(expression),
    command({ name, range }) {
      around.run(name, view, range && rangeFrom(range)).catch(around.report);
    },
  };

  const port = store.add(createViewPort(panel.webview, around.directWires, around.report));
  const channel: Channel<ViewContract> = createChannel<ViewHostContract, ViewContract>(port, answers, hears);
  const say: Channel<ViewContract>['say'] = (name, body) => {
    if (ready) channel.say(name, body);
  };

  const pin = createPin(
    (expression) => around.resolve(bound.target, expression),
    (pinned) => say('pinned', pinned),
  );
  store.add(pin);

  function sayResidency({ version, resident }: Residency): void {
    say('residency', { version, resident });
  }

  /** Tells a webview that has just begun all it needs; it begins again when its panel is moved to another window. */
  function begin(): void {
    const { target } = bound;
    subscription?.dispose();
    subscription = target.subscribe((frame) => say('frame', frame));
    if (paused) subscription.pause(true);
    if (faultIn) subscription.faultIn(true);
    watched = [];
    say('open', {
      facts: target.facts,
      choices,
      editing: around.editing.isOn(target),
      status: target.status,
      ...(place !== undefined && { place }),
    });
    if (target.regions.version > 0) say('regions', target.regions);
    if (target.residency !== undefined) sayResidency(target.residency);
    if (target.silent) tellSilence(true);
    pin.follow();
    names?.tell();
  }

  /** A hidden view costs nothing: its pages are not read until it is seen again. */
  function watchVisible(): void {
    subscription?.watch(Float64Array.from(panel.visible ? watched : []));
  }

  function tellSilence(silent: boolean): void {
    const name = printTarget(bound.target.facts);
    say('silent', { silent });
    say('notice', {
      severity: 'info',
      message: silent
        ? `${name} has not answered for ${silenceMs / 1000} seconds; ${bound.target.facts.through === undefined ? 'a page it reads may be waiting for a disk or the network' : 'the debugger may be busy'}. What you see may be old.`
        : `${name} answers again.`,
    });
  }

  function bind(target: Target): void {
    const its = createDisposableStore();
    bound = { target, store: its };
    panel.title = `Live Memory — ${printTarget(target.facts)}`;
    its.add(around.use(target));
    its.add({ dispose: () => subscription?.dispose() });
    its.add(
      target.onStatus((status) => {
        say('status', status);
        if (status.state === 'stopped') pin.follow();
        changed.fire();
      }),
    );
    names = its.add(
      around.names.subscribe(target, { isVisible: () => panel.visible, hear: (news) => say('names', news) }),
    );
    its.add(target.onRegions((table) => say('regions', table)));
    its.add(target.onResidency(sayResidency));
    its.add(target.onPulse((pulse) => say('pulse', pulse)));
    its.add(target.onSilence(tellSilence));
    its.add(
      target.onOverwritten(({ start, after, overwrittenAfterMs: afterMs = 0 }) =>
        say('overwritten', { start: printAddress(start), length: after.length, afterMs }),
      ),
    );
    if (ready) begin();
  }

  const view: View = {
    panel,
    get target() {
      return bound.target;
    },
    get paused() {
      return paused;
    },
    get faultIn() {
      return faultIn;
    },
    setFaultIn(on) {
      faultIn = on;
      subscription?.faultIn(on);
      changed.fire();
    },
    get place() {
      return place;
    },
    get choices() {
      return choices;
    },
    goTo(range) {
      place = placeAt(addressFrom(range.address));
      panel.reveal(undefined, false);
      say('goTo', range);
    },
    followPin: () => pin.follow(),
    perform(action) {
      panel.reveal(undefined, false);
      say('perform', { action });
      return ready;
    },
    notice: (severity, message) => say('notice', { severity, message }),
    choose(changes, by) {
      choices = { ...choices, ...changes };
      if (by === 'user') around.remember(bound.target, choices);
      say('choices', choices);
    },
    async show(target) {
      const there = await samePlace(place, bound.target, target);
      if (!open) return;
      place = there;
      bound.store.dispose();
      paused = false;
      faultIn = false;
      bind(target);
      changed.fire();
    },
    onDidChange: changed.event,
    onDidDispose: disposed.event,
  };

  bind(first);
  store.add({ dispose: () => bound.store.dispose() });
  store.add(
    around.editing.onWritten(({ target, result, origin }) => {
      if (target === bound.target && origin !== view) say('written', copyOf(result));
    }),
  );
  store.add(
    around.editing.onEditing(({ target, editing }) => {
      if (target !== bound.target) return;
      say('editing', { editing });
      changed.fire();
    }),
  );
  store.add(
    panel.onDidChangeViewState(() => {
      watchVisible();
      if (panel.visible) names?.tell();
      changed.fire();
    }),
  );
  panel.onDidDispose(() => {
    open = false;
    channel.close(new Error('the view is closed'));
    store.dispose();
    disposed.fire();
  });
  panel.iconPath = {
    light: vscode.Uri.joinPath(around.extensionUri, 'media', 'view-light.svg'),
    dark: vscode.Uri.joinPath(around.extensionUri, 'media', 'view-dark.svg'),
  };
  panel.webview.html = viewHtml(panel.webview, around.extensionUri);
  return view;
}

/** Each view is posted buffers of its own, for VS Code ships whole buffers and the history keeps the bytes. */
function copyOf(result: EditResult): EditResult {
  return { ...result, bytes: result.bytes.slice() };
}
