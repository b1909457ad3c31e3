/*
 * read PID ADDRESS BYTES CHUNK call|file OFFSET: for each line on standard input, reads that many chunks of CHUNK bytes, one
 * after the other and round again after BYTES, into one buffer, and prints the nanoseconds that one chunk took. `call` is
 * process_vm_readv, `file` is pread from /proc/PID/mem. The buffer begins OFFSET bytes after the beginning of a page.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  int pid = atoi(argv[1]);
  unsigned long at = strtoul(argv[2], NULL, 16), bytes = strtoul(argv[3], NULL, 10), chunk = strtoul(argv[4], NULL, 10);
  int file = -1;
  if (strcmp(argv[5], "file") == 0) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    if ((file = open(path, O_RDONLY)) < 0) return 1;
  }
  char *buffer = (char *)aligned_alloc(4096, (chunk + 2 * 4096 - 1) / 4096 * 4096) + strtoul(argv[6], NULL, 10);
  /* Touched before the clock runs. */
  memset(buffer, 1, chunk);
  setvbuf(stdout, NULL, _IOLBF, 0);
  unsigned long from = 0;
  for (long times; scanf("%ld", &times) == 1;) {
    struct timespec begun, ended;
    clock_gettime(CLOCK_MONOTONIC, &begun);
    for (long i = 0; i < times; i++) {
      ssize_t count;
      if (file >= 0) count = pread(file, buffer, chunk, (off_t)(at + from));
      else {
        struct iovec local = {buffer, chunk}, remote = {(void *)(at + from), chunk};
        count = process_vm_readv(pid, &local, 1, &remote, 1, 0);
      }
      if (count != (ssize_t)chunk) return 1;
      if ((from += chunk) >= bytes) from = 0;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    printf("%.1f\n", ((ended.tv_sec - begun.tv_sec) * 1e9 + (ended.tv_nsec - begun.tv_nsec)) / (double)times);
  }
  return 0;
}
