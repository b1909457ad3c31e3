// Whether the processor tells of a write to a watched address: a virtual machine may take the request and never do so.
// Prints how many of three writes were counted by the kernel's breakpoint event, or nothing where it has none.
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static volatile int watched;

int main(void) {
  struct perf_event_attr attr = {
      .type = PERF_TYPE_BREAKPOINT,
      .size = sizeof attr,
      .bp_type = HW_BREAKPOINT_W,
      .bp_addr = (uintptr_t)&watched,
      .bp_len = HW_BREAKPOINT_LEN_4,
      .exclude_kernel = 1,
      .exclude_hv = 1,
  };
  int event = (int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
  if (event < 0) return 1;
  for (int i = 0; i < 3; i++) watched = i;
  uint64_t count;
  if (read(event, &count, sizeof count) != sizeof count) return 1;
  printf("%d\n", (int)count);
  return 0;
}
