/** Every bound of the project, with its reason. */

/** The kernel's IOV_MAX: one call takes at most this many ranges on either side. */
export const iovecsMax = 1024;

/** The kernel's MAX_RW_COUNT: one call moves at most this many bytes. */
export const callBytesMax = 0x7ffff000;

/** What we ask of one call: the cap is a whole number of the system's pages, which may be 64 KiB large. */
export const askedBytesMax = 0x7fff0000;

/** Pages that one view may watch: a 4K screen of 64-byte rows is three; a screen of one-page regions is about as many as it has rows. */
export const pagesPerViewMax = 256;

/**
 * Frames on their way to a view at once. The round trip to a browser is about 25 ms, which at 60 Hz is two ticks; one spare, and
 * one that has been painted and waits to be told of with the next.
 */
export const framesInFlightMax = 4;

/** How long a painted frame waits for the next one, to be told of together: a little longer than from one to the next at 10 Hz. */
export const acknowledgeMs = 120;

/**
 * How long the lines at the bottom rest between two frames, and wait for one after that: numbers that change more often than
 * five times a second cannot be read, and were a third of what a frame of one changed row takes.
 */
export const linesRestMs = 180;
export const linesGraceMs = 90;

/** How long the key of a direct wire opens it: a page connects at once, or never. */
export const directKeyMs = 60_000;

/**
 * Where direct wires listen: one port a window. The manifest names them, so that a VS Code in a browser, which forwards ports that
 * come up, leaves them alone. Below those that Linux takes for outgoing connections (from 32768 on), so that most are free.
 */
export const directPorts = { first: 27_460, count: 40 } as const;

/** Refresh rates that make sense: below one a second nobody calls it live, above 60 no screen shows it. */
export const refreshRateMin = 1;
export const refreshRateMax = 60;

/** One write: a paste larger than this is a mistake far more often than a wish, and undo keeps both sides of it. */
export const writeBytesMax = 16 * 1024 * 1024;

/** One read over a channel; larger ranges are asked for in pieces or saved to a file. */
export const readBytesMax = 16 * 1024 * 1024;

/** What is read at a time of a streamed range: 256 KiB to 1 MiB is what the call is fastest at. */
export const streamPieceBytes = 1024 * 1024;

/** What one turn of the event loop reads of a large buffer: two to four milliseconds. */
export const readPieceBytes = 16 * 1024 * 1024;

/** Writes that undo can go back over, and the history shows; the bytes of both sides are kept. */
export const historyEntriesMax = 10_000;
export const historyBytesMax = 64 * 1024 * 1024;

/** How long after a write its bytes are looked at again, to say whether the program changed them back. */
export const holdCheckMs = 1000;

/** Dereferences in one address expression (`***p`): enough for any real chain, and an end for a hostile one. */
export const dereferencesMax = 16;

/** Characters of an address expression. */
export const expressionCharactersMax = 4096;

/** The lists in error messages and reports name at most this many ranges before "and n more". */
export const listedRangesMax = 8;

/** Targets attached at once in one window: each holds a worker thread and three descriptors. More is a loop that forgets to detach. */
export const targetsMax = 32;

/** Edits of one target that wait for the agent: more than a second of the fastest typing means that it does not answer. */
export const editsWaitingMax = 256;

/** How long the agent may take to answer before the view says so. People notice a wait at one second and blame the tool at three. */
export const silenceMs = 2000;

/** Pieces of memory that a data breakpoint takes: x86-64 has four debug registers, and each watches 1, 2, 4 or 8 aligned bytes. */
export const watchedPiecesMax = 4;
export const watchedPieceBytesMax = 8;

/** How long a debug adapter may take to answer: gdb loads the symbols of a large program for seconds. */
export const adapterAnswerMs = 10_000;

/** How long a stop lasts before a pinned expression is worked out anew: somebody who steps fast is not waited for. */
export const pinRestMs = 60;

/** Executables whose choices are remembered; the oldest is forgotten first. */
export const rememberedChoicesMax = 200;

/** Children of one node in the Regions view: VS Code sends a node's children in one message, and 500 take it about 10 ms. */
export const treeNodesMax = 500;

/** Refreshes of the Regions view: more often than once a second nobody can read it. */
export const treeRefreshMs = 1000;

/** How long a new, changed or gone region stays marked. */
export const regionMarkMs = 5000;

/** Regions marked at once; when more than this change, the marks would say nothing. */
export const regionMarksMax = 1000;

/** Bytes of one write that the history document prints of each side; the saved file has them all. */
export const historyShownBytes = 32;

/** The largest pid that Linux gives out (PID_MAX_LIMIT). */
export const pidMax = 4_194_304;

/** Pages that lie further apart than this are not looked for in one walk of the page tables: 512 is what one of those covers. */
export const presenceGapPages = 512;

/** Pages of one region whose residency is read from /proc/<pid>/pagemap where the kernel has no PAGEMAP_SCAN: 64 GiB are 128 MiB of it to read. */
export const residencyPagesMax = 16 * 1024 * 1024;

/** A file that a range is saved to. What cannot be read is left out as a hole, but nobody means to save a whole address space. */
export const saveBytesMax = 1024 ** 4;

/** How often a save tells how far it is. */
export const saveProgressMs = 100;

/** Looks at the regions: every second is as fast as people read them; a look that takes long is made to cost 2 % at most, and five seconds is the longest wait. */
export const regionLookMs = 1000;
export const regionLookMsMax = 5000;
export const regionLookCostFactor = 50;

/** The least time between two looks, however many pages become unreadable. */
export const regionLookMsMin = 250;

/** Writes whose bytes are looked at again at the same time, and their bytes in all; past either the oldest is let go. */
export const holdChecksMax = 64;
export const holdCheckBytesMax = 16 * 1024 * 1024;

/**
 * After so long without a change the reader rests: it ticks fifteen times a second until something changes. Waking up is
 * what a still view costs (a tick takes 2 µs in a warm loop and 280 µs after a sleep), and this keeps it under 1 % of a
 * core. The first change is seen 67 ms later at most, and the next at full speed.
 */
export const restAfterMs = 1000;
export const restIntervalMs = 1000 / 15;

/**
 * How often the loop looks whether the program has to wait for a processor, how many times as long it then waits itself, each
 * time, and how long at most: ten looks a second are live still, and at fifteen a program that wants one of two processors waits
 * for three times as long. A look takes 30 µs of a program with one thread; two that agree are half a second.
 */
export const courtesyLookMs = 250;
export const courtesyStep = 2;
export const courtesyIntervalMsMax = 100;

/** Threads of a program that are looked at for it: a look at one takes 15 µs. */
export const scheduledThreadsMax = 32;

/**
 * For how long after a debugger has let a process go it is also read between two ticks, every so often. Most steps are over by
 * then, and what they have changed is on its way to the view before the debugger's own news keep VS Code busy: see
 * test/bench/debug. A read of what a view shows takes some 3 µs.
 */
export const eagerForMs = 100;
export const eagerMs = 1;

/** The least time between two ticks, however fast a view scrolls. */
export const tickMsMin = 4;

/** Program and section headers of an ELF file. Programs have some 40 sections; objects with a section a function are not mapped. */
export const elfSegmentsMax = 1024;
export const elfSectionsMax = 65_536;

/** From the first to the last byte of a loaded file, so that a place in it and a symbol's number share 64 bits. */
export const imageBytesMax = 2 ** 40;

/** Notes of an ELF file that are looked through for its build id: there are about four, and it comes in the first hundred bytes of one. */
export const elfNotesMax = 64;
export const elfNoteBytesMax = 64 * 1024;

/** Symbols of one file: a browser with all of its own has about two million. */
export const symbolsMax = 2 ** 22;

/** The names of one file's symbols: those of a large C++ program are about 100 bytes each. */
export const symbolStringBytesMax = 256 * 1024 * 1024;

/** A symbol's name; longer ones, which templates make, are neither shown nor found, for an address expression must hold them. */
export const symbolNameBytesMax = 2048;

/** Names at one address that are looked at for the best. A library gives one function a few. */
export const symbolAliasesMax = 256;

/** What parsed files may take together for one target, and how many; past either, the one that was longest unused is let go. */
export const symbolCacheBytesMax = 512 * 1024 * 1024;
export const symbolFilesMax = 1024;

/** A file's symbols are parsed in pieces that take about so long, because the same thread reads for the views. */
export const symbolSliceMs = 8;

/** Names that a typing mistake is compared with, for `Did you mean`. */
export const symbolGuessesMax = 2000;

/** How long a label waits for its file to be parsed; the next one finds it done. Well below `silenceMs`. */
export const labelWaitMs = 1000;

/** How long the caret rests before the view asks for its symbol: as long as a key repeats, or a little more. */
export const labelSettleMs = 80;

/** Labels that a view remembers. */
export const labelsKeptMax = 256;

/** Milliseconds between two looks of the command line's watch, and how long it may go on: a timer of Node holds 2^31. */
export const watchIntervalMsMax = 2 ** 31 - 1;

/** Bytes of one change that the command line's watch prints of each side; JSON has them all. */
export const watchShownBytes = 64;

/**
 * How long a process rests at a stop before its debugger is asked for names: longer than the pause between two steps of a key that
 * repeats (33 ms) or of a script, shorter than anybody waits for.
 */
export const namesRestMs = 80;

/** How long the frame that VS Code shows after a stop is waited for, before the topmost one of the thread is taken. */
export const namesFrameMs = 1000;

/** Stops at which a session that tells no address is asked for one: the first may be in code that its debugger knows nothing of. */
export const namesTriesMax = 3;

/** What asking for the names of one stop may take in all; and how often what is known by then is shown. */
export const namesAskMs = 5000;
export const namesTellMs = 300;

/** Looks for names at one stop: after as many, whoever says again and again that memory has changed is not listened to. */
export const namesLooksMax = 64;

/** Variables of one stop: a frame has dozens, and the globals of a large file some hundred. */
export const namesMax = 256;

/**
 * Members of a variable, or elements, that have names of their own, each from one answer of the debugger; where those that have
 * members themselves leave room, these are named too, so deep: `a.b.c.d`.
 */
export const namePartsMax = 64;
export const namePartsDepthMax = 3;

/** Variables of one stop whose members are asked for. */
export const namesWithPartsMax = 32;

/** Characters of a name, a type or a value: a hover is no place for more. */
export const nameCharactersMax = 240;

/** Types of one session whose sizes and members are remembered; a template makes hundreds. */
export const typesKeptMax = 4096;

/** How long what a stop has shown stays after the process has gone on: a step is over sooner, and the next stop replaces it. */
export const stepGraceMs = 250;

/** How long the mouse rests on a byte before the hover comes: what VS Code's editor takes. */
export const hoverMs = 300;

/** One readMemory or writeMemory of a debugger: adapters carry it as base64 in one line of JSON, and gdb prints it as hex. */
export const adapterReadBytesMax = 64 * 1024;

/** Requests for memory that a debugger has to answer at once: it serves the person who debugs as well, one after the other. */
export const adapterRequestsMax = 2;

/** What a command of a debugger may print; its list of the mappings of a browser is about 2 MB. */
export const adapterOutputCharactersMax = 8 * 1024 * 1024;

/** Regions that are taken over from a debugger: as many as Linux lets a process have (vm.max_map_count) by default. */
export const adapterRegionsMax = 65_530;

/** A file that is saved through a debugger, which gives some megabytes a second and nothing else meanwhile. */
export const adapterSaveBytesMax = 64 * 1024 * 1024;

/** How long a stop waits to be told for what is read at it: longer, and the view says running while the debugger stands still. */
export const stopTellMs = 500;

/** What is compared at the stack pointer to know a process: a frame or two, which no two programs have alike. */
export const proofBytes = 256;

/** What is compared of the top of the stack: arguments, environment, and sixteen bytes that the kernel draws for each exec. */
export const proofTopBytes = 64 * 1024;

/** Tries to prove which process a session debugs, each at another stop: whoever steps on must not pay for it again and again. */
export const proofTriesMax = 3;

/** Bytes that are compared both ways at once, and what is compared around a view's place where nothing is selected. */
export const compareBytesMax = 1024 * 1024;
export const compareAroundPages = 16;

/** Rows of sixteen bytes that the document of a comparison shows: past a screen or two nobody reads on. */
export const compareRowsMax = 1000;
