/*
 * cma WAY [FILE]: two processes and messages from one to the other. For each line "BYTES MESSAGES SEED" on standard input,
 * the producer fills a buffer with words that SEED makes, and MESSAGES messages of BYTES bytes go from there into the
 * consumer's own buffer; prints "NANOSECONDS CALLS", the system calls being those of both sides that move bytes.
 *
 *   call      the consumer reads the producer's memory with process_vm_readv
 *   file      the same by pread from /proc/<pid>/mem
 *   shared    the producer copies into a ring of cells in shared memory, the consumer out of it, both at a time
 *   pipe      write and read, the pipe holding 1 MiB
 *   vmsplice  the producer lends its pages to the pipe, the consumer reads them
 *   serve     only the producer, for a consumer that is another program: FILE is the page of flags, the line that answers
 *             is "prepared", and the messages begin when the consumer has set `go`
 *
 * Each message carries its number in the first word of every 64 KiB and in its last word, and the consumer looks at all of
 * these; after the last one it compares all words. Whoever waits spins on a flag in shared memory, which takes no system
 * call; in a pipe the kernel makes them wait.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BUFFER (64UL << 20)
#define STAMPED (64UL << 10)
#define PIPE (1 << 20)
#define CELL (32UL << 10)
#define CELLS 16

/* Each on a cache line of its own, and no two on a pair of lines, which processors fetch together. */
struct flag {
  _Alignas(128) _Atomic uint64_t value;
};
/* What a consumer that is another program has to know: `go`, `ready` and `done` are 128 bytes apart. */
struct shared {
  struct flag go, ready, done, prepared, written, taken;
  uint64_t bytes, messages, seed, calls;
  sem_t begin;
};

static struct shared *shared;
static char *buffer, *cells, *way;
static int pipes[2];
static pid_t producer;
static uint64_t calls;

static void fail(const char *what) {
  fprintf(stderr, "cma %s: %s: %s\n", way, what, strerror(errno));
  _exit(1);
}

static void *map(size_t bytes, int flags, int file) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  if (at == MAP_FAILED) fail("mmap");
  return at;
}

static void await(struct flag *flag, uint64_t value) {
  /* Yields now and then, for machines whose only processor the other side needs. */
  for (unsigned spins = 1; atomic_load_explicit(&flag->value, memory_order_acquire) < value; spins++) {
    if (spins % 65536 == 0) sched_yield();
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
}

static void set(struct flag *flag, uint64_t value) { atomic_store_explicit(&flag->value, value, memory_order_release); }

static int is(const char *name) { return strcmp(way, name) == 0; }

static uint32_t word(uint64_t i, uint64_t seed) { return (uint32_t)i * 0x9e3779b1u ^ (uint32_t)seed; }

static uint32_t *last(uint64_t bytes) { return (uint32_t *)(buffer + bytes) - 1; }

/* The producer's side of one message. */
static void give(uint64_t number, uint64_t bytes) {
  if (is("shared")) {
    for (uint64_t at = 0; at < bytes; at += CELL) {
      uint64_t written = atomic_load_explicit(&shared->written.value, memory_order_relaxed);
      if (written >= CELLS) await(&shared->taken, written - CELLS + 1);
      memcpy(cells + written % CELLS * CELL, buffer + at, bytes - at < CELL ? bytes - at : CELL);
      set(&shared->written, written + 1);
    }
  } else if (is("pipe") || is("vmsplice")) {
    for (uint64_t at = 0; at < bytes;) {
      struct iovec part = {buffer + at, bytes - at};
      ssize_t count = is("pipe") ? write(pipes[1], part.iov_base, part.iov_len) : vmsplice(pipes[1], &part, 1, 0);
      if (count <= 0) fail("write");
      calls++;
      at += (uint64_t)count;
    }
    /* What was lent must not change before it has been read. */
    if (is("vmsplice")) await(&shared->done, number);
  } else {
    set(&shared->ready, number);
    await(&shared->done, number);
  }
}

/* The consumer's side. */
static void take(uint64_t number, uint64_t bytes, int memory) {
  if (is("shared")) {
    for (uint64_t at = 0; at < bytes; at += CELL) {
      uint64_t taken = atomic_load_explicit(&shared->taken.value, memory_order_relaxed);
      await(&shared->written, taken + 1);
      memcpy(buffer + at, cells + taken % CELLS * CELL, bytes - at < CELL ? bytes - at : CELL);
      set(&shared->taken, taken + 1);
    }
    return;
  }
  if (is("call") || is("file")) await(&shared->ready, number);
  for (uint64_t at = 0; at < bytes;) {
    /* The buffer is where the producer's is: it was mapped before the fork. */
    struct iovec part = {buffer + at, bytes - at};
    ssize_t count = is("call")   ? process_vm_readv(producer, &part, 1, &part, 1, 0)
                    : is("file") ? pread(memory, part.iov_base, part.iov_len, (off_t)(uintptr_t)part.iov_base)
                                 : read(pipes[0], part.iov_base, part.iov_len);
    if (count <= 0) fail("read");
    calls++;
    at += (uint64_t)count;
  }
  set(&shared->done, number);
}

static void stamp(uint64_t number, uint64_t bytes) {
  for (uint64_t at = 0; at < bytes; at += STAMPED) *(uint32_t *)(buffer + at) = (uint32_t)number;
  *last(bytes) = (uint32_t)number;
}

static void check(uint64_t number, uint64_t bytes) {
  int right = *last(bytes) == (uint32_t)number;
  for (uint64_t at = 0; at < bytes; at += STAMPED) right &= *(uint32_t *)(buffer + at) == (uint32_t)number;
  if (!right) fail("another message has come");
}

static void checkAll(uint64_t bytes, uint64_t seed) {
  const uint32_t *words = (uint32_t *)buffer;
  uint64_t count = bytes / 4;
  for (uint64_t i = 0; i < count; i++)
    if (i % (STAMPED / 4) != 0 && i != count - 1 && words[i] != word(i, seed)) fail("other bytes have come");
}

/* Fills the buffer, says so, and gives the messages. */
static void produce(void) {
  uint64_t bytes = shared->bytes, messages = shared->messages;
  uint32_t *words = (uint32_t *)buffer;
  for (uint64_t i = 0; i < bytes / 4; i++) words[i] = word(i, shared->seed);
  calls = 0;
  set(&shared->prepared, 1);
  if (is("serve")) puts("prepared");
  await(&shared->go, 1);
  for (uint64_t number = 1; number <= messages; number++) {
    stamp(number, bytes);
    give(number, bytes);
  }
  shared->calls = calls;
  set(&shared->prepared, 2);
}

static void consume(int memory) {
  uint64_t bytes = shared->bytes, messages = shared->messages;
  memset(buffer, 0, bytes);
  calls = 0;
  await(&shared->prepared, 1);
  struct timespec begun, ended;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  set(&shared->go, 1);
  for (uint64_t number = 1; number <= messages; number++) {
    take(number, bytes, memory);
    check(number, bytes);
  }
  clock_gettime(CLOCK_MONOTONIC, &ended);
  await(&shared->prepared, 2);
  checkAll(bytes, shared->seed);
  printf("%.0f %lu\n", (ended.tv_sec - begun.tv_sec) * 1e9 + (ended.tv_nsec - begun.tv_nsec),
         (unsigned long)(calls + shared->calls));
}

static int nextRun(void) {
  char line[256];
  if (fgets(line, sizeof line, stdin) == NULL) return 0;
  unsigned long bytes, messages, seed;
  if (sscanf(line, "%lu %lu %lu", &bytes, &messages, &seed) != 3 || bytes > BUFFER || bytes % 4096) fail("the line");
  shared->bytes = bytes;
  shared->messages = messages;
  shared->seed = seed;
  struct flag *flags[] = {&shared->go, &shared->ready, &shared->done, &shared->prepared, &shared->written, &shared->taken};
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) set(flags[i], 0);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  way = argv[1];
  setvbuf(stdout, NULL, _IOLBF, 0);
  buffer = map(BUFFER, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  printf("{\"buffer\":\"%p\"}\n", (void *)buffer);

  if (is("serve")) {
    int file = argc == 3 ? open(argv[2], O_RDWR) : -1;
    if (file < 0) fail("the page of flags");
    shared = map(sizeof *shared, MAP_SHARED, file);
    while (nextRun()) produce();
    return 0;
  }

  shared = map(sizeof *shared, MAP_SHARED | MAP_ANONYMOUS, -1);
  cells = map(CELLS * CELL, MAP_SHARED | MAP_ANONYMOUS, -1);
  sem_init(&shared->begin, 1, 0);
  if (pipe(pipes) != 0 || fcntl(pipes[1], F_SETPIPE_SZ, PIPE) < 0) fail("pipe");
  /* A side that ends early must not leave the other spinning. */
  struct sigaction ends = {.sa_handler = _exit, .sa_flags = SA_NOCLDSTOP};
  sigaction(SIGCHLD, &ends, NULL);
  producer = fork();
  if (producer == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
      while (sem_wait(&shared->begin) != 0) continue;
      produce();
    }
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", producer);
  int memory = open(path, O_RDONLY);
  if (memory < 0) fail(path);
  while (nextRun()) {
    sem_post(&shared->begin);
    consume(memory);
  }
  return 0;
}
