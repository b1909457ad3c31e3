// A process with the pid that it is told, with a page of 0x99 at the address that it is told.
//
//     reuse PID ADDRESS       prints { "pid" } of the child, or what stands in the way; the child lives until input ends
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **arguments) {
  if (count < 3) return 2;
  pid_t wanted = atoi(arguments[1]);
  void *at = (void *)strtoul(arguments[2], 0, 16);
  struct clone_args how = {.exit_signal = SIGCHLD, .set_tid = (unsigned long)&wanted, .set_tid_size = 1};
  long child = syscall(SYS_clone3, &how, sizeof how);
  if (child < 0) {
    printf("{\"error\":\"clone3: %s\"}\n", strerror(errno));
    return 1;
  }
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    unsigned char *page = mmap(at, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == MAP_FAILED) page = at;
    memset(page, 0x99, 4096);
    printf("{\"pid\":\"%d\"}\n", getpid());
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
      int same = 1;
      for (int i = 0; i < 4096; i++) same &= page[i] == 0x99;
      printf("%s\n", same ? "untouched" : "written");
      fflush(stdout);
    }
    _exit(0);
  }
  for (;;) pause();
}
