/*
 * A program with a symbol of each kind, which says where they are. Its arguments are libraries: the first is loaded as
 * usual, and then once more as a copy of its own. `answer` in them is a function, `marked` a variable.
 * One command a line: `map PATH` maps a file as data, which is not the same as loading it → address.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct {
  uint64_t first;
  uint64_t second;
} initialised = {1, 2};
/** Many pages of zeros, which are of no file. */
char zeros[64 * 4096];
const char constant[] = "read-only";
static uint64_t hidden = 3;

static __attribute__((noinline)) int hidden_function(int x) { return x + (int)hidden; }

#ifdef STATIC
static void print_libraries(int argc, char **argv) { (void)argc, (void)argv; }
#else
static void print_libraries(int argc, char **argv) {
  printf("\"malloc\":\"%p\",\"memset\":\"%p\",", dlsym(RTLD_DEFAULT, "malloc"), dlsym(RTLD_DEFAULT, "memset"));
  for (int i = 1; i < argc; i++) {
    void *library = dlopen(argv[i], RTLD_NOW);
    printf("\"answer%d\":\"%p\",\"marked%d\":\"%p\",", i, dlsym(library, "answer"), i, dlsym(library, "marked"));
  }
  void *copy = argc > 1 ? dlmopen(LM_ID_NEWLM, argv[1], RTLD_NOW) : NULL;
  if (copy != NULL) printf("\"answerCopy\":\"%p\",\"markedCopy\":\"%p\",", dlsym(copy, "answer"), dlsym(copy, "marked"));
}
#endif

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("{");
  print_libraries(argc, argv);
  printf("\"initialised\":\"%p\",\"zeros\":\"%p\",\"constant\":\"%p\",\"hidden\":\"%p\",\"hidden_function\":\"%p\",", (void *)&initialised,
         (void *)zeros, (void *)constant, (void *)&hidden, (void *)hidden_function);
  printf("\"main\":\"%p\",\"vdso\":\"%#lx\",\"heap\":\"%p\"}\n", (void *)main, getauxval(AT_SYSINFO_EHDR), malloc(64));
  char line[4096];
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (strncmp(line, "map ", 4) != 0) continue;
    struct stat file;
    const int descriptor = open(line + 4, O_RDONLY);
    if (descriptor < 0 || fstat(descriptor, &file) != 0) return 1;
    printf("%p\n", mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0));
  }
  return hidden_function((int)zeros[0]) & 1;
}
