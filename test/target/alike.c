/*
 * A program of two files whose names mean more than one thing: `counter` is a variable of this file's own and a global of the
 * other's, and each has a `helper` and a `state` of its own. It says where they are. Built with `alikeSecond.c`, without
 * optimisation.
 */
#include <stdio.h>

static int counter = 3;
static int state = 1;

static int helper(int x) { return x + ++state; }

int print_second(void);

int main(void) {
  printf("{\"firstCounter\":\"%p\",\"firstState\":\"%p\",\"firstHelper\":\"%p\",\"main\":\"%p\",", (void *)&counter, (void *)&state,
         (void *)helper, (void *)main);
  const int sum = print_second() + helper(counter);
  fflush(stdout);
  return getchar() + sum;
}
