/** What the test extension tells, and debug.ts reads. */

/** One message of the Debug Adapter Protocol, as VS Code and an adapter exchanged it. */
export interface Traffic {
  /** Since 1970, with fractions; strictly rising. */
  readonly timeMs: number;
  readonly session: string;
  readonly sessionType: string;
  readonly sessionName: string;
  /** `end`: VS Code lets the session go. `error` and `exit` are the adapter's own. */
  readonly kind: 'request' | 'response' | 'event' | 'end' | 'error' | 'exit';
  /** The command, or the event. */
  readonly name: string;
  readonly seq?: number;
  readonly requestSeq?: number;
  readonly success?: boolean;
  readonly message?: string;
  /** A request's arguments, or the body; texts of more than 2,000 characters are cut. */
  readonly body?: unknown;
}

/** Where the user is in what is being debugged. */
export interface Where {
  /** How many `stopped` events there have been in this window. */
  readonly stops: number;
  /** How many requests there have been to go on, step, pause, restart or end. */
  readonly controls: number;
  /** How many sessions there are. */
  readonly sessions: number;
  /** The active one. */
  readonly session?: string;
  readonly thread?: number;
  /** The selected frame, where that session has stopped and its frames are there. */
  readonly frame?: Frame;
}

export interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly file?: string | undefined;
}

export interface SessionFacts {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly parent?: string;
  /** The body of its `process` event, where one came. */
  readonly process?: { readonly name: string; readonly systemProcessId?: number; readonly startMethod?: string };
  /** What it said in answer to `initialize`, and later. */
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly stopped: boolean;
}
