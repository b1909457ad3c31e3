// Plain JavaScript, so that an extension host takes this folder as it is. See debug.ts, which is the other end of both wires:
// the file of DAP traffic that DEBUG_TRAFFIC names, and the socket that DEBUG_SOCKET names.
// @ts-check
const { appendFileSync, rmSync } = require('node:fs');
const { createServer } = require('node:net');
const path = require('node:path');
const vscode = require('vscode');
const measure = require('./measure.cjs');

/** @typedef {import('./wire.ts').Traffic} Traffic */
/** @typedef {import('./wire.ts').Where} Where */
/** @typedef {{ session: vscode.DebugSession, frames: Map<number, Frame>, process: object | undefined, capabilities: Record<string, unknown>, stopped: boolean, unfocused?: number | undefined }} Watched */
/** @typedef {{ id: number, name: string, line: number, source?: { path?: string } }} Frame */
/** @typedef {{ type: string, command?: string, event?: string, success?: boolean, message?: string, body?: any, arguments?: any, seq?: number, request_seq?: number }} Message */

/** @type {Map<string, Watched>} */
const watched = new Map();
let stops = 0;
let controls = 0;
let toldAt = 0;

const moving = new Set(['continue', 'next', 'stepIn', 'stepOut']);
const control = new Set(['continue', 'next', 'stepIn', 'stepOut', 'pause', 'restart', 'terminate', 'disconnect']);

/** @param {string} name */
const fromEnvironment = (name) => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`This VS Code was started without ${name}: see debug.ts, debuggers().`);
  return value;
};

/** @type {Record<string, () => vscode.DebugAdapterDescriptor>} */
const adapters = {
  'test-lldb': () => new vscode.DebugAdapterExecutable(fromEnvironment('DEBUG_LLDB_DAP')),
  'test-gdb': () =>
    new vscode.DebugAdapterExecutable(fromEnvironment('DEBUG_GDB_DAP'), ['--interpreter=dap', '--quiet']),
  'test-cdt': () => new vscode.DebugAdapterExecutable(process.execPath, [fromEnvironment('DEBUG_CDT')]),
  'test-gdbserver': () => new vscode.DebugAdapterExecutable(process.execPath, [fromEnvironment('DEBUG_CDT_TARGET')]),
  'test-debugpy': () => new vscode.DebugAdapterExecutable(fromEnvironment('DEBUG_PYTHON'), ['-m', 'debugpy.adapter']),
  'test-bad': () => new vscode.DebugAdapterExecutable(process.execPath, [path.join(__dirname, 'bad.cjs')]),
};

/** @param {vscode.ExtensionContext} context */
exports.activate = (context) => {
  for (const [type, describe] of Object.entries(adapters)) {
    context.subscriptions.push(
      vscode.debug.registerDebugAdapterDescriptorFactory(type, { createDebugAdapterDescriptor: describe }),
    );
  }
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory('*', { createDebugAdapterTracker: track }),
    vscode.debug.onDidTerminateDebugSession((session) => watched.delete(session.id)),
  );
  const socket = process.env['DEBUG_SOCKET'];
  if (socket !== undefined) context.subscriptions.push(listen(socket));
};

/**
 * @param {vscode.DebugSession} session
 * @returns {vscode.DebugAdapterTracker}
 */
function track(session) {
  /** @type {Watched} */
  const one = { session, frames: new Map(), process: undefined, capabilities: {}, stopped: false };
  watched.set(session.id, one);
  return {
    onWillReceiveMessage(/** @type {Message} */ message) {
      if (control.has(message.command ?? '')) controls++;
      // The answer may come after the stop that follows.
      if (message.type === 'request' && moving.has(message.command ?? '')) one.stopped = false;
      // Other trackers may change it yet: what the adapter gets is what counts.
      queueMicrotask(() => tell(session, message));
    },
    onDidSendMessage(/** @type {Message} */ message) {
      tell(session, message);
      if (message.type === 'event') {
        if (message.event === 'process') one.process = message.body;
        if (message.event === 'capabilities') Object.assign(one.capabilities, message.body?.capabilities);
        if (message.event === 'continued') one.stopped = false;
        if (message.event === 'stopped') {
          measure.stopped(session).catch((error) => console.error(error));
          stops++;
          one.stopped = true;
          // VS Code selects no frame then.
          one.unfocused = message.body?.preserveFocusHint === true ? message.body.threadId : undefined;
          one.frames.clear();
        }
      }
      if (message.type === 'response' && message.success === false && moving.has(message.command ?? ''))
        one.stopped = true;
      if (message.type === 'response' && message.success === true) {
        if (message.command === 'initialize') Object.assign(one.capabilities, message.body);
        if (message.command === 'stackTrace')
          for (const frame of message.body?.stackFrames ?? []) one.frames.set(frame.id, frame);
      }
    },
    onWillStopSession: () => tell(session, { type: 'end' }),
    onError: (error) => tell(session, { type: 'error', message: error.message }),
    onExit: (code, signal) => tell(session, { type: 'exit', message: `code ${code}, signal ${signal}` }),
  };
}

/**
 * @param {vscode.DebugSession} session
 * @param {Message} message
 */
function tell(session, message) {
  const file = process.env['DEBUG_TRAFFIC'];
  if (file === undefined) return;
  // Two messages of one millisecond keep their order.
  toldAt = Math.max(performance.timeOrigin + performance.now(), toldAt + 0.001);
  /** @type {Traffic} */
  const line = {
    timeMs: toldAt,
    session: session.id,
    sessionType: session.type,
    sessionName: session.name,
    kind: /** @type {Traffic['kind']} */ (message.type),
    name: message.command ?? message.event ?? message.type,
    ...(message.seq !== undefined && { seq: message.seq }),
    ...(message.request_seq !== undefined && { requestSeq: message.request_seq }),
    ...(message.success !== undefined && { success: message.success }),
    ...(message.message !== undefined && { message: message.message }),
    body: message.type === 'request' ? message.arguments : message.body,
  };
  // Memory of a mebibyte is no help to whoever reads this.
  const short = (/** @type {string} */ _key, /** @type {unknown} */ value) =>
    typeof value === 'string' && value.length > 2000 ? `${value.slice(0, 200)}… (${value.length} characters)` : value;
  appendFileSync(file, `${JSON.stringify(line, short)}\n`);
}

/** @param {string | undefined} id */
function find(id) {
  const active = vscode.debug.activeDebugSession;
  const found = id === undefined ? active && watched.get(active.id) : watched.get(id);
  if (found === undefined)
    throw new Error(id === undefined ? 'No debug session is active.' : `No debug session ${id}.`);
  return found;
}

/** @returns {Where} */
function where() {
  const item = vscode.debug.activeStackItem;
  const session = item?.session ?? vscode.debug.activeDebugSession;
  const one = session && watched.get(session.id);
  // A frame of before the last stop is not among those that came after it.
  const selected = item instanceof vscode.DebugStackFrame ? item.frameId : undefined;
  const top = one?.unfocused === undefined ? undefined : one.frames.values().next().value;
  const frame = one?.stopped ? (one.frames.get(selected ?? -1) ?? top) : undefined;
  return {
    stops,
    controls,
    sessions: watched.size,
    ...(session !== undefined && { session: session.id }),
    ...(item !== undefined && { thread: item.threadId }),
    ...(item === undefined && one?.unfocused !== undefined && { thread: one.unfocused }),
    ...(frame !== undefined && {
      frame: { id: frame.id, name: frame.name, line: frame.line, file: frame.source?.path },
    }),
  };
}

/** @type {Record<string, (request: any) => unknown>} */
const answers = {
  where,
  sessions: () =>
    [...watched.values()].map(({ session, process, capabilities, stopped }) => ({
      id: session.id,
      name: session.name,
      type: session.type,
      parent: session.parentSession?.id,
      process,
      capabilities,
      stopped,
    })),
  request: ({ session, command, parameters }) => find(session).session.customRequest(command, parameters),
  start: ({ configuration }) => vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration),
  stop: ({ session }) => vscode.debug.stopDebugging(session === undefined ? undefined : find(session).session),
  breakAt: ({ file, line }) =>
    vscode.debug.addBreakpoints([
      new vscode.SourceBreakpoint(new vscode.Location(vscode.Uri.file(file), new vscode.Position(line - 1, 0))),
    ]),
  openFile: async ({ file }) => void (await vscode.window.showTextDocument(vscode.Uri.file(file), { preview: false })),
  clearBreakpoints: () => vscode.debug.removeBreakpoints(vscode.debug.breakpoints),
  timeReads: ({ session, ...what }) => measure.timeReads(find(session).session, what),
  step: ({ session, ...what }) => measure.step(find(session).session, what),
  // A step and, behind it, all that a command asks at once: nobody has heard of the step yet.
  stepBefore: async ({ session, threadId, id, parameters }) => {
    const step = find(session).session.customRequest('next', { threadId });
    const asking = vscode.commands.executeCommand(id, ...parameters).then(
      () => '',
      (error) => String(error?.message ?? error),
    );
    await step;
    return asking;
  },
  openPeer: measure.openPeer,
  closePeer: measure.closePeer,
  command: ({ id, parameters }) => vscode.commands.executeCommand(id, ...parameters),
};

/**
 * Answers one JSON line with one JSON line, on each connection.
 * @param {string} path
 */
function listen(path) {
  // The window before this one left it, if it was reloaded.
  rmSync(path, { force: true });
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    let text = '';
    connection.on('error', () => connection.destroy());
    connection.on('data', (chunk) => (text += chunk.toString()));
    connection.on('end', async () => {
      /** @param {object} answer */
      const answer = (answer) => connection.end(`${JSON.stringify(answer)}\n`);
      try {
        const request = JSON.parse(text);
        const answering = answers[request.ask];
        if (answering === undefined) throw new Error(`Nothing here answers "${request.ask}".`);
        answer({ result: await answering(request) });
      } catch (error) {
        answer({ error: error instanceof Error ? error.message : String(error) });
      }
    });
  });
  server.listen(path);
  return { dispose: () => server.close() };
}
