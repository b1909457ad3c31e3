import { asError } from '../common/error.ts';
import { createAcknowledgement } from './acknowledge.ts';
import { addressFrom, printAddress } from '../common/address.ts';
import { linesGraceMs, linesRestMs } from '../common/limits.ts';
import { noNames } from '../common/names.ts';
import { usualChoices, type Choices, type OpenView, type TargetStatus, type ViewAction } from '../common/protocol.ts';
import { printRange } from '../common/range.ts';
import { connectByteHover } from './byteHover.ts';
import { createClipboard } from './clipboard.ts';
import { createEditor } from './edit.ts';
import { createGrid } from './grid.ts';
import { connectInput, selectRegion } from './input.ts';
import { createInspector } from './inspect.ts';
import { createLife } from './life.ts';
import { createNotice } from './notice.ts';
import { createOriginals } from './originals.ts';
import { createHostPort } from './port.ts';
import { createPace } from './pace.ts';
import { createPin } from './pin.ts';
import { createPrompt } from './prompt.ts';
import { createRate } from './rate.ts';
import { selectedRange } from './selection.ts';
import { createStatusLine } from './status.ts';
import { createSymbolLabels } from './symbols.ts';
import { createToolbar } from './toolbar.ts';
import { createTravel } from './travel.ts';

/** Builds the view by hand and joins its parts to each other and to the host. */
function start(app: HTMLElement): void {
  let open: OpenView | undefined;
  let editing = false;
  let choices = usualChoices;
  const rate = createRate();

  const toolbar = createToolbar(app, {
    back: () => travel.back(),
    forward: () => travel.forward(),
    go: (text) => void travel.go(text),
    leaveAddress: () => travel.leaveAddress(),
    togglePin: () => pin.toggle(),
    choose(change) {
      showChoices({ ...choices, ...change });
      host.say('choices', choices);
      grid.focus();
    },
    togglePause: () => life.togglePause(),
    toggleEditing: () => void setEditing(!editing),
    menu: (x, y) => openMenu(app, x, y),
  });
  const grid = createGrid(app);
  // VS Code shows the manifest's menu entries of these sections, on a click and from the toolbar's button alike.
  setContext(app, 'menu');
  setContext(grid.element, 'bytes');
  const notice = createNotice(app);
  const prompt = createPrompt(app, () => grid.focus());
  const symbols = createSymbolLabels(
    grid,
    (address) => host.call('label', { address }),
    () => lines.now(),
  );
  const inspector = createInspector(app, grid, symbols, () => open?.facts.pointerBytes ?? 8, {
    writeValue: (unit) => editor.writeValue(unit),
    follow: () => void travel.follow(),
  });
  const statusLine = createStatusLine(app, grid, symbols);
  const lines = createPace(linesRestMs, linesGraceMs, () => {
    const { selection } = grid;
    inspector.show(selection === undefined ? undefined : selectedRange(selection).start);
    statusLine.show();
  });
  const spoken = document.createElement('div');
  spoken.className = 'spoken';
  spoken.setAttribute('aria-live', 'polite');
  app.append(spoken);

  const port = createHostPort();
  const host = port.connect(beginAgain, {
    open: begin,
    frame(frame) {
      // A frame that was on its way when the process went is not newer than the last one.
      if (life.isGone) return;
      rate.count(grid, frame);
      grid.apply(frame);
    },
    regions(table) {
      grid.setTable(table);
      originals.forget();
      symbols.refresh();
      travel.arrive(table);
      lines.now();
    },
    residency: (residency) => grid.setResidency(residency),
    status: showStatus,
    names(names) {
      grid.names.set(names);
      lines.now();
    },
    pulse: (pulse) => life.setPulse(pulse),
    silent: ({ silent }) => life.setSilent(silent),
    editing: (body) => showEditing(body.editing),
    choices: showChoices,
    pinned: (pinned) => pin.show(pinned),
    goTo: ({ address, length }) => travel.jump(addressFrom(address), length ?? 1),
    written: (result) => grid.written(addressFrom(result.start), result.bytes),
    overwritten({ start: at, length, afterMs }) {
      statusLine.setWrite('');
      const bytes = length === 1 ? 'The byte' : `The ${length} bytes`;
      const place = travel.place(addressFrom(at));
      const ms = Math.max(1, Math.round(afterMs));
      fail(
        `${bytes} written at ${place} held for ${ms} ms; then the program changed ${length === 1 ? 'it' : 'them'} again.`,
        'info',
      );
    },
    perform: ({ action }) => perform(action),
    notice: (said) => notice.show(said),
  });

  const originals = createOriginals(grid, (page) => host.call('original', { page }));
  connectByteHover(app, grid);
  const life = createLife(grid, toolbar, notice, statusLine, host, fail);
  const travel = createTravel(
    grid,
    () => toolbar,
    () => host,
    () => pin,
    { failed: fail, arrived: () => notice.dismiss() },
  );
  const pin = createPin(
    toolbar,
    () => travel,
    () => host,
    fail,
  );
  const editor = createEditor(grid, host, prompt, {
    failed: fail,
    wrote(result, what) {
      const at = addressFrom(result.start);
      if (what !== 'written') travel.jump(at, result.bytes.length);
      grid.written(at, result.bytes);
      const count = `${result.bytes.length} byte${result.bytes.length === 1 ? '' : 's'} ${what}`;
      statusLine.setWrite(result.held ? `${count}, held` : '');
      if (!result.held) fail(`${count} at ${travel.place(at)}, but the program changed them again at once.`, 'info');
    },
    halfChanged: () => grid.setHalf(editor.half),
  });
  const clipboard = createClipboard(grid, host, editor, { failed: fail, copied: (what) => statusLine.setWrite(what) });

  connectInput(grid, editor, {
    goTo: () => travel.focusAddress(),
    back: () => travel.back(),
    forward: () => travel.forward(),
    follow: () => void travel.follow(),
    copy: (form) => void clipboard.copy(form),
    cut: () => void clipboard.cut(),
    menu: (x, y) => openMenu(grid.element, x, y),
  });

  // A view that gets the keyboard from VS Code gives it to the rows, so that keys work at once.
  const takeKeyboard = (): void => {
    if (document.hasFocus() && document.activeElement === document.body) grid.focus();
  };
  window.addEventListener('focus', takeKeyboard);

  grid.onDidWatch((pages) => host.say('watch', { pages }));
  const acknowledge = createAcknowledgement((seq) => host.say('drawn', { seq }));
  grid.onDidDraw((seq) => {
    acknowledge(seq);
    originals.look();
    lines.soon();
  });
  grid.onDidSelect(() => {
    lines.now();
    travel.showAddress();
    speak();
    keepPlace();
  });
  grid.onDidScroll(keepPlace);
  setInterval(() => statusLine.setRate(rate.perSecond()), 1000);
  host.say('ready', {});

  /** Whatever was on its way is lost: whoever begins is told all of it. */
  function beginAgain(): void {
    host.abandon(
      new Error('The connection broke off, and the answer is lost. Look at the bytes before you try again.'),
    );
    host.say('ready', {});
  }

  function begin(next: OpenView): void {
    open = next;
    grid.forget();
    symbols.clear();
    originals.forget();
    grid.names.set(noNames);
    notice.hide();
    grid.setPointerBytes(next.facts.pointerBytes);
    life.setPaused(false);
    life.setSilent(false);
    life.setThrough(next.facts.through !== undefined);
    statusLine.setThrough(next.facts.through);
    showChoices(next.choices);
    showEditing(next.editing);
    if (next.place !== undefined) travel.restore(addressFrom(next.place.top), next.place.selection);
    showStatus(next.status);
    takeKeyboard();
    port.saveState({ facts: next.facts, choices: next.choices, place: next.place });
  }

  async function setEditing(next: boolean): Promise<void> {
    try {
      showEditing((await host.call('setEditing', { editing: next })).editing);
    } catch (error) {
      fail(error);
    }
    grid.focus();
  }

  function showEditing(next: boolean): void {
    editing = next;
    toolbar.setEditing(editing);
    grid.element.setAttribute('aria-readonly', String(!editing));
  }

  function showChoices(next: Choices): void {
    choices = next;
    toolbar.setChoices(next);
    grid.setChoices(next);
    lines.now();
  }

  function showStatus(status: TargetStatus): void {
    life.setStatus(status);
    grid.names.setStatus(status);
    originals.setStatus(status);
    // Whoever steps reads the numbers of each stop.
    if (status.state === 'stopped') lines.now();
  }

  function speak(): void {
    const { selection } = grid;
    if (selection === undefined) return;
    const range = selectedRange(selection);
    const what = range.length > 1 ? `${range.length} bytes selected` : grid.byteText(selection.caret);
    spoken.textContent = `${travel.place(selection.caret)}: ${what}`;
  }

  function fail(error: unknown, severity: 'info' | 'error' = 'error'): void {
    notice.show({ severity, message: asError(error).message });
  }

  function perform(action: ViewAction): void {
    grid.focus();
    switch (action) {
      case 'goTo':
        return travel.focusAddress();
      case 'undo':
        return editor.undo();
      case 'redo':
        return editor.redo();
      case 'togglePause':
        return life.togglePause();
      case 'toggleEditing':
        return void setEditing(!editing);
      case 'togglePin':
        return pin.toggle();
      case 'copyHex':
        return void clipboard.copy('hex');
      case 'copyText':
        return void clipboard.copy('text');
      case 'copyCArray':
        return void clipboard.copy('cArray');
      case 'copyPython':
        return void clipboard.copy('python');
      case 'copyBase64':
        return void clipboard.copy('base64');
      case 'copyAddress':
        return void clipboard.copyAddress();
      case 'paste':
        return void clipboard.paste();
      case 'fill':
        return editor.fill();
      case 'writeValue':
        return editor.writeValue(undefined);
      case 'followPointer':
        return void travel.follow();
      case 'selectRegion':
        return void selectRegion(grid);
      case 'saveSelection':
        if (grid.selection === undefined) return;
        return host.say('command', { name: 'save', range: printRange(selectedRange(grid.selection)) });
      case 'breakOnWrite':
      case 'revealSource':
        if (grid.selection === undefined) return fail('Select bytes first.', 'info');
        return host.say('command', { name: action, range: printRange(selectedRange(grid.selection)) });
    }
  }

  let keeping: ReturnType<typeof setTimeout> | undefined;
  /** Tells the host where the view is, so that a reload of the window comes back here; not on every pixel. */
  function keepPlace(): void {
    clearTimeout(keeping);
    keeping = setTimeout(() => {
      const { topAddress, selection } = grid;
      if (open === undefined || topAddress === undefined) return;
      const place = {
        top: printAddress(topAddress),
        ...(selection !== undefined && {
          selection: { anchor: printAddress(selection.anchor), caret: printAddress(selection.caret) },
        }),
      };
      host.say('place', place);
      port.saveState({ facts: open.facts, choices, place });
    }, 200);
  }
}

function openMenu(target: HTMLElement, clientX: number, clientY: number): void {
  target.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX, clientY }));
}

function setContext(element: HTMLElement, webviewSection: string): void {
  element.dataset['vscodeContext'] = JSON.stringify({ webviewSection, preventDefaultContextMenuItems: true });
}

const app = document.getElementById('app');
if (app !== null) start(app);
