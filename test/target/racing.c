/*
 * Threads that change what is mapped in a window of memory, all the time, while every byte of it that can be read is known:
 *
 *   racing THREADS
 *
 * The window has 64 pages a thread. The u64 at address A of it is A ^ 0x5ea1ed5ea1ed5ea1, in every page that is mapped
 * there, at any time. So a page is never filled where it can be seen: it is filled elsewhere and moved into its place
 * (mremap), or it is of a file that holds the same bytes already. Each thread has pages of its own, and at random
 *
 *   - moves in fresh anonymous pages,      - maps the file's pages, shared or private,
 *   - unmaps pages,                        - takes the access away (PROT_NONE, read-only) and gives it back,
 *   - drops the file's pages from its page table (MADV_DONTNEED), and ages anonymous ones (MADV_COLD, MADV_PAGEOUT),
 *   - maps the file at a place where it has ended, so that touching it would be SIGBUS.
 *
 * Its facts are the window's address and its pages; each line on standard input is answered with the changes made so far.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Newer than some C libraries' headers; a kernel that does not know them says so, which does no harm. */
#ifndef MADV_COLD
#define MADV_COLD 20
#define MADV_PAGEOUT 21
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

#define PAGE 4096UL
#define OWN 64UL
#define MASK 0x5ea1ed5ea1ed5ea1UL

static char *window;
/* Where pages are filled, as large as the window. While threads race nothing is mapped but at a fixed address, here or in the
   window: what the kernel placed by itself could come to lie in a gap of the window, and would be wrong bytes there. */
static char *workshop;
static pthread_barrier_t start;
static size_t pages;
static int file;
static volatile unsigned long changes;

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  abort();
}

/* Fills `count` pages at `at` with what belongs at `home`. */
static void fill(char *at, const char *home, size_t count) {
  for (size_t i = 0; i < count * PAGE; i += 8) *(uint64_t *)(at + i) = ((uint64_t)home + i) ^ MASK;
}

static void *race(void *argument) {
  size_t first = (size_t)argument * OWN;
  unsigned seed = (unsigned)first + 1;
  pthread_barrier_wait(&start);
  for (;;) {
    size_t count = 1 + (size_t)rand_r(&seed) % 12;
    size_t page = first + (size_t)rand_r(&seed) % (OWN - count + 1);
    char *at = window + page * PAGE;
    size_t bytes = count * PAGE;
    switch (rand_r(&seed) % 12) {
      case 0:
      case 1:
      case 2:
      case 3: {
        char *made = workshop + first * PAGE;
        must(mmap(made, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == made, "mmap");
        fill(made, at, count);
        must(mremap(made, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, at) == at, "mremap");
        break;
      }
      case 4:
      case 5: {
        int shared = rand_r(&seed) % 2 ? MAP_SHARED : MAP_PRIVATE;
        must(mmap(at, bytes, PROT_READ | PROT_WRITE, shared | MAP_FIXED, file, (off_t)(page * PAGE)) == at, "file");
        break;
      }
      case 6: must(munmap(at, bytes) == 0, "munmap"); break;
      // Where nothing is mapped these fail, which is as good.
      case 7: mprotect(at, bytes, PROT_NONE); break;
      case 8: mprotect(at, bytes, PROT_READ); break;
      case 9: mprotect(at, bytes, PROT_READ | PROT_WRITE); break;
      case 10: {
        // Never MADV_DONTNEED here: an anonymous page would come back as zeros.
        madvise(at, bytes, rand_r(&seed) % 2 ? MADV_COLD : MADV_PAGEOUT);
        break;
      }
      case 11:
        if (rand_r(&seed) % 2) {
          off_t past = (off_t)((pages + page) * PAGE);
          must(mmap(at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file, past) == at, "past the end");
        } else {
          must(mmap(at, bytes, PROT_READ, MAP_SHARED | MAP_FIXED, file, (off_t)(page * PAGE)) == at, "file");
          madvise(at, bytes, MADV_POPULATE_READ);
          must(madvise(at, bytes, MADV_DONTNEED) == 0, "dontneed");
        }
        break;
    }
    __atomic_fetch_add(&changes, 1, __ATOMIC_RELAXED);
    if (rand_r(&seed) % 8 == 0) usleep(50);
  }
  return NULL;
}

int main(int argc, char **argv) {
  size_t threads = argc > 1 ? strtoul(argv[1], NULL, 10) : 2;
  pages = threads * OWN;
  setvbuf(stdout, NULL, _IOLBF, 0);
  // It runs beside tests that watch the clock.
  setpriority(PRIO_PROCESS, 0, 10);
  window = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  workshop = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  must(window != MAP_FAILED && workshop != MAP_FAILED, "window");
  file = memfd_create("racing", 0);
  must(ftruncate(file, (off_t)(pages * PAGE)) == 0, "ftruncate");
  char *whole = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  must(whole != MAP_FAILED, "whole");
  fill(whole, window, pages);
  munmap(whole, pages * PAGE);
  pthread_barrier_init(&start, NULL, (unsigned)threads + 1);
  for (size_t i = 0; i < threads; i++) {
    pthread_t thread;
    must(pthread_create(&thread, NULL, race, (void *)i) == 0, "thread");
  }
  // Reserved so far, so that nothing else has come to lie there. What is not mapped yet is to be unmapped, for a read that
  // passes over PROT_NONE would find zeros.
  must(munmap(window, pages * PAGE) == 0, "munmap");
  pthread_barrier_wait(&start);
  printf("{\"pid\":\"%d\",\"window\":\"%p\",\"pages\":\"%lu\"}\n", getpid(), (void *)window, pages);
  char line[64];
  while (fgets(line, sizeof line, stdin)) printf("%lu\n", changes);
  return 0;
}
