/** Every bound of the project, with its reason. */

/** The kernel's IOV_MAX: one call takes at most this many ranges on either side. */
export const iovecsMax = 1024;

/** The kernel's MAX_RW_COUNT: one call moves at most this many bytes. */
export const callBytesMax = 0x7ffff000;

/** Pages that one view may watch: a 4K screen of 64-byte rows is three; a screen of one-page regions is about as many as it has rows. */
export const pagesPerViewMax = 256;

/** Frames on their way to a view at once. The round trip to a browser is about 25 ms, which at 60 Hz is two ticks; one spare. */
export const framesInFlightMax = 3;

/** Refresh rates that make sense: below one a second nobody calls it live, above 60 no screen shows it. */
export const refreshRateMin = 1;
export const refreshRateMax = 60;

/** One write: a paste larger than this is a mistake far more often than a wish, and undo keeps both sides of it. */
export const writeBytesMax = 16 * 1024 * 1024;

/** One read over a channel; larger ranges are asked for in pieces or saved to a file. */
export const readBytesMax = 16 * 1024 * 1024;

/** What is read at a time when a range is saved: chunks of 256 KiB to 1 MiB are what the call is fastest at. */
export const saveChunkBytes = 1024 * 1024;

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
