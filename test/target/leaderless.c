// A program whose first thread has ended: what is left of it runs in another.
//
//     leaderless          prints { "known": address of eight bytes, "thread": number of the thread that runs on }, and ends with its input
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile char known[8] = "runs on";
static pthread_t first;

static void *goOn(void *nothing) {
  pthread_join(first, NULL);
  printf("{\"known\":\"%p\",\"thread\":\"%ld\"}\n", (void *)known, syscall(SYS_gettid));
  fflush(stdout);
  while (getchar() != EOF) continue;
  _exit(0);
  return nothing;
}

int main(void) {
  pthread_t second;
  first = pthread_self();
  if (pthread_create(&second, NULL, goOn, NULL) != 0) return 1;
  pthread_exit(NULL);
}
