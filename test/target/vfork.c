// A parent that lends its memory to a child by vfork, and a child that calls exec when it is told to.
//
//     vfork           prints its facts, forks, and the child prints { "child" }; on the next line of input it calls exec
//     vfork again     what the child becomes: the same addresses (built without PIE), other bytes
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile unsigned char known[4096] __attribute__((aligned(4096))) = {1};

static void say(const char *name, unsigned long value) {
  char line[128];
  int length = snprintf(line, sizeof line, "{\"%s\":\"0x%lx\",\"pid\":\"%d\"}\n", name, value, getpid());
  if (write(1, line, length) != length) _exit(1);
}

int main(int count, char **arguments) {
  int again = count > 1;
  memset((void *)known, again ? 0x99 : 0x11, sizeof known);
  say("known", (unsigned long)known);
  char line[64];
  if (again) {
    while (fgets(line, sizeof line, stdin)) printf("{\"byte\":\"0x%x\"}\n", known[16]), fflush(stdout);
    return 0;
  }
  if (vfork() == 0) {
    say("child", (unsigned long)known);
    // One byte at a time: what the child buffers would be lost to the program that it becomes.
    char byte;
    while (read(0, &byte, 1) == 1 && byte != '\n') {
    }
    execl("/proc/self/exe", "vfork", "again", (char *)0);
    _exit(1);
  }
  // The child has called exec, or died: the parent's memory is its own again.
  (void)arguments;
  for (;;) pause();
}
