/* The other file of `alike.c`. */
#include <stdio.h>

int counter = 2;
static int state = 1;

static int helper(int x) { return x - ++state; }

int print_second(void) {
  printf("\"secondCounter\":\"%p\",\"secondState\":\"%p\",\"secondHelper\":\"%p\",\"second\":\"%p\"}\n", (void *)&counter, (void *)&state,
         (void *)helper, (void *)print_second);
  return helper(counter);
}
