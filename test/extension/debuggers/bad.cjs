// A debug adapter that misbehaves on demand, for no real one does. It debugs nothing: it says that a process has stopped, whose
// number is in the configuration, and then does as its `how` says. `fast` steps faster than a real one: it stops the process
// by a signal, for as long as it says so. See badAdapters.test.ts.
// @ts-check
const { writeSync } = require('node:fs');

/** @typedef {{ seq: number, command: string, arguments?: any }} Request */

/** What none of the ways answers as it should. */
const asked = new Set([
  ...['evaluate', 'readMemory', 'writeMemory', 'disassemble', 'dataBreakpointInfo', 'setDataBreakpoints'],
]);

const huge = `0x${'f'.repeat(40)}`;
/** @type {Record<string, unknown>} */
const references = {
  zzz: 'zzz',
  minus: '-1',
  empty: '',
  huge,
  top: '0xffffffffffffffff',
  object: { a: 1 },
  number: 12,
};

/** @type {Record<string, (request: Request) => void>} */
const ways = {
  silent: () => undefined,
  fast: (request) => respond(request, false, {}),
  errors: (request) => respond(request, false, { error: { id: 'x', format: 5 } }),
  // VS Code shows what says that it is for the user.
  loud: (request) => respond(request, false, { error: { id: 1, format: 'a loud no', showUser: true } }),
  nonsense: (request) => respond(request, true, nonsense[request.command]),
  // The program goes on by itself while it is asked where something is.
  runs: (request) => {
    if (!String(request.arguments?.expression).startsWith('&')) return respond(request, false, {});
    send({ type: 'event', event: 'continued', body: { threadId: 1, allThreadsContinued: true } });
    setTimeout(() => respond(request, true, { result: '0x1000', type: 'int *', variablesReference: 0 }), 100);
  },
};

/** @type {Record<string, unknown>} */
const nonsense = {
  evaluate: { result: huge, memoryReference: {}, variablesReference: 'x' },
  readMemory: { address: -1, data: '%%%' },
  writeMemory: { bytesWritten: 'many', offset: [] },
  disassemble: { instructions: [{ address: huge, line: 'x', location: 5 }, null, 3] },
  dataBreakpointInfo: { dataId: {}, description: 7, accessTypes: 'write' },
  setDataBreakpoints: { breakpoints: 'none' },
};

let how = 'errors';
let sequence = 0;
/** @type {string | undefined} */
let source;
/** @type {number | undefined} */
let stopping;

/** @param {object} message */
function send(message) {
  const text = Buffer.from(JSON.stringify({ seq: ++sequence, ...message }));
  writeSync(1, Buffer.concat([Buffer.from(`Content-Length: ${text.length}\r\n\r\n`), text]));
}

/**
 * @param {Request} request
 * @param {boolean} success
 * @param {unknown} body
 */
function respond(request, success, body) {
  const message = success ? {} : { message: 'no' };
  send({ type: 'response', request_seq: request.seq, command: request.command, success, body, ...message });
}

function stopped() {
  send({ type: 'event', event: 'stopped', body: { reason: 'step', threadId: 1, allThreadsStopped: true } });
}

/**
 * Steps by itself: the program runs for five milliseconds of every twenty.
 * @param {Request} request
 * @param {number} left
 */
function step(request, left) {
  if (stopping === undefined || left === 0) return respond(request, true, {});
  process.kill(stopping, 'SIGCONT');
  send({ type: 'event', event: 'continued', body: { threadId: 1, allThreadsContinued: true } });
  setTimeout(() => {
    if (stopping === undefined) return;
    process.kill(stopping, 'SIGSTOP');
    stopped();
  }, 5);
  setTimeout(() => step(request, left - 1), 20);
}

/** @param {Request} request */
function answer(request) {
  const { command, arguments: parameters } = request;
  if (asked.has(command)) return ways[how]?.(request);
  switch (command) {
    case 'initialize': {
      const can = [
        'ReadMemoryRequest',
        'WriteMemoryRequest',
        'DisassembleRequest',
        'DataBreakpoints',
        'DataBreakpointBytes',
      ];
      respond(request, true, Object.fromEntries(can.map((name) => [`supports${name}`, true])));
      return send({ type: 'event', event: 'initialized' });
    }
    case 'launch': {
      ({ how, source } = parameters);
      for (const name of parameters.lacks ?? [])
        send({ type: 'event', event: 'capabilities', body: { capabilities: { [`supports${name}`]: false } } });
      respond(request, true, {});
      const systemProcessId = parameters.process;
      if (how === 'fast') process.kill((stopping = systemProcessId), 'SIGSTOP');
      if (systemProcessId !== undefined)
        send({ type: 'event', event: 'process', body: { name: 'bad', systemProcessId, isLocalProcess: true } });
      return stopped();
    }
    case 'steps':
      return step(request, parameters.count);
    case 'threads':
      return respond(request, true, { threads: [{ id: 1, name: 'one' }] });
    case 'stackTrace': {
      return respond(request, true, {
        stackFrames: [{ id: 1, name: 'main', line: 1, column: 1, source: { name: 'debuggee.c', path: source } }],
        totalFrames: 1,
      });
    }
    case 'scopes':
      return respond(request, true, { scopes: [{ name: 'Locals', variablesReference: 1, expensive: false }] });
    case 'variables': {
      const variables = Object.entries(references).map(([name, memoryReference]) => ({
        ...{ name, value: 'x', variablesReference: 0, evaluateName: name, memoryReference },
      }));
      return respond(request, true, { variables });
    }
    case 'disconnect':
      if (stopping !== undefined) process.kill(stopping, 'SIGCONT');
      stopping = undefined;
      respond(request, true, {});
      return process.exit(0);
    default:
      return respond(request, true, {});
  }
}

let unread = Buffer.alloc(0);
process.stdin.on('data', (chunk) => {
  unread = Buffer.concat([unread, chunk]);
  for (;;) {
    const end = unread.indexOf('\r\n\r\n');
    const length = Number(/Content-Length: (\d+)/.exec(unread.subarray(0, Math.max(end, 0)).toString())?.[1]);
    if (end < 0 || unread.length < end + 4 + length) return;
    const text = unread.subarray(end + 4, end + 4 + length).toString();
    unread = unread.subarray(end + 4 + length);
    answer(JSON.parse(text));
  }
});
