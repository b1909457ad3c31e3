import { addressFrom, printAddress, type Address, type AddressText } from '../common/address.ts';
import { readBytesMax } from '../common/limits.ts';
import { addressOfPage } from '../common/page.ts';
import type { Choices, OpenView, TargetStatus, ViewAction } from '../common/protocol.ts';
import { printRange } from '../common/range.ts';
import { printLabel, regionKind, type RegionTable } from '../common/region.ts';
import { printSize } from '../common/size.ts';
import { printCopy, type CopyForm } from './copy.ts';
import { createEditor } from './edit.ts';
import { createGrid } from './grid.ts';
import { connectInput, selectRegion } from './input.ts';
import { createInspector } from './inspect.ts';
import { createNotice } from './notice.ts';
import { createHostPort } from './port.ts';
import { createPrompt } from './prompt.ts';
import { createRate } from './rate.ts';
import { selectedRange } from './selection.ts';
import { createStatusLine } from './status.ts';
import { createToolbar, type LiveState } from './toolbar.ts';
import { createTrail } from './trail.ts';

/** Builds the view by hand and joins its parts: toolbar, grid, notice, prompt, value line, status line, host. */
function start(app: HTMLElement): void {
  let open: OpenView | undefined;
  let status: TargetStatus = { state: 'running', sinceMs: 0 };
  let ticks: number | undefined;
  let paused = false;
  let editing = false;
  /** Where to go as soon as the regions are known. */
  let pending: { address: Address; length: number } | undefined;
  const trail = createTrail();
  const rate = createRate();

  const toolbar = createToolbar(app, {
    back: () => travel('back'),
    forward: () => travel('forward'),
    go: (text) => void go(text),
    leaveAddress: () => (showAddress(), grid.focus()),
    choose: (change) => choose({ ...choices(), ...change }),
    togglePause: () => setPaused(!paused),
    toggleEditing: () => void setEditing(!editing),
    menu: (x, y) => openMenu('menu', x, y),
  });
  const grid = createGrid(app);
  // VS Code shows the manifest's menu entries of this section, on a click and from the toolbar's button alike.
  setContext(app, 'menu');
  setContext(grid.element, 'bytes');
  const notice = createNotice(app);
  const prompt = createPrompt(app, () => grid.focus());
  const inspector = createInspector(app, grid, () => open?.facts.pointerBytes ?? 8, {
    writeValue: (unit) => editor.writeValue(unit),
    follow: () => void follow(),
  });
  const statusLine = createStatusLine(app, grid);
  const spoken = document.createElement('div');
  spoken.className = 'spoken';
  spoken.setAttribute('aria-live', 'polite');
  app.append(spoken);

  const port = createHostPort();
  const host = port.connect({
    open: begin,
    frame(frame) {
      if (status.state === 'gone') return;
      rate.count(grid, frame);
      grid.apply(frame);
    },
    regions: setTable,
    residency: (residency) => grid.setResidency(residency),
    status: setStatus,
    pulse(pulse) {
      ticks = pulse.ticks;
      statusLine.setPulse(pulse);
      showLive();
    },
    editing: (body) => showEditing(body.editing),
    choices: showChoices,
    goTo: ({ address, length }) => jump(addressFrom(address), length ?? 1),
    written: (result) => grid.written(addressFrom(result.start), result.bytes),
    overwritten({ start: at, length, afterMs }) {
      statusLine.setWrite('');
      const bytes = length === 1 ? 'The byte' : `The ${length} bytes`;
      fail(`${bytes} written at ${place(addressFrom(at))} held for ${Math.max(1, Math.round(afterMs))} ms; then the program changed them again.`, 'info');
    },
    perform: ({ action }) => perform(action),
    notice: ({ severity, message }) => notice.show({ severity, message }),
  });

  const editor = createEditor(grid, host, prompt, {
    failed: (message) => fail(message),
    wrote(result, what) {
      grid.written(addressFrom(result.start), result.bytes);
      const count = `${result.bytes.length} byte${result.bytes.length === 1 ? '' : 's'} ${what}`;
      if (result.held) statusLine.setWrite(`${count}, held`);
      else {
        statusLine.setWrite('');
        fail(`${count} at ${place(addressFrom(result.start))}, but the program changed them again at once.`, 'info');
      }
      if (what !== 'written') jump(addressFrom(result.start), result.bytes.length);
    },
    halfChanged: () => grid.setHalf(editor.half),
  });

  connectInput(grid, editor, {
    goTo: focusAddress,
    back: () => travel('back'),
    forward: () => travel('forward'),
    follow: () => void follow(),
    copy: (form) => void copy(form),
    cut: () => void copy('hex').then((copied) => copied && editor.clear()),
    menu: (x, y) => openMenu('bytes', x, y),
  });

  grid.onDidWatch((pages) => host.say('watch', { pages }));
  grid.onDidDraw((seq) => {
    host.say('drawn', { seq });
    showSelection();
  });
  grid.onDidSelect(() => {
    showSelection();
    showAddress();
    speak();
    keepPlace();
  });
  grid.onDidScroll(keepPlace);
  setInterval(() => statusLine.setRate(rate.perSecond()), 1000);
  host.say('ready', {});

  function begin(next: OpenView): void {
    open = next;
    app.dataset['pid'] = String(next.facts.pid);
    paused = false;
    grid.store.clear();
    notice.hide();
    showChoices(next.choices);
    showEditing(next.editing);
    if (next.place !== undefined) restored = next.place.top;
    if (next.place?.selection !== undefined) {
      const anchor = addressFrom(next.place.selection.anchor);
      const caret = addressFrom(next.place.selection.caret);
      grid.select({ anchor, caret, column: 'bytes' }, 'none');
    }
    setStatus(next.status);
    port.saveState({ facts: next.facts, choices: next.choices, place: next.place });
  }
  let restored: AddressText | undefined;

  function setTable(table: RegionTable): void {
    grid.setTable(table);
    if (table.starts.length === 0) return;
    if (pending !== undefined) {
      const { address, length } = pending;
      pending = undefined;
      restored = undefined;
      jump(address, length);
    } else if (restored !== undefined) {
      grid.scrollTo(addressFrom(restored));
      restored = undefined;
    } else if (grid.selection === undefined) {
      const first = firstPlace(table);
      grid.select({ anchor: first, caret: first, column: 'bytes' }, 'jump');
    }
    showSelection();
  }

  function setStatus(next: TargetStatus): void {
    const was = status.state;
    status = next;
    grid.setGone(next.state === 'gone');
    showLive();
    if (next.state === 'gone') {
      statusLine.setPulse(undefined);
      const time = new Date(next.sinceMs).toLocaleTimeString();
      notice.show({
        severity: 'info',
        lasting: true,
        message: `${next.reason ?? 'The process is gone.'} These are the last bytes seen, at ${time}.`,
        actions: [
          { label: 'Attach to the Restarted Process', run: () => void reattach() },
          { label: 'Attach to Another…', run: () => host.say('command', { name: 'attach' }) },
        ],
      });
    } else if (was === 'gone') notice.hide();
  }

  async function reattach(): Promise<void> {
    try {
      await host.call('reattach', {});
    } catch (error) {
      fail(messageOf(error));
    }
  }

  function showLive(): void {
    const state: LiveState['state'] = status.state === 'running' && paused ? 'paused' : status.state;
    toolbar.setLive({ state, ...(ticks !== undefined && { ticks }) });
  }

  function setPaused(next: boolean): void {
    if (status.state === 'gone') return;
    paused = next;
    host.say('pause', { paused });
    showLive();
  }

  async function setEditing(next: boolean): Promise<void> {
    try {
      showEditing((await host.call('setEditing', { editing: next })).editing);
    } catch (error) {
      fail(messageOf(error));
    }
    grid.focus();
  }

  function showEditing(next: boolean): void {
    editing = next;
    toolbar.setEditing(editing);
    app.classList.toggle('editing', editing);
    grid.element.setAttribute('aria-readonly', String(!editing));
  }

  let shown: Choices = { unit: 'hex8', byteOrder: 'little', bytesPerRow: 16, textEncoding: 'ascii' };
  const choices = (): Choices => shown;

  function choose(next: Choices): void {
    showChoices(next);
    host.say('choices', next);
    grid.focus();
  }

  function showChoices(next: Choices): void {
    shown = next;
    toolbar.setChoices(next);
    grid.setChoices(next);
    showSelection();
  }

  function showSelection(): void {
    const { selection } = grid;
    inspector.show(selection === undefined ? undefined : selectedRange(selection).start);
    statusLine.show();
  }

  function showAddress(): void {
    const { selection } = grid;
    if (selection === undefined || document.activeElement === toolbar.address.element) return;
    toolbar.address.text = place(selection.caret);
    toolbar.address.setInvalid(false);
  }

  /** An address as labels have it, or in digits where nothing with a name is there. */
  function place(address: Address): string {
    return printLabel(grid.layout.table, address) ?? printAddress(address);
  }

  function focusAddress(): void {
    showAddress();
    toolbar.address.focus();
  }

  async function go(text: string): Promise<void> {
    try {
      const { address } = await host.call('resolve', { expression: text });
      toolbar.address.setInvalid(false);
      jump(addressFrom(address), 1);
      grid.focus();
      showAddress();
    } catch (error) {
      toolbar.address.setInvalid(true);
      fail(messageOf(error));
    }
  }

  function jump(address: Address, length: number): void {
    if (grid.layout.rowCount === 0) {
      pending = { address, length };
      return;
    }
    notice.dismiss();
    trail.jump(grid.selection?.caret, address);
    moveTo(address, length);
  }

  function moveTo(address: Address, length: number): void {
    const last = address + BigInt(Math.max(1, length) - 1);
    const column = grid.selection?.column ?? 'bytes';
    grid.select({ anchor: last, caret: address, column }, 'jump');
    toolbar.setTrail(trail.canGoBack, trail.canGoForward);
  }

  function travel(direction: 'back' | 'forward'): void {
    const from = grid.selection?.caret;
    const to = from === undefined ? undefined : trail[direction](from);
    if (to !== undefined) moveTo(to, 1);
    grid.focus();
  }

  async function follow(): Promise<void> {
    const { selection } = grid;
    if (selection === undefined) return;
    try {
      const from = printAddress(selectedRange(selection).start);
      const { address } = await host.call('resolve', { expression: `*${from}` });
      jump(addressFrom(address), 1);
    } catch (error) {
      fail(messageOf(error));
    }
  }

  async function copy(form: CopyForm): Promise<boolean> {
    const { selection } = grid;
    if (selection === undefined) return false;
    const range = selectedRange(selection);
    try {
      if (range.length > readBytesMax) {
        throw new Error(
          `${printSize(range.length)} are selected; at most ${printSize(readBytesMax)} can be copied. Save the selection to a file instead.`,
        );
      }
      const read = await host.call('read', printRange(range));
      await host.call('copy', { text: printCopy(form, range.start, read, grid.format) });
      statusLine.setWrite(`${range.length.toLocaleString('en')} byte${range.length === 1 ? '' : 's'} copied`);
      return true;
    } catch (error) {
      fail(messageOf(error));
      return false;
    }
  }

  async function copyAddress(): Promise<void> {
    if (grid.selection === undefined) return;
    try {
      await host.call('copy', { text: printAddress(selectedRange(grid.selection).start) });
    } catch (error) {
      fail(messageOf(error));
    }
  }

  async function paste(): Promise<void> {
    try {
      editor.paste((await host.call('clipboard', {})).text);
    } catch (error) {
      fail(messageOf(error));
    }
  }

  function perform(action: ViewAction): void {
    grid.focus();
    switch (action) {
      case 'goTo':
        return focusAddress();
      case 'undo':
        return editor.undo();
      case 'redo':
        return editor.redo();
      case 'togglePause':
        return setPaused(!paused);
      case 'toggleEditing':
        return void setEditing(!editing);
      case 'copyHex':
        return void copy('hex');
      case 'copyText':
        return void copy('text');
      case 'copyCArray':
        return void copy('cArray');
      case 'copyPython':
        return void copy('python');
      case 'copyBase64':
        return void copy('base64');
      case 'copyAddress':
        return void copyAddress();
      case 'paste':
        return void paste();
      case 'fill':
        return editor.fill();
      case 'writeValue':
        return editor.writeValue(undefined);
      case 'followPointer':
        return void follow();
      case 'selectRegion':
        return void selectRegion(grid);
      case 'saveSelection':
        if (grid.selection === undefined) return;
        return host.say('command', { name: 'save', range: printRange(selectedRange(grid.selection)) });
    }
  }

  /** VS Code's own menu, with the entries that the manifest gives this section. */
  function openMenu(section: 'bytes' | 'menu', clientX: number, clientY: number): void {
    const target = section === 'bytes' ? grid.element : app;
    target.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX, clientY }));
  }

  function fail(message: string, severity: 'info' | 'error' = 'error'): void {
    notice.show({ severity, message });
  }

  function speak(): void {
    const { selection } = grid;
    if (selection === undefined) return;
    const range = selectedRange(selection);
    const what = range.length > 1 ? `${range.length} bytes selected` : grid.byteText(selection.caret);
    spoken.textContent = `${place(selection.caret)}: ${what}`;
  }

  let keeping: ReturnType<typeof setTimeout> | undefined;
  /** Tells the host where the view is, so that a reload of the window comes back here; not on every pixel. */
  function keepPlace(): void {
    clearTimeout(keeping);
    keeping = setTimeout(() => {
      const top = grid.topAddress;
      const { selection } = grid;
      if (open === undefined || top === undefined) return;
      const at = {
        top: printAddress(top),
        ...(selection !== undefined && {
          selection: { anchor: printAddress(selection.anchor), caret: printAddress(selection.caret) },
        }),
      };
      host.say('place', at);
      port.saveState({ facts: open.facts, choices: shown, place: at });
    }, 200);
  }
}

function setContext(element: HTMLElement, webviewSection: string): void {
  element.dataset['vscodeContext'] = JSON.stringify({ webviewSection, preventDefaultContextMenuItems: true });
}

/** Where a view begins when nobody says: the heap, where programs keep what they work with; else the first region. */
function firstPlace(table: RegionTable): Address {
  for (let i = 0; i < table.starts.length; i++) {
    if (regionKind(table, i) === 'heap') return addressOfPage(table.starts[i] as number);
  }
  return addressOfPage(table.starts[0] as number);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const app = document.getElementById('app');
if (app !== null) start(app);
