const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `132 KiB`, `12.4 GiB`: three digits at most, no decimals where they would be zero. */
export function printSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit++;
  }
  const text = size >= 100 || Number.isInteger(size) ? size.toFixed(0) : size.toFixed(1).replace(/\.0$/, '');
  return `${text} ${units[unit] ?? ''}`;
}
