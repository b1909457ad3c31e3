/*
 * residency PID ADDRESS BYTES: for each line on standard input, asks PAGEMAP_SCAN for the runs of pages that are in memory
 * or swapped out, that many times as the line says, and prints the nanoseconds that one look took. It exits with 1 unless all
 * of BYTES is in memory.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#define PAGEMAP_SCAN 0xc0606610UL
#define RUNS 1024

/* Categories, as include/uapi/linux/fs.h has them. */
enum { PRESENT = 8, SWAPPED = 16, ZERO = 32, HUGE = 64 };

struct scan {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages, inverted, mask, anyof, wanted;
};
struct run {
  uint64_t start, end, categories;
};

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/pagemap", argv[1]);
  int pagemap = open(path, O_RDONLY);
  uint64_t at = strtoul(argv[2], NULL, 16), end = at + strtoul(argv[3], NULL, 10);
  static struct run runs[RUNS];
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (long times; scanf("%ld", &times) == 1;) {
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (long i = 0; i < times; i++) {
      uint64_t resident = 0;
      for (uint64_t from = at; from < end;) {
        struct scan scan = {.size = sizeof scan, .start = from, .end = end, .vec = (uintptr_t)runs, .vec_len = RUNS,
                            .anyof = PRESENT | SWAPPED, .wanted = PRESENT | SWAPPED | ZERO | HUGE};
        int found = ioctl(pagemap, PAGEMAP_SCAN, &scan);
        if (found < 0) return 1;
        for (int run = 0; run < found; run++)
          if (runs[run].categories & PRESENT) resident += runs[run].end - runs[run].start;
        from = scan.walk_end;
      }
      if (resident != end - at) return 1;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.0f\n", ((ended.tv_sec - begun.tv_sec) * 1e9 + (ended.tv_nsec - begun.tv_nsec)) / (double)times);
  }
  return 0;
}
