import { attach } from '../../native/attach.ts';
import { createDebugBed, createDebugging, type DebugBed, type Debugging } from './debug.ts';
import type { MemoryView } from './memory.ts';
import { startVSCode, type VSCode, type VSCodeOptions } from './vscode.ts';
import { openWorkbench, type Workbench } from './workbench.ts';

/** A VS Code with debuggees in its folder, open in a browser. */
export interface DebugWindow {
  readonly bed: DebugBed;
  readonly vscode: VSCode;
  readonly workbench: Workbench;
  readonly debugging: Debugging;
  dispose(): Promise<void>;
}

export interface DebugWindowOptions {
  readonly extension?: VSCodeOptions['extension'];
  readonly width: number;
  readonly settings?: Readonly<Record<string, unknown>>;
}

export async function openDebugWindow(options: DebugWindowOptions): Promise<DebugWindow> {
  const { extension = 'development', width, settings } = options;
  const opened: { dispose(): Promise<void> }[] = [];
  const dispose = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.dispose();
  };
  try {
    const bed = await createDebugBed();
    opened.push(bed);
    const vscode = await startVSCode({ extension, ...bed.options });
    opened.push(vscode);
    if (settings !== undefined) vscode.configure(settings);
    const workbench = await openWorkbench(vscode, { width, height: 1000, theme: 'dark' });
    opened.push(workbench);
    return { bed, vscode, workbench, debugging: createDebugging(workbench, bed), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A little-endian number as the grid shows its bytes. */
export function hex(value: number, bytes: number): string {
  return Array.from({ length: bytes }, (_, i) => ((value >>> (8 * i)) & 0xff).toString(16).padStart(2, '0')).join(' ');
}

/** The bytes from an address on, as the grid shows them. */
export async function at(view: MemoryView, address: string | undefined, bytes: number): Promise<string> {
  const start = BigInt(address ?? 0);
  const found: (string | undefined)[] = [];
  for (let i = 0; i < bytes; i++) found.push(await view.byte(start + BigInt(i)));
  return found.join(' ');
}

/** Bytes straight out of a process, past everything that is tested. */
export async function bytesIn(
  pid: string | undefined,
  address: string | undefined,
  length: number,
): Promise<Uint8Array> {
  const process = await attach(Number(pid));
  try {
    const bytes = new Uint8Array(length);
    await process.readInto({ start: BigInt(address ?? 0), length }, bytes);
    return bytes;
  } finally {
    process.dispose();
  }
}
