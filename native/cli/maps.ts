import { printAddress } from '../../common/address.ts';
import { printSize } from '../../common/size.ts';
import type { Region } from '../../common/region.ts';
import type { CountedFigures } from '../residency.ts';
import type { Command } from './command.ts';
import { harmless, print, printJsonLines, printTable } from './output.ts';
import { parsePid, withProcess } from './words.ts';

export const maps: Command = {
  name: 'maps',
  words: ['PID'],
  summary: 'Lists the regions of a process, as /proc/PID/maps does, with their kind and how much of each is in memory.',
  options: {},
  details: 'RESIDENT leaves the shared page of zeros out; "-" is what the kernel does not tell (null in JSON).',

  async run([pid = ''], given) {
    const [regions, figures] = await withProcess(parsePid(pid), async (target) => {
      const found = await target.regions();
      return [found, await target.residency(target.table)] as const;
    });
    if (given.has('json')) return printJsonLines(regions.map((region, i) => regionJson(region, figures, i)));
    const rows = regions.map(({ start, end, access, offset, kind, name }, i) => [
      `${hex(start)}-${hex(end)}`,
      access,
      hex(offset),
      kind,
      printSize(Number(end - start)),
      sizeOf(figures.resident[i]),
      harmless(name),
    ]);
    const right = 'right' as const;
    return print(
      printTable(
        [
          { title: 'ADDRESS', align: right },
          { title: 'ACCESS' },
          { title: 'OFFSET' },
          { title: 'KIND' },
          { title: 'SIZE', align: right },
          { title: 'RESIDENT', align: right },
          { title: 'NAME' },
        ],
        rows,
      ),
    );
  },
};

function regionJson(region: Region, figures: CountedFigures, i: number): Record<string, unknown> {
  const { start, end, access, offset, name, kind } = region;
  return {
    start: printAddress(start),
    end: printAddress(end),
    access,
    offset: printAddress(offset),
    name,
    kind,
    residentBytes: known(figures.resident[i]),
    swappedBytes: known(figures.swapped[i]),
    hugeBytes: known(figures.huge[i]),
  };
}

/** As the kernel pads them. */
function hex(value: bigint): string {
  return value.toString(16).padStart(8, '0');
}

function known(bytes: number | undefined): number | null {
  return bytes === undefined || Number.isNaN(bytes) ? null : bytes;
}

function sizeOf(bytes: number | undefined): string {
  const found = known(bytes);
  return found === null ? '-' : printSize(found);
}
