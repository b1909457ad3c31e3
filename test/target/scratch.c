/*
 * A program that does to its own memory what a test asks for, one command a line on standard input, one line of answer each:
 *
 *   map PAGES PROT [FILL [ADDRESS]]  maps anonymous pages; PROT like "rw", "r", "x", "-"; FILL a byte (page i holds FILL + i);
 *                             without FILL the pages are not touched; at ADDRESS in place of what is there      → address
 *   protect ADDRESS PAGES PROT                                                                                  → ok
 *   unmap ADDRESS PAGES                                                                                         → ok
 *   fill ADDRESS BYTES VALUE                                                                                    → ok
 *   peek ADDRESS BYTES                                                                                          → hex digits
 *   count ADDRESS MICROSECONDS   a thread that adds 1 to the u64 there, for ever                                → ok
 *   keep ADDRESS BYTES VALUE DELAY   a thread that, DELAY milliseconds after those bytes have become something
 *                             else, sets them to VALUE again                                                    → ok
 *   flap ADDRESS PAGES MICROSECONDS  a thread that unmaps and maps those pages again in turn, for ever          → ok
 *   regions COUNT             maps COUNT one-page regions that the kernel cannot merge                          → address
 *   file PATH PAGES LENGTH [ADDRESS FIRST]  maps a file of LENGTH bytes over PAGES pages; at ADDRESS in place of what is there,
 *                             and from page FIRST of the file on                                                → address
 *   named PAGES NAME          maps pages and names them (PR_SET_VMA_ANON_NAME)                                  → address
 *   shared PAGES FILL         maps pages of one unnamed file twice                                              → two addresses
 *   huge tlb|thp COUNT FILL   maps COUNT huge pages of 2 MiB, reserved ones or transparent ones                 → address
 *   undumpable                                                                                                  → ok
 *   prctl OPTION VALUE        calls prctl(2) with it                                                            → what it returns
 *   guard ADDRESS PAGES       makes guard pages of them (MADV_GUARD_INSTALL)                                    → 0 or the errno
 *   unguard ADDRESS PAGES     and pages of them again                                                           → 0 or the errno
 *   stop                      stops itself (SIGSTOP), after answering                                           → ok
 *   exec [BYTES]              becomes a fresh copy of itself, which prints its own facts; BYTES 'A's are all its environment
 *   exit                      exits
 *   zombie                    forks a child that exits and is never waited for                                  → its pid
 *   child                     forks a child that sleeps                                                         → its pid
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PAGE 4096UL
#define HUGE (512 * PAGE)

struct {
  char magic[16];
  uint64_t counter;
  const char *string;
  void *self;
} known = {"live-memory-test", 0, "a string constant", &known};

static const char constant[] = "this page is read-only";

struct work {
  volatile unsigned char *at;
  size_t bytes;
  int value;
  useconds_t delay;
};

static int protection(const char *text) {
  int bits = 0;
  if (strchr(text, 'r')) bits |= PROT_READ;
  if (strchr(text, 'w')) bits |= PROT_WRITE;
  if (strchr(text, 'x')) bits |= PROT_EXEC;
  return bits;
}

static void *count(void *argument) {
  struct work *work = argument;
  for (;;) {
    ++*(volatile uint64_t *)work->at;
    if (work->delay) usleep(work->delay);
  }
  return NULL;
}

static void *keep(void *argument) {
  struct work *work = argument;
  for (;;) {
    for (size_t i = 0; i < work->bytes; i++) {
      if (work->at[i] == (unsigned char)work->value) continue;
      usleep(work->delay * 1000);
      memset((void *)work->at, work->value, work->bytes);
    }
    usleep(1000);
  }
  return NULL;
}

static void *flap(void *argument) {
  struct work *work = argument;
  for (;;) {
    munmap((void *)work->at, work->bytes);
    if (work->delay) usleep(work->delay);
    mmap((void *)work->at, work->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memset((void *)work->at, work->value, work->bytes);
    if (work->delay) usleep(work->delay);
  }
  return NULL;
}

static void begin(void *(*body)(void *), uintptr_t at, size_t bytes, int value, useconds_t delay) {
  struct work *work = malloc(sizeof *work);
  *work = (struct work){(unsigned char *)at, bytes, value, delay};
  pthread_t thread;
  pthread_create(&thread, NULL, body, work);
}

static void answer(int ok) { puts(ok ? "ok" : "failed"); }

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0);
  char *heap = malloc(64);
  strcpy(heap, "on the heap");
  printf("{\"pid\":\"%d\",\"known\":\"%p\",\"counter\":\"%p\",\"heap\":\"%p\",\"constant\":\"%p\",\"main\":\"%p\"}\n", getpid(),
         (void *)&known, (void *)&known.counter, (void *)heap, (void *)constant, (void *)main);
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    char text[4096] = "", word[64] = "";
    unsigned long a = 0, b = 0, c = 0, d = 0;
    line[strcspn(line, "\n")] = 0;
    int parts;
    if ((parts = sscanf(line, "map %lu %63s %li %lx", &a, word, (long *)&c, &d)) >= 2) {
      char *at = mmap((void *)d, a * PAGE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (d ? MAP_FIXED : 0), -1, 0);
      // What is in memory is to be what was touched, page by page, whatever the system thinks of huge pages.
      madvise(at, a * PAGE, MADV_NOHUGEPAGE);
      if (parts >= 3)
        for (unsigned long i = 0; i < a; i++) memset(at + i * PAGE, (int)(c + i), PAGE);
      mprotect(at, a * PAGE, protection(word));
      printf("%p\n", at);
    } else if (sscanf(line, "protect %lx %lu %63s", &a, &b, word) == 3) {
      answer(mprotect((void *)a, b * PAGE, protection(word)) == 0);
    } else if (sscanf(line, "unmap %lx %lu", &a, &b) == 2) {
      answer(munmap((void *)a, b * PAGE) == 0);
    } else if (sscanf(line, "drop %lx %lu", &a, &b) == 2) {
      answer(madvise((void *)a, b * PAGE, MADV_DONTNEED) == 0);
    } else if (sscanf(line, "pageout %lx %lu", &a, &b) == 2) {
      answer(madvise((void *)a, b * PAGE, 21 /* MADV_PAGEOUT */) == 0);
    } else if (sscanf(line, "guard %lx %lu", &a, &b) == 2) {
      printf("%d\n", madvise((void *)a, b * PAGE, 102) == 0 ? 0 : errno);
    } else if (sscanf(line, "unguard %lx %lu", &a, &b) == 2) {
      printf("%d\n", madvise((void *)a, b * PAGE, 103) == 0 ? 0 : errno);
    } else if (sscanf(line, "fill %lx %lu %li", &a, &b, (long *)&c) == 3) {
      memset((void *)a, (int)c, b);
      answer(1);
    } else if (sscanf(line, "peek %lx %lu", &a, &b) == 2) {
      for (unsigned long i = 0; i < b; i++) printf("%02x", ((volatile unsigned char *)a)[i]);
      puts("");
    } else if (sscanf(line, "count %lx %lu", &a, &b) == 2) {
      begin(count, a, 8, 0, b);
      answer(1);
    } else if (sscanf(line, "keep %lx %lu %li %lu", &a, &b, (long *)&c, &d) == 4) {
      begin(keep, a, b, (int)c, d);
      answer(1);
    } else if (sscanf(line, "flap %lx %lu %lu", &a, &b, &c) == 3) {
      begin(flap, a, b * PAGE, 0x5a, c);
      answer(1);
    } else if (sscanf(line, "regions %lu", &a) == 1) {
      char *at = mmap(NULL, a * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      unsigned long i = 0;
      for (; i < a; i += 2)
        if (mprotect(at + i * PAGE, PAGE, PROT_READ) != 0) break;
      printf("%p %lu\n", at, i);
    } else if (sscanf(line, "file %4095s %lu %lu %lx %lu", text, &a, &b, &c, &d) >= 3) {
      int file = open(text, O_RDWR | O_CREAT, 0600);
      if (ftruncate(file, (off_t)b) != 0) perror("ftruncate");
      void *at = mmap((void *)c, a * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | (c ? MAP_FIXED : 0), file, (off_t)(d * PAGE));
      close(file);
      printf("%p\n", at);
    } else if (sscanf(line, "named %lu %63s", &a, word) == 2) {
      char *at = mmap(NULL, a * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      prctl(0x53564d41 /* PR_SET_VMA */, 0, at, a * PAGE, word);
      printf("%p\n", at);
    } else if (sscanf(line, "shared %lu %li", &a, (long *)&b) == 2) {
      int file = memfd_create("shared", 0);
      if (ftruncate(file, (off_t)(a * PAGE)) != 0) perror("ftruncate");
      void *at = mmap(NULL, a * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      void *again = mmap(NULL, a * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
      close(file);
      memset(at, (int)b, a * PAGE);
      printf("%p %p\n", at, again);
    } else if (sscanf(line, "huge %63s %lu %li", word, &a, (long *)&b) == 3) {
      int reserved = strcmp(word, "tlb") == 0;
      size_t bytes = a * HUGE;
      // A transparent one needs an address that is a multiple of its size: the mapping has one to spare.
      char *at = mmap(NULL, bytes + (reserved ? 0 : HUGE), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | (reserved ? MAP_HUGETLB : 0), -1, 0);
      if (at != MAP_FAILED && !reserved) {
        at = (char *)(((uintptr_t)at + HUGE - 1) & ~(HUGE - 1));
        madvise(at, bytes, MADV_HUGEPAGE);
      }
      if (at != MAP_FAILED) memset(at, (int)b, bytes);
      if (at == MAP_FAILED) puts("failed");
      else printf("%p\n", at);
    } else if (sscanf(line, "prctl %lu %lu", &a, &b) == 2) {
      printf("%d\n", prctl((int)a, b, 0, 0, 0));
    } else if (strcmp(line, "undumpable") == 0) {
      answer(prctl(PR_SET_DUMPABLE, 0) == 0);
    } else if (strcmp(line, "stop") == 0) {
      answer(1);
      raise(SIGSTOP);
    } else if (strcmp(line, "exec") == 0) {
      execv("/proc/self/exe", argv);
      answer(0);
    } else if (sscanf(line, "exec %lu", &a) == 1) {
      char *pad = malloc(a + 1);
      memset(pad, 'A', a);
      pad[a] = 0;
      char *environment[] = {pad, NULL};
      execve("/proc/self/exe", argv, environment);
      answer(0);
    } else if (strcmp(line, "exit") == 0) {
      return 0;
    } else if (strcmp(line, "zombie") == 0 || strcmp(line, "child") == 0) {
      pid_t child = fork();
      if (child == 0) {
        if (line[0] == 'z') _exit(0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;) pause();
      }
      usleep(50000);
      printf("%d\n", child);
    } else {
      printf("not understood: %s\n", line);
    }
  }
  (void)argc;
  return 0;
}
