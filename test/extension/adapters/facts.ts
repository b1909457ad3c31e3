import {
  answerTo,
  capabilities,
  dataBreakpoint,
  evaluate,
  firstInstruction,
  gdbSays,
  isAt,
  kind,
  looksLike,
  pidInName,
  processEvent,
  readMemory,
  readMemoryAddress,
  readReferenceOf,
  same,
  scopes,
  variable,
  writeMemory,
  type Fact,
} from './judge.ts';
import type { ConfigurationName } from '../debug.ts';

/** What is relied on of one adapter: asked at the line "break here", and while the program runs. */
export interface AdapterFacts {
  readonly configuration: ConfigurationName;
  readonly file: string;
  /** The version that this was measured in, as `DebugBed.versions` has it. */
  readonly measured: string;
  readonly stopped: readonly Fact[];
  /** Without it, the program is only looked at where it stands. Events of a step, of a continue to the next stop, and of a pause; `|` where it is one or the other. */
  readonly events?: readonly [step: string, go: string, pause: string];
  readonly running?: readonly Fact[];
  /** What spoils the session for anything after. */
  readonly last?: readonly Fact[];
}

const noSuch = 'Error: could not evaluate expression';
const noFrame = 'error: Evaluation of expression without frameId is not supported.';
const isRunning = "error: can't evaluate expressions when the process is running.";
// The first two ints of `numbers`.
const oneTwo = '0100000002000000';
const ref = 'memoryReference';
const name = 'evaluateName';

// prettier-ignore
const lldb: AdapterFacts = {
  configuration: 'lldb: loop', file: 'debuggee.c', measured: '22.1.8',
  stopped: [
    ['can do', capabilities, 'ReadMemoryRequest WriteMemoryRequest DisassembleRequest DataBreakpoints DataBreakpointBytes SetVariable EvaluateForHovers RestartRequest SteppingGranularity ClipboardContext ValueFormattingOptions'],
    ['the process event has the pid', processEvent, '{pid}'],
    ['scopes', scopes, 'Locals, Globals, Registers'],
    ['memoryReference of an int: its address', variable('local', ref), '0x{upper local}'],
    ['memoryReference of an argument: its address', variable('iteration', ref), '0x{upper iteration}'],
    ['memoryReference of a global', variable('global_counter', ref), '0x{upper global_counter}'],
    ['memoryReference of a static', variable('file_counter', ref), '0x{upper file_counter}'],
    ['memoryReference of a constant', variable('constant', ref), '0x{upper constant}'],
    ['memoryReference of a thread local', variable('per_thread', ref), '0x{upper per_thread}'],
    ['memoryReference of a struct', variable('own', ref), '0x{upper own}'],
    ['memoryReference of an array', variable('numbers', ref), '0x{upper numbers}'],
    ['memoryReference of a pointer: its own address', variable('pointer', ref), '0x{upper pointer}'],
    ['memoryReference of what a pointer points to', variable(['pointer', '*pointer'], ref), '0x{upper *pointer}'],
    ['memoryReference of a member', variable(['own', 'count'], ref), '0x{upper own}'],
    ['memoryReference of a member through a pointer', variable(['given', 'count'], ref), '0x{upper *given}'],
    ['memoryReference of an element', variable(['numbers', '[0]'], ref), '0x{upper numbers}'],
    ['memoryReference of a bit-field: none', variable(['own', 'low'], ref), 'none'],
    ['memoryReference of a variable in a register: its VALUE', variable('fast', ref), '0x1'],
    ['memoryReference of a register: none', variable(['General Purpose Registers', 'rsp'], ref), 'none'],
    ['evaluateName of a register', variable(['General Purpose Registers', 'rsp'], name), '$rsp'],
    ['evaluateName of a member', variable(['own', 'center', 'x'], name), 'own.center.x'],
    ['evaluateName of a member through a pointer', variable(['given', 'count'], name), 'given->count'],
    ['evaluateName of what a pointer points to', variable(['pointer', '*pointer'], name), '*(pointer)'],
    ['evaluateName of an element', variable(['numbers', '[1]'], name), 'numbers[1]'],
    ['evaluate &local', evaluate('&local'), '0x{wide local}'],
    ['evaluate &(own)', evaluate('&(own)'), '0x{wide own}'],
    ['evaluate &(own) has a type', evaluate('&(own)', { field: 'type' }), 'record *'],
    ['evaluate &(own) has no memoryReference', evaluate('&(own)', { field: ref }), 'none'],
    ['evaluate &(given->count)', evaluate('&(given->count)'), '0x{wide *given}'],
    ['evaluate &(*(pointer))', evaluate('&(*(pointer))'), '0x{wide *pointer}'],
    ['evaluate & of a char array adds its text', evaluate('&(text)'), '0x{wide text}'],
    ['evaluate & of a char pointer', evaluate('heap'), '0x{wide *heap} ""'],
    ['evaluate & of a bit-field', evaluate('&own.low'), "error: Expression evaluation in pure C not supported. Ran expression as 'ISO C++'."],
    ['evaluate a function adds where it is', evaluate('turn', { field: 'type' }), 'int (*)(int, record *, double)'],
    ['evaluate own: memoryReference', evaluate('own', { field: ref }), '0x{upper own}'],
    ['evaluate given: memoryReference of the pointer', evaluate('given', { field: ref }), '0x{upper given}'],
    ['evaluate *given: memoryReference of the struct', evaluate('*given', { field: ref }), '0x{upper *given}'],
    ['evaluate sizeof(own)', evaluate('sizeof(own)'), '128'],
    ['evaluate sizeof(*given)', evaluate('sizeof(*given)'), '128'],
    ['evaluate as a hover cannot sizeof', evaluate('sizeof(own)', { context: 'hover' }), "error: <user expression 0>:1:7: expected 'eof', got: <'(' (l_paren)>"],
    ['evaluate as a hover can &(own)', evaluate('&(own)', { context: 'hover' }), '0x{wide own}'],
    ['evaluate (unsigned long long)&local is decimal', evaluate('(unsigned long long)&local'), '{decimal local}'],
    ['evaluate $sp is $rsp', same(evaluate('$sp'), evaluate('$rsp')), 'the same'],
    ['evaluate $sp: type', evaluate('$sp', { field: 'type' }), 'unsigned long'],
    ['evaluate & of a variable in a register: where lldb has put a copy', looksLike(evaluate('&fast'), /^0x0000[0-9a-f]{12}$/), 'yes'],
    ['evaluate a call', evaluate('(int)prctl(3, 0UL, 0UL, 0UL, 0UL)'), '1'],
    ['evaluate what is not there', evaluate('&nosuch'), "error: Expression evaluation in pure C not supported. Ran expression as 'ISO C++'."],
    ['evaluate without a frame: none, though it is stopped', evaluate('&global_counter', { withoutFrame: true }), isRunning],
    ['a command of lldb’s own in the Debug Console gives what it prints', looksLike(evaluate('`memory region --all', { context: 'repl' }), /^\[0x[0-9a-f]+-0x[0-9a-f]+\) rw- \[stack\]/m), 'yes'],
    ['readMemory at an address', readMemory('0x{numbers}', 8), oneTwo],
    ['readMemory at one in upper case', readMemory('0x{upper numbers}', 8), oneTwo],
    ['readMemory: the address that it gives', readMemoryAddress('0x{numbers}'), '0x{upper numbers}'],
    ['readMemory with an offset', readMemory('0x{numbers}', 8, 4), '0200000003000000'],
    ['readMemory of a decimal address', readMemory('{decimal numbers}', 8), "error: invalid arguments for request 'readMemory': malformed memory reference at arguments.memoryReference"],
    ['readMemory of an expression', readMemory('&numbers', 8), "error: invalid arguments for request 'readMemory': malformed memory reference at arguments.memoryReference"],
    ['readMemory where nothing is', readMemory('0x1000', 16), '16 unreadable'],
    ['writeMemory at an offset', writeMemory('0x{numbers}', [9], 4, 'numbers[1]'), '{"bytesWritten":1}, then 0100000009000000, then 9'],
    ['dataBreakpointInfo of a variable', dataBreakpoint('local'), '{upper local}/4'],
    ['dataBreakpointInfo of an address', answerTo('dataBreakpointInfo', { name: '0x{local}', asAddress: true, bytes: 4 }, 'dataId'), '{upper local}/4'],
    ['disassemble', firstInstruction('0x{turn}'), '0x{upper turn}'],
  ],
  events: ['continued stopped(step)', 'continued stopped(breakpoint)', 'stopped(exception)'],
  running: [
    ['readMemory', readMemory('0x{global_counter}', 4), 'error: notStopped'],
    ['writeMemory', writeMemory('0x{global_counter}', [1], 0), 'error: notStopped, then error: notStopped'],
    ['evaluate', evaluate('&global_counter'), isRunning],
    ['threads', answerTo('threads', {}), 'error: notStopped'],
  ],
};

// prettier-ignore
const lldbCpp: AdapterFacts = {
  configuration: 'lldb: c++', file: 'debuggee.cpp', measured: '22.1.8',
  stopped: [
    ['memoryReference of this: the OBJECT, unlike other pointers', variable('this', ref), '0x{upper this}'],
    ['memoryReference of a reference: its own slot, not what it refers to', isAt(variable('reference', ref), 'reference'), 'elsewhere'],
    ['memoryReference of the one row in a reference', variable(['reference', '&reference'], ref), '0x{upper reference}'],
    ['evaluateName of the one row in a reference is no expression', variable(['reference', '&reference'], name), 'reference.&reference'],
    ['evaluate &reference: its own slot', isAt(evaluate('&reference'), 'reference'), 'elsewhere'],
    ['evaluate &reference: type', evaluate('&reference', { field: 'type' }), 'int &*'],
    ['evaluate reference: the address of what it refers to', evaluate('reference'), '0x{wide reference}'],
    ['evaluate reference: type', evaluate('reference', { field: 'type' }), 'int &'],
    ['evaluateName of a member', variable(['this', 'size_'], name), 'this->size_'],
    ['evaluateName of a base', variable(['this', 'shapes::Base'], name), 'this'],
    ['memoryReference of a member', variable(['this', 'size_'], ref), '0x{upper size_}'],
    ['memoryReference of a string: the object', variable(['this', 'title_'], ref), '0x{upper title_}'],
    ['memoryReference of a vector: the object', variable(['this', 'corners_'], ref), '0x{upper corners_}'],
    ['memoryReference of a vector’s element', variable(['this', 'corners_', '[0]'], ref), '0x{upper corners_[0]}'],
    ['evaluate &title_ adds its text', evaluate('&title_'), '0x{wide title_} "a title that is too long for the string itself"'],
    ['evaluate title_.c_str() adds its text', evaluate('title_.c_str()'), '0x{wide title_ characters} "a title that is too long for the string itself"'],
    ['evaluate &corners_[0]', evaluate('&corners_[0]'), '0x{wide corners_[0]}'],
    ['evaluate &size_', evaluate('&size_'), '0x{wide size_}'],
    ['evaluate &shapes::Shape::total_', evaluate('&shapes::Shape::total_'), '0x{wide total_}'],
    ['evaluate sizeof(*this)', evaluate('sizeof(*this)'), '72'],
  ],
};

// prettier-ignore
const cdt: AdapterFacts = {
  configuration: 'cdt: loop', file: 'debuggee.c', measured: '1.7.0 with gdb 13.1',
  stopped: [
    ['can do', capabilities, 'ReadMemoryRequest WriteMemoryRequest DisassembleRequest DataBreakpoints SetVariable EvaluateForHovers TerminateRequest SteppingGranularity'],
    ['no process event', processEvent, 'none'],
    ['gdb names the pid in the Debug Console', gdbSays('info inferiors', /process (\d+)/), '{pid}'],
    ['scopes', scopes, 'Local, Registers'],
    ['memoryReference of an int: an expression', variable('local', ref), '&(local)'],
    ['memoryReference of a struct: an expression', variable('own', ref), '&(own)'],
    ['memoryReference of a pointer: an expression, for its own address', variable('pointer', ref), '&(pointer)'],
    ['memoryReference of a member: none', variable(['own', 'count'], ref), 'none'],
    ['memoryReference of an element: none', variable(['numbers', '[0]'], ref), 'none'],
    ['memoryReference of a variable in a register: an expression that fails', variable('fast', ref), '&(fast)'],
    ['memoryReference of a register: none', variable('rsp', ref), 'none'],
    ['globals are in no scope', variable('global_counter', 'value'), 'no such variable'],
    ['evaluateName of a register', variable('rsp', name), '$rsp'],
    ['evaluateName of a member', variable(['own', 'count'], name), 'own.count'],
    ['evaluateName of a member through a pointer has a dot', variable(['given', 'count'], name), 'given.count'],
    ['evaluateName of what a pointer points to is no expression', variable(['pointer', '*pointer'], name), 'pointer.*pointer'],
    ['evaluateName of an element', variable(['numbers', '[1]'], name), 'numbers[1]'],
    ['evaluate &local', evaluate('&local'), '0x{local}'],
    ['evaluate &(own)', evaluate('&(own)'), '0x{own}'],
    ['evaluate &(own) has a type', evaluate('&(own)', { field: 'type' }), 'struct record *'],
    ['evaluate never has a memoryReference', evaluate('own', { field: ref }), 'none'],
    ['evaluate &(given.count): the dot is fine', evaluate('&(given.count)'), '0x{*given}'],
    ['evaluate & of a char pointer', evaluate('heap'), '0x{*heap} ""'],
    ['evaluate & of a global adds its name', evaluate('&global_counter'), '0x{global_counter} <global_counter>'],
    ['evaluate & of a static adds its name', evaluate('&(file_counter)'), '0x{file_counter} <file_counter>'],
    ['evaluate & of a thread local', evaluate('&per_thread'), '0x{per_thread}'],
    ['evaluate & of a bit-field: the unit that holds it', evaluate('&own.low', { field: 'type' }), 'unsigned int *'],
    ['evaluate & of a variable in a register: an empty text', evaluate('&fast'), ''],
    ['evaluate a function adds its name', evaluate('&turn'), '0x{turn} <turn>'],
    ['evaluate sizeof(own)', evaluate('sizeof(own)'), '128'],
    ['evaluate as a hover can sizeof', evaluate('sizeof(own)', { context: 'hover' }), '128'],
    ['evaluate $sp is $rsp', same(evaluate('$sp'), evaluate('$rsp')), 'the same'],
    ['evaluate (unsigned long long)&local is decimal', evaluate('(unsigned long long)&local'), '{decimal local}'],
    ['evaluate what is not there SUCCEEDS, with a text', evaluate('&nosuch'), noSuch],
    ['evaluate without a frame: none', evaluate('&global_counter', { withoutFrame: true }), noFrame],
    ['readMemory at an address', readMemory('0x{numbers}', 8), oneTwo],
    ['readMemory at a decimal one', readMemory('{decimal numbers}', 8), oneTwo],
    ['readMemory of an expression', readMemory('&(numbers)', 8), oneTwo],
    ['readMemory: the address that it gives', readMemoryAddress('0x{numbers}'), '0x{wide numbers}'],
    ['readMemory with an offset', readMemory('0x{numbers}', 8, 4), '0200000003000000'],
    ['readMemory of nothing: no body', readMemory('0x{numbers}', 0), 'no body'],
    ['readMemory where nothing is', readMemory('0x1000', 16), 'error: Unable to read memory. (@ 0x1000)'],
    ['writeMemory IGNORES its offset', writeMemory('0x{numbers}', [9], 4, 'numbers[0]'), 'none, then 0900000002000000, then 9'],
    ['dataBreakpointInfo of a variable', dataBreakpoint('local'), 'local'],
    ['dataBreakpointInfo of an address', answerTo('dataBreakpointInfo', { name: '0x{local}', asAddress: true, bytes: 4 }, 'dataId'), '0x{local}+0x4'],
    ['which is an int 4 bytes FURTHER ON, so that bytes are named by an expression', answerTo('dataBreakpointInfo', { name: '*(char(*)[4])0x{local}' }, 'dataId'), '*(char(*)[4])0x{local}'],
    ['disassemble', firstInstruction('0x{turn}'), '0x{wide turn}'],
  ],
  events: ['continued stopped(step)', 'continued stopped(breakpoint)', 'stopped(SIGINT)'],
  running: [
    ['readMemory reads', looksLike(readMemory('0x{global_counter}', 4), /^[0-9a-f]{8}$/), 'yes'],
    ['evaluate SUCCEEDS, with a text', evaluate('&global_counter'), noSuch],
    ['threads', answerTo('threads', {}), 'an answer'],
  ],
};

// prettier-ignore
const cdtCpp: AdapterFacts = {
  configuration: 'cdt: c++', file: 'debuggee.cpp', measured: cdt.measured,
  stopped: [
    ['memoryReference of this: an expression, for the pointer’s own address', variable('this', ref), '&(this)'],
    ['memoryReference of a reference', variable('reference', ref), '&(reference)'],
    ['evaluate &(reference): what it refers to', evaluate('&(reference)'), '0x{reference}'],
    ['evaluate this', evaluate('this'), '0x{this}'],
    ['evaluateName of a member is no expression', variable(['this', 'size_'], name), 'this.private.size_'],
    ['evaluate & of that', evaluate('&(this.private.size_)'), 'error: There is no member or method named private.'],
    ['evaluate &size_', evaluate('&size_'), '0x{size_}'],
    ['evaluate &title_', evaluate('&title_'), '0x{title_}'],
    ['evaluate &corners_[0]', evaluate('&corners_[0]'), '0x{corners_[0]}'],
    ['evaluate &shapes::Shape::total_ adds its name', evaluate('&shapes::Shape::total_'), '0x{total_} <shapes::Shape::total_>'],
    ['evaluate sizeof(*this)', evaluate('sizeof(*this)'), '72'],
  ],
};

// prettier-ignore
const gdbserver: AdapterFacts = {
  configuration: 'gdbserver: loop', file: 'debuggee.c', measured: cdt.measured,
  stopped: [
    ['no process event', processEvent, 'none'],
    ['gdb names the pid in the Debug Console', gdbSays('info inferiors', /process (\d+)/), '{pid}'],
    ['memoryReference of an int: an expression', variable('local', ref), '&(local)'],
    ['evaluate &(own)', evaluate('&(own)'), '0x{own}'],
    ['gdb tells the mappings in the Debug Console, of what gdbserver holds too', gdbSays('info proc mappings', /(\[stack\])/), '[stack]'],
    ['evaluate $sp: a pointer', looksLike(evaluate('$sp'), /^0x[0-9a-f]+$/), 'yes'],
    ['readMemory of an expression', readMemory('&(numbers)', 8), oneTwo],
  ],
  events: ['continued stopped(step)', 'continued stopped(breakpoint)', 'stopped(SIGINT)'],
  running: [
    ['readMemory', readMemory('0x{global_counter}', 4), 'error: Cannot execute this command while the target is running.'],
    ['evaluate SUCCEEDS, with a text', evaluate('&global_counter'), noSuch],
  ],
};

// prettier-ignore
const debugpy: AdapterFacts = {
  configuration: 'debugpy: loop', file: 'debuggee.py', measured: '1.6.3+git20221103.a2a3328',
  stopped: [
    ['can do', capabilities, 'SetVariable SetExpression EvaluateForHovers TerminateRequest ClipboardContext ValueFormattingOptions'],
    ['the process event has the pid', processEvent, '{pid}'],
    ['scopes', scopes, 'Locals, Globals'],
    ['memoryReference: none', variable('note', ref), 'none'],
    ['evaluateName', variable('note', name), 'note'],
    ['evaluate id(note) is decimal, and the object, not its bytes', isAt(evaluate('id(note)'), 'note'), 'elsewhere'],
    ['evaluate the address of a buffer by ctypes', evaluate('__import__("ctypes").addressof(numbers)'), '{decimal numbers}'],
    ['evaluate the pid', evaluate('__import__("os").getpid()'), '{pid}'],
  ],
  events: ['continued stopped(step)', 'continued stopped(breakpoint)', 'stopped(pause)'],
  running: [
    ['evaluate in the old frame', evaluate('note'), 'error: Unable to find thread for evaluation.'],
  ],
  last: [
    ['readMemory, which it does not have, is not answered', readMemory('0x{note}', 8), 'no answer'],
    ['nor is anything after that: it hangs', answerTo('threads', {}), 'no answer'],
  ],
};

// prettier-ignore
const node: AdapterFacts = {
  configuration: 'node: loop', file: 'debuggee.js', measured: 'js-debug 1.117.0',
  stopped: [
    ['can do', capabilities, 'ReadMemoryRequest WriteMemoryRequest SetVariable SetExpression EvaluateForHovers RestartRequest ClipboardContext ValueFormattingOptions'],
    ['no process event', processEvent, 'none'],
    ['the child session, which stops, has the pid in its name', pidInName, '{pid}'],
    ['the child session is of type pwa-node, with a parent', kind, 'pwa-node, a parent'],
    ['evaluate process.pid', evaluate('process.pid'), '{pid}'],
    ['evaluate process.pid without a frame', evaluate('process.pid', { withoutFrame: true }), '{pid}'],
    ['memoryReference of a number: none', variable('local', ref), 'none'],
    ['memoryReference of an object: none', variable('object', ref), 'none'],
    ['memoryReference of a Buffer: a small number, no address', looksLike(variable('buffer', ref), /^\d{1,3}$/), 'yes'],
    ['memoryReference of a Float64Array: a small number', looksLike(variable('numbers', ref), /^\d{1,3}$/), 'yes'],
    ['evaluateName', variable('buffer', name), 'buffer'],
    ['readMemory through a reference: the buffer from its start', readReferenceOf('buffer', 16), '{needle}'],
    ['readMemory through a view’s reference: from where the view begins', readReferenceOf('bytes', 4), '00000000'],
    ['readMemory of an address that is no reference: unreadable', readMemory('0x1000', 16), '16 unreadable'],
    ['writeMemory to no reference SUCCEEDS, and does nothing', writeMemory('0x1000', [1], 0), '{}, then 8 unreadable'],
    ['dataBreakpointInfo is not even answered', dataBreakpoint('local'), 'no answer'],
  ],
  events: ['continued stopped(step)', 'continued stopped(breakpoint)', 'stopped(step)|stopped(pause)'],
  running: [
    ['evaluate process.pid without a frame', evaluate('process.pid', { withoutFrame: true }), '{pid}'],
    ['evaluate in the old frame', evaluate('process.pid'), 'error: Stack frame not found'],
  ],
};

export const adapters: readonly AdapterFacts[] = [lldb, lldbCpp, cdt, cdtCpp, gdbserver, node, debugpy];
