// A page that nobody fills: whoever touches it sleeps in the kernel, as with a dead file server or a stuck handler.
//
//     blocked         prints { "page", "known", "counter" }; "serve" fills the page with 0x77, "exit" ends it
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096UL
static volatile unsigned long counter;

static void *count(void *nothing) {
  for (;; usleep(5000)) counter++;
  return nothing;
}

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  int handler = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  struct uffdio_api api = {.api = UFFD_API};
  char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct uffdio_register whole = {.range = {(unsigned long)page, PAGE}, .mode = UFFDIO_REGISTER_MODE_MISSING};
  if (handler < 0 || ioctl(handler, UFFDIO_API, &api) < 0 || ioctl(handler, UFFDIO_REGISTER, &whole) < 0) {
    puts("{\"error\":\"userfaultfd is not allowed\"}");
    return 1;
  }
  pthread_t thread;
  pthread_create(&thread, NULL, count, NULL);
  printf("{\"page\":\"%p\",\"counter\":\"%p\"}\n", (void *)page, (void *)&counter);
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "exit", 4) == 0) return 0;
    char filled[PAGE] __attribute__((aligned(PAGE)));
    memset(filled, 0x77, PAGE);
    struct uffdio_copy copy = {.dst = (unsigned long)page, .src = (unsigned long)filled, .len = PAGE};
    puts(ioctl(handler, UFFDIO_COPY, &copy) == 0 ? "ok" : "failed");
  }
  return 0;
}
