import type { AccessReport } from './access.ts';
import type { AddressText } from './address.ts';
import type { Frame } from './frame.ts';
import type { MemoryNames } from './names.ts';
import type { PageNumber } from './page.ts';
import type { RangeText } from './range.ts';
import type { RegionTable } from './region.ts';
import type { ByteOrder, TextEncoding, Unit } from './value.ts';

/** One process in the list to pick from. */
export interface ProcessEntry {
  readonly pid: number;
  readonly name: string;
  readonly user: string;
  /** Whether it runs under our own uid. */
  readonly own: boolean;
  readonly commandLine: string;
  readonly residentBytes: number;
  /** Why it cannot be opened, or null where it can. */
  readonly denied: string | null;
}

/** Who a target is; together with its descriptor in the agent, the identity of an address space. */
export interface TargetFacts {
  readonly pid: number;
  readonly name: string;
  readonly user: string;
  readonly commandLine: string;
  /** The file it runs, as /proc/<pid>/exe names it; empty where that cannot be read. */
  readonly executable: string;
  /** Field 22 of /proc/<pid>/stat, in clock ticks since boot. */
  readonly startTime: string;
  /** 4 or 8. */
  readonly pointerBytes: number;
  /** The debugger whose session it is read through, where the process itself cannot be; `pid` is 0 then, and means nothing. */
  readonly through?: string;
}

export interface TargetStatus {
  readonly state: 'running' | 'stopped' | 'gone';
  /** When it came to that state, as far as we saw (Date.now). */
  readonly sinceMs: number;
  /** Whether a debugger has it; a stop is then one of the debugger's. */
  readonly isDebugged?: boolean;
  /** For `gone`: what became of it, as a sentence. */
  readonly reason?: string;
}

export interface ResolvedAddress {
  readonly address: AddressText;
  /** `[heap]+0x40`, where something with a name is mapped there. */
  readonly label?: string;
}

export interface SymbolLabel {
  /** `libc.so.6!malloc+0x10`; not there where no symbol holds the address, or none is known so soon. */
  readonly label?: string;
}

export interface ReadRequest extends RangeText {
  /** Read pages that are not in memory too, which brings them in. */
  readonly faultIn?: boolean;
}

export interface ReadResult {
  /** As long as the range asked for; bytes of unreadable pages are 0 and mean nothing. */
  readonly bytes: Uint8Array;
  /** A `PageState` for each page that the range touches, in order. */
  readonly states: Uint8Array;
}

/** What the file of a page of a program's code has there. Nothing where that is not known, or where the page is no such page. */
export interface OriginalPage {
  /** 4096 bytes. */
  readonly bytes?: Uint8Array;
  /** The instruction that debuggers of this machine put in the place of another, to stop there. */
  readonly breakpoint?: Uint8Array;
}

export interface WriteRequest {
  readonly start: AddressText;
  readonly bytes: Uint8Array;
  /** Refuse with Conflict unless the target holds exactly these bytes (as long as `bytes`) now. */
  readonly expect?: Uint8Array;
  /** Write through /proc/<pid>/mem, which passes over read-only and PROT_NONE. Never without the user's explicit word. */
  readonly force?: boolean;
}

export interface WriteResult {
  /** Names the write in `overwritten`. */
  readonly id: number;
  readonly before: Uint8Array;
  /** Whether all bytes were still ours when read back at once. */
  readonly held: boolean;
}

export interface SaveRequest {
  /** Chosen by the caller; names the save in `saveProgress` and `cancelSave`. */
  readonly id: number;
  readonly range: RangeText;
  /** Absolute path. Written beside itself and renamed when complete, so a cancelled save leaves nothing. */
  readonly file: string;
}

export interface SaveResult {
  /** Bytes of the target that are in the file. */
  readonly savedBytes: number;
  /** Ranges that could not be read, with the reason; the file has zeros there. */
  readonly unreadable: readonly { readonly range: RangeText; readonly reason: string }[];
}

/** What of each region of a table exists, in bytes, in the table's order. NaN where the kernel does not tell. */
export interface Figures {
  /** In memory, the shared zero page left out. */
  readonly resident: Float64Array;
  readonly swapped: Float64Array;
  /** Read but never written: the one zero page that all processes share. */
  readonly zero: Float64Array;
  /** The part of `resident` that is mapped by huge pages. */
  readonly huge: Float64Array;
}

/** Figures of the table with that version. */
export interface Residency extends Figures {
  readonly version: number;
}

/** How the reader is doing; told at most once a second. */
export interface Pulse {
  /** What the last tick's system call took. */
  readonly readMicroseconds: number;
  /** Ticks in the last second. */
  readonly ticks: number;
  /** Fewer than asked for, because the program has to wait for a processor. */
  readonly givesWay?: boolean;
}

/** What the agent answers and hears. One agent a target; an agent without a target lists processes. */
export interface AgentContract {
  readonly calls: {
    list: [Record<string, never>, readonly ProcessEntry[]];
    /** The processes that run an executable, given by its absolute path. */
    running: [{ readonly executable: string }, readonly number[]];
    /** Whether a process can be opened, and if not, why and what would allow it. */
    whyDenied: [{ readonly pid: number }, AccessReport];
    /** Rejects with Denied, Gone (no such process, zombie) or Unsupported (kernel thread, no CMA). */
    attach: [{ readonly pid: number }, TargetFacts];
    resolve: [{ readonly expression: string }, ResolvedAddress];
    label: [{ readonly address: AddressText }, SymbolLabel];
    read: [ReadRequest, ReadResult];
    original: [{ readonly page: PageNumber }, OriginalPage];
    write: [WriteRequest, WriteResult];
    save: [SaveRequest, SaveResult];
    /** Processes that run the same executable with the same command line, newest first, this one left out. */
    successors: [Record<string, never>, readonly ProcessEntry[]];
  };
  readonly says: {
    /** The pages that a view shows, ascending; none stops all work for it. The answer is frames, when bytes differ. */
    watch: { readonly view: number; readonly pages: Float64Array };
    /** The view has painted the frame. */
    drawn: { readonly view: number; readonly seq: number };
    /** Whether the view's pages are read although they are not in memory. */
    faultIn: { readonly view: number; readonly faultIn: boolean };
    /** Milliseconds between ticks. */
    tempo: { readonly intervalMs: number };
    /** Paused: nothing is read; views keep what they have. */
    pause: { readonly view: number; readonly paused: boolean };
    /** Whether somebody looks at the regions although no page is watched (the sidebar is open). */
    watchRegions: { readonly watched: boolean };
    cancelSave: { readonly id: number };
    /**
     * What a debugger does with the process. Stopped: one read, then nothing until it runs, or until `refresh`. None: it is
     * on its own, live.
     */
    debugger: { readonly state: 'running' | 'stopped' | 'none' };
    /** Memory may have changed although the process is stopped: the debugger wrote. */
    refresh: Record<string, never>;
  };
}

/** What the host hears from the agent. */
export interface AgentHostContract {
  readonly calls: Record<never, never>;
  readonly says: {
    frame: { readonly view: number; readonly frame: Frame };
    /** On attach, and whenever a look at the regions finds them changed. */
    regions: RegionTable;
    residency: Residency;
    status: TargetStatus;
    pulse: Pulse;
    /** The program changed the bytes of a write that held, `afterMs` after it. */
    overwritten: { readonly id: number; readonly afterMs: number };
    saveProgress: { readonly id: number; readonly doneBytes: number };
  };
}

/** How a view shows bytes; remembered for the target. */
export interface Choices {
  readonly unit: Unit;
  readonly byteOrder: ByteOrder;
  /** 0 fits the width. */
  readonly bytesPerRow: 0 | 8 | 16 | 32 | 64;
  readonly textEncoding: TextEncoding;
  /** What is marked: what changes while it does, or what has changed since the process was last stopped, where it was. */
  readonly highlight: 'live' | 'sinceStop';
}

export const usualChoices: Choices = {
  unit: 'hex8',
  byteOrder: 'little',
  bytesPerRow: 16,
  textEncoding: 'ascii',
  highlight: 'sinceStop',
};

/** A selection: `anchor` is where it began, `caret` where it ends; both bytes belong to it. */
export interface Selection {
  readonly anchor: AddressText;
  readonly caret: AddressText;
}

/** Where a view was; what a window reload brings back. */
export interface Place {
  readonly top: AddressText;
  readonly selection?: Selection;
}

/** All that a view needs to begin. */
export interface OpenView {
  readonly facts: TargetFacts;
  readonly choices: Choices;
  readonly editing: boolean;
  readonly status: TargetStatus;
  readonly place?: Place;
}

/** What the view gets back of a write, an undo or a redo. */
export interface EditResult {
  readonly start: AddressText;
  /** Bytes that are in the target now because of it. */
  readonly bytes: Uint8Array;
  readonly held: boolean;
}

/** What the view's own menus and keybindings can ask of it; each is a command `liveMemory.<action>` of the manifest. */
export const viewActions = [
  'goTo',
  'undo',
  'redo',
  'togglePause',
  'toggleEditing',
  'togglePin',
  'copyHex',
  'copyText',
  'copyCArray',
  'copyPython',
  'copyBase64',
  'copyAddress',
  'paste',
  'fill',
  'writeValue',
  'followPointer',
  'selectRegion',
  'saveSelection',
  'breakOnWrite',
  'revealSource',
] as const;
export type ViewAction = (typeof viewActions)[number];

/** What a view has the extension do. */
export type ViewCommand = 'attach' | 'history' | 'save' | 'breakOnWrite' | 'revealSource';

/** What the host answers and hears from a view. */
export interface ViewHostContract {
  readonly calls: {
    resolve: [{ readonly expression: string }, ResolvedAddress];
    label: [{ readonly address: AddressText }, SymbolLabel];
    read: [RangeText, ReadResult];
    original: [{ readonly page: PageNumber }, OriginalPage];
    /** Asks the user first where editing is off; `force` asks in words of its own. Rejects with MemoryError. */
    write: [{ readonly start: AddressText; readonly bytes: Uint8Array; readonly force?: boolean }, EditResult];
    undo: [Record<string, never>, EditResult];
    redo: [Record<string, never>, EditResult];
    /** Turns editing on (which may ask the user) or off; answers what it is now. */
    setEditing: [{ readonly editing: boolean }, { readonly editing: boolean }];
    copy: [{ readonly text: string }, Record<string, never>];
    /** Text from the clipboard, for a paste from the view's own menu. */
    clipboard: [Record<string, never>, { readonly text: string }];
    /** Replaces the target by the restarted process, where there is one; rejects with a sentence where not. */
    reattach: [Record<string, never>, Record<string, never>];
  };
  readonly says: {
    ready: Record<string, never>;
    watch: { readonly pages: readonly PageNumber[] };
    drawn: { readonly seq: number };
    pause: { readonly paused: boolean };
    choices: Choices;
    place: Place;
    /** Follows an expression from now on, or none: see `pinned`. */
    pin: { readonly expression?: string };
    /** Runs one of the extension's own commands, on the range that is selected where it is about bytes. */
    command: { readonly name: ViewCommand; readonly range?: RangeText };
  };
}

/** What a view answers and hears. */
export interface ViewContract {
  readonly calls: Record<never, never>;
  readonly says: {
    open: OpenView;
    frame: Frame;
    regions: RegionTable;
    residency: Pick<Residency, 'version' | 'resident'>;
    status: TargetStatus;
    /** What the debugger knows of the memory at this stop, instead of what was told before. */
    names: MemoryNames;
    pulse: Pulse;
    /** Whether the agent has not answered for a while. */
    silent: { readonly silent: boolean };
    editing: { readonly editing: boolean };
    choices: Choices;
    /** Shows an address; a length selects that many bytes. */
    goTo: { readonly address: AddressText; readonly length?: number };
    /**
     * The expression that the view follows, and where it leads now or why it leads nowhere; said at once, at each stop of a
     * debugger, and when the user chooses another frame.
     */
    pinned: { readonly expression?: string; readonly address?: AddressText; readonly error?: string };
    /** Another view of the target, undo, or the API wrote: its bytes are ours, and not a change by the program. */
    written: EditResult;
    overwritten: { readonly start: AddressText; readonly length: number; readonly afterMs: number };
    /** A command of the palette or a keybinding that belongs to the view. */
    perform: { readonly action: ViewAction };
    /** A sentence to show in the view, where a call of the view's own is not what failed. */
    notice: { readonly severity: 'info' | 'error'; readonly message: string };
  };
}
