/**
 * Reads and writes the memory of running Linux processes, by Cross Memory Attach: no stop, no ptrace, no copy too many.
 *
 *     const target = await attach(4242);
 *     const { address } = await resolveAddress(target, '[heap]+0x40');
 *     const bytes = new Uint8Array(64);
 *     const { unreadable } = await target.readInto({ start: address, length: 64 }, bytes);
 *     target.dispose();
 *
 * Addresses are bigints, lengths are bytes, pages have 4096 of them. Whatever a person must be told rejects with a
 * `MemoryError`, whose `code` says what kind it is and whose message names the cause and the remedy. A page that cannot be
 * read is no error but a `PageState`, and its bytes in a buffer are left as they were: unreadable is never zero.
 */

// Processes
export { attach, reattach } from './attach.ts';
export { list } from './list.ts';
export { whyDenied } from './access.ts';
export type { AccessCause, AccessFacts, AccessReport } from '../common/access.ts';
export type { ReadOutcome } from './outcome.ts';
export type { Process } from './process.ts';
export type { ProcessEntry, TargetFacts } from '../common/protocol.ts';
export type { Transport } from './transport.ts';

// Addresses and regions
export { labelAddress, resolveAddress, type Resolved } from './address.ts';
export { addressMax, parseAddress, printAddress, type Address, type AddressText } from '../common/address.ts';
export { endOf, isValidRange, type Range } from '../common/range.ts';
export { findRegion, printLabel, type Region, type RegionKind, type RegionTable } from '../common/region.ts';
export { compareTables, type RegionChange } from '../common/regionChanges.ts';
export { relocate } from '../common/relocate.ts';
export type { CountedFigures as Residency } from './residency.ts';
export type { RegionUsage } from './linux/smaps.ts';

// Pages, and what is known of them
export {
  addressOfPage,
  offsetInPage,
  pageBytes,
  pageOf,
  PageState,
  pageStateFrom,
  printPageState,
  type PageNumber,
} from '../common/page.ts';

// Reading and writing
export { createPlan, type MemorySource, type ReadOptions, type ReadPlan } from './source.ts';
export type { LiveSource, WriteOptions, Written } from './source.ts';
export { createBuffer } from './buffer.ts';
export type { Part } from './linux/scatter.ts';
export type { PartToWrite, PartWritten } from './write.ts';
export type { Piece, StreamOptions } from './stream.ts';
export { ArraySource } from './array.ts';

// Watching
export { createReader, type Reader, type ReaderOptions, type Subscription } from './live/reader.ts';
export type { Frame } from '../common/frame.ts';

// Errors
export { MemoryError, type MemoryErrorCode } from '../common/error.ts';
export type { Disposable } from '../common/dispose.ts';
