// A parent that lends its memory to a child by vfork, and a child that calls exec when it is told to.
//
//     vfork           prints its facts, forks, and the child prints { "child" }; on the next line of input it calls exec
//     vfork racing    on each line of input, a number of microseconds, forks a child that prints { "child" }, calls exec that
//                     much later, and ends at the next line; then prints { "ended" }
//     vfork again     what the child becomes: the same addresses (built without PIE), other bytes
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned char known[4096] __attribute__((aligned(4096))) = {1};

static void say(const char *name, unsigned long value) {
  char line[128];
  int length = snprintf(line, sizeof line, "{\"%s\":\"0x%lx\",\"pid\":\"%d\"}\n", name, value, getpid());
  if (write(1, line, length) != length) _exit(1);
}

/* One byte at a time: what a child buffers would be lost to the program that it becomes. */
static void wait_for_line(void) {
  char byte;
  while (read(0, &byte, 1) == 1 && byte != '\n') {
  }
}

static long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void race(void) {
  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    long wait = atol(line);
    if (vfork() == 0) {
      say("child", (unsigned long)known);
      for (long end = microseconds() + wait; microseconds() < end;) {
      }
      execl("/proc/self/exe", "vfork", "brief", (char *)0);
      _exit(1);
    }
    waitpid(-1, NULL, 0);
    say("ended", 0);
  }
}

int main(int count, char **arguments) {
  int again = count > 1 && strcmp(arguments[1], "racing") != 0;
  memset((void *)known, again ? 0x99 : 0x11, sizeof known);
  if (again && strcmp(arguments[1], "brief") == 0) {
    wait_for_line();
    return 0;
  }
  say("known", (unsigned long)known);
  if (count > 1 && !again) {
    race();
    return 0;
  }
  char line[64];
  if (again) {
    while (fgets(line, sizeof line, stdin)) printf("{\"byte\":\"0x%x\"}\n", known[16]), fflush(stdout);
    return 0;
  }
  if (vfork() == 0) {
    say("child", (unsigned long)known);
    wait_for_line();
    execl("/proc/self/exe", "vfork", "again", (char *)0);
    _exit(1);
  }
  // The child has called exec, or died: the parent's memory is its own again.
  for (;;) pause();
}
