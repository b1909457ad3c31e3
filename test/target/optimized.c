/*
 * What an optimizing compiler leaves of variables. Compiled with -O2 -g; a test stops it at "break optimized".
 * It ends by itself after ten minutes, whoever lost it.
 */
#include <unistd.h>

volatile long source = 5, sink;

__attribute__((noinline)) static long turn(long given) {
  long gone = source;
  __asm__ volatile("" : : "r"(gone));
  long held = given + source;
  // From here on nobody needs `gone`, its register least of all.
  __asm__ volatile("xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx" : "+D"(held) : : "rax", "rcx", "rdx", "rsi", "memory");
  sink = held;  // break optimized
  return held;
}

int main(void) {
  alarm(600);
  for (long i = 0;; i++) {
    turn(i);
    usleep(20000);
  }
}
