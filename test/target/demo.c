// What `npm start` shows: a small program whose memory moves at a speed that people can follow.
// It ends when its standard input closes, so it never outlives whoever started it.
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_PTRACER
#define PR_SET_PTRACER 0x59616d61
#endif

struct node {
  char name[16];
  uint32_t turns;
  uint32_t padding;
  struct node *next;
};

struct demo {
  char title[16];
  uint64_t ticks;         // up by one, 15 times a second
  uint32_t seconds;       // since the start
  int32_t balance;        // there and back again
  double temperature;     // a slow wave around 20
  float load[2];          // two faster ones
  char clock[16];         // the time of day as text
  char ticker[32];        // a sentence that runs through
  uint8_t wave[32];       // a crest that travels
  struct node *first;     // a ring of three; turns once a second
  uint32_t delay;         // milliseconds between two ticks: change it, and all this changes its speed
  uint32_t edits;         // how often somebody has written into `greeting`
  char greeting[32];      // write here; the program counts it
};

static const char sentence[] = "This text runs through the memory of a live process. Nothing stops it to look. ";

// From -1 to 1 and back, once in a unit of `turn`, about as a sine does.
static double wave(double turn) {
  const double x = 2 * (turn - (double)(int64_t)turn) - 1;
  return x < 0 ? 4 * x * (1 + x) : 4 * x * (1 - x);
}

static struct node *make_ring(void) {
  const char *names[] = {"alpha", "beta", "gamma"};
  struct node *first = NULL, *last = NULL;
  for (int i = 0; i < 3; i++) {
    struct node *node = calloc(1, sizeof *node);
    strcpy(node->name, names[i]);
    if (last == NULL) first = node;
    else last->next = node;
    last = node;
  }
  last->next = first;
  return first;
}

static double seconds_since(const struct timespec *start) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

int main(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Where Yama allows attaching to descendants only (Ubuntu), this program invites everybody of the same user.
  prctl(PR_SET_PTRACER, -1L, 0, 0, 0);

  struct demo *demo = aligned_alloc(4096, 4096);
  if (demo == NULL) return 1;
  memset(demo, 0, 4096);
  memcpy(demo->title, "Live Memory demo", sizeof demo->title);
  strcpy(demo->greeting, "Type over me.");
  demo->delay = 66;
  demo->first = make_ring();
  char greeted[sizeof demo->greeting];
  memcpy(greeted, demo->greeting, sizeof greeted);

  printf("{\"pid\":\"%d\",\"demo\":\"%p\",\"ticks\":\"%p\",\"delay\":\"%p\",\"greeting\":\"%p\",\"first\":\"%p\"}\n", getpid(),
         (void *)demo, (void *)&demo->ticks, (void *)&demo->delay, (void *)demo->greeting, (void *)demo->first);
  fflush(stdout);

  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (;;) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    const uint32_t delay = *(volatile uint32_t *)&demo->delay;
    const int wait = delay < 1 ? 1 : delay > 2000 ? 2000 : (int)delay;
    char ignored[64];
    if (poll(&input, 1, wait) > 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0) return 0;

    const double elapsed = seconds_since(&start);
    const double turn = (double)demo->ticks / 15;
    demo->ticks++;
    demo->balance = (int32_t)(1000 * wave(turn / 6));
    demo->temperature = 20 + 5 * wave(turn / 24);
    demo->load[0] = (float)(0.5 + 0.5 * wave(turn / 3));
    demo->load[1] = (float)(0.5 + 0.5 * wave(turn / 2));
    for (size_t i = 0; i + 1 < sizeof demo->ticker; i++) {
      demo->ticker[i] = sentence[(demo->ticks / 3 + i) % (sizeof sentence - 1)];
    }
    const size_t crest = demo->ticks / 2 % sizeof demo->wave;
    for (size_t i = 0; i < sizeof demo->wave; i++) {
      const size_t behind = (crest + sizeof demo->wave - i) % sizeof demo->wave;
      demo->wave[i] = behind < 8 ? (uint8_t)(0xff >> behind) : 0;
    }
    if (demo->seconds != (uint32_t)elapsed) {
      demo->seconds = (uint32_t)elapsed;
      demo->first->turns++;
      demo->first = demo->first->next;
      const time_t now = time(NULL);
      strftime(demo->clock, sizeof demo->clock, "%H:%M:%S", localtime(&now));
    }
    if (memcmp(greeted, demo->greeting, sizeof greeted) != 0) {
      memcpy(greeted, demo->greeting, sizeof greeted);
      demo->edits++;
    }
  }
}
