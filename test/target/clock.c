// A counter that goes up ten thousand times a second and always holds the time: whoever reads it off a screen knows how
// old it is. Ends when its standard input closes.
#define _GNU_SOURCE
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  volatile uint64_t *counter = aligned_alloc(4096, 4096);
  printf("{\"pid\":\"%d\",\"counter\":\"%p\"}\n", getpid(), (void *)counter);
  fflush(stdout);
  struct pollfd input = {.fd = 0, .events = POLLIN};
  for (;;) {
    struct timespec now;
    for (int i = 0; i < 100; i++) {
      clock_gettime(CLOCK_REALTIME, &now);
      *counter = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
      nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
    if (poll(&input, 1, 0) > 0 && (input.revents & POLLHUP)) return 0;
  }
}
