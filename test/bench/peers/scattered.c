/*
 * scattered PID ADDRESS PAGES STEP: for each line on standard input, reads PAGES pages, STEP pages apart, in one
 * process_vm_readv, that many times as the line says, and prints the nanoseconds that one call took.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <time.h>

#define PAGE 4096UL

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int pid = atoi(argv[1]);
  unsigned long at = strtoul(argv[2], NULL, 16), pages = strtoul(argv[3], NULL, 10), step = strtoul(argv[4], NULL, 10);
  char *bytes = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  struct iovec local = {bytes, pages * PAGE}, *remote = calloc(pages, sizeof *remote);
  for (unsigned long i = 0; i < pages; i++) remote[i] = (struct iovec){(void *)(at + i * step * PAGE), PAGE};
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (long times; scanf("%ld", &times) == 1;) {
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (long i = 0; i < times; i++)
      if (process_vm_readv(pid, &local, 1, remote, pages, 0) != (ssize_t)(pages * PAGE)) return 1;
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.0f\n", ((ended.tv_sec - begun.tv_sec) * 1e9 + (ended.tv_nsec - begun.tv_nsec)) / (double)times);
  }
  return 0;
}
