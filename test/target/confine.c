/*
 * Confines itself and becomes another program:
 *
 *   confine seccomp CALL ERRNO PROGRAM…   a filter answers one system call, by its number, with an error
 *   confine landlock PROGRAM…             a Landlock domain of its own, out of which nothing may be traced
 *   confine userns UID PROGRAM…           a user namespace that belongs to root, as that user, who has the same number outside
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of linux/landlock.h, which headers before 5.13 do not have; the numbers are the same on every architecture. */
#define SYS_LANDLOCK_CREATE_RULESET 444
#define SYS_LANDLOCK_RESTRICT_SELF 446
#define LANDLOCK_ACCESS_FS_MAKE_CHAR (1ULL << 6)

static int fail(const char *what) {
  perror(what);
  return 1;
}

static int filter(unsigned call, unsigned error) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

/* Maps every number to itself. Only somebody outside may do that, so a child that has stayed there does. */
static int enter_namespace(void) {
  int ready[2];
  if (pipe(ready) != 0) return -1;
  pid_t parent = getpid(), child = fork();
  if (child == 0) {
    char path[64], byte;
    if (read(ready[0], &byte, 1) != 1) _exit(1);
    for (const char *const *file = (const char *const[]){"uid_map", "gid_map", NULL}; *file; file++) {
      snprintf(path, sizeof path, "/proc/%d/%s", parent, *file);
      int map = open(path, O_WRONLY);
      if (map < 0 || write(map, "0 0 65536", 9) != 9) _exit(1);
    }
    _exit(0);
  }
  int status;
  if (unshare(CLONE_NEWUSER) != 0 || write(ready[1], "", 1) != 1 || waitpid(child, &status, 0) != child) return -1;
  close(ready[0]);
  close(ready[1]);
  return status;
}

static int become(uid_t user) {
  return syscall(SYS_setgroups, 0, NULL) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  int program = strcmp(how, "seccomp") == 0 ? 4 : strcmp(how, "userns") == 0 ? 3 : 2;
  if (argc <= program) return fprintf(stderr, "usage: see confine.c\n"), 2;
  /* Both take CAP_SYS_ADMIN or the promise never to gain privileges; root keeps them, as a container's does. */
  if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return fail("no_new_privs");
  if (strcmp(how, "seccomp") == 0) {
    if (filter(atoi(argv[2]), atoi(argv[3])) != 0) return fail("seccomp");
  } else if (strcmp(how, "userns") == 0) {
    if (enter_namespace() != 0 || become(atoi(argv[2])) != 0) return fail("userns");
  } else {
    /* A rule that costs the program nothing; that it is in a domain at all is what counts. */
    uint64_t rules = LANDLOCK_ACCESS_FS_MAKE_CHAR;
    int ruleset = syscall(SYS_LANDLOCK_CREATE_RULESET, &rules, sizeof rules, 0);
    if (ruleset < 0 || syscall(SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0) != 0) return fail("landlock");
  }
  execvp(argv[program], argv + program);
  return fail(argv[program]);
}
