// A program whose other thread takes the access of the main thread's stack away, while that one waits on it.
//
//     stack           prints { "known" }: 4096 bytes of 7; on each line of input, a number as mprotect takes it, gives the stack
//                     that access and prints "ok"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static unsigned char known[4096] __attribute__((aligned(4096)));

static void *serve(void *unused) {
  (void)unused;
  unsigned long start = 0, end = 0;
  char line[512];
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps))
    if (strstr(line, "[stack]") != NULL) sscanf(line, "%lx-%lx", &start, &end);
  printf("{\"known\":\"%p\"}\n", (void *)known);
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    if (mprotect((void *)start, end - start, atoi(line)) != 0) perror("mprotect");
    printf("ok\n");
    fflush(stdout);
  }
  exit(0);
}

int main(void) {
  memset(known, 7, sizeof known);
  pthread_t thread;
  pthread_create(&thread, NULL, serve, NULL);
  pthread_join(thread, NULL);
  return 0;
}
