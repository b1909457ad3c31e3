/** Reads and writes the memory of running Linux processes, by Cross Memory Attach: no stop, no ptrace, no copy too many. */
export { attach } from './attach.ts';
export { list } from './list.ts';
export { Process, type ReadOutcome } from './process.ts';
export { ArraySource } from './array.ts';
export {
  createPlan,
  type LiveSource,
  type MemorySource,
  type ReadPlan,
  type WriteOptions,
  type Written,
} from './source.ts';
export { createReader, type Reader, type ReaderOptions, type Subscription } from './live/reader.ts';
export { MemoryError, type MemoryErrorCode } from '../common/error.ts';
export { PageState, pageBytes, pageOf, addressOfPage, type PageNumber } from '../common/page.ts';
export type { Address } from '../common/address.ts';
export type { Frame } from '../common/frame.ts';
export type { ProcessEntry, TargetFacts } from '../common/protocol.ts';
export type { Range } from '../common/range.ts';
export type { Region, RegionKind } from '../common/region.ts';
