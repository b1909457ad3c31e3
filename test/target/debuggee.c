/*
 * A program to debug: variables of every shape, whose true addresses it tells before it comes to the first line to break at.
 *
 *   debuggee MODE [FACTS]     FACTS is a file that gets the same line of JSON as standard output
 *
 *   loop        calls turn() again and again, 50 times a second; "break here" is in it, and each line after changes one variable
 *   threads     the same, while three more threads count (worker(), "break worker")
 *   deep        descends 6 frames of one function, and up again ("break deep")
 *   fork        forks a child that loops too; both tell their facts, the child's in FACTS.child
 *   exec        after 2 seconds, or at once where FACTS.go exists, becomes a fresh copy of itself in mode loop
 *   free        counts in `free_counter` as fast as it can; changes `slow_counter` 10 times a second
 *   hidden      makes itself non-dumpable, then loops
 *   once        three turns, then exits with 7
 *
 * It ends by itself after ten minutes, whoever lost it.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
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

struct point {
  int16_t x, y;
};

struct node {
  int value;
  struct node *next;
};

enum color { RED, GREEN, BLUE = 7 };

// As Rust lays out an enum: which one it is, then the fields of that one.
struct tagged {
  uint8_t tag;  // 0 an integer, 1 a real, 2 a text
  union {
    int64_t integer;
    double real;
    struct {
      const char *at;
      size_t length;
    } text;
  } as;
};

struct record {
  int count;
  double ratio;
  char name[16];
  struct point center;      // a struct in it
  unsigned low : 3;         // bit-fields
  unsigned middle : 5;
  unsigned high : 20;
  struct point corners[4];  // an array of structs
  float weights[3];
  int *to_count;            // a pointer to an int
  int (*to_row)[4];         // a pointer to an array
  struct node *list;        // 1 → 2 → 3
  struct tagged tagged;
  enum color color;
  bool flag;
};

struct record global_record = {.count = 100, .ratio = 0.5, .name = "global", .color = BLUE};
int global_counter = 0;
static int file_counter = 10;
const int constant = 0x11223344;
const char *global_text = "a text in the program's constants";
int table[4][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}};
_Thread_local int per_thread = 5;
volatile uint64_t free_counter = 0;
volatile uint64_t slow_counter = 0;
volatile uint64_t worker_counters[3];

static const char *facts_file;
static volatile bool has_told;

// Tells the addresses, once, as one line.
static void tell(const char *format, ...) {
  if (has_told) return;
  char line[2048];
  va_list arguments;
  va_start(arguments, format);
  const int length = vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  if (length < 0 || (size_t)length >= sizeof line) abort();
  printf("%s\n", line);
  fflush(stdout);
  if (facts_file != NULL) {
    // Whoever reads the file finds all of it, or none.
    char unfinished[4096];
    snprintf(unfinished, sizeof unfinished, "%s.unfinished", facts_file);
    FILE *file = fopen(unfinished, "w");
    if (file == NULL) abort();
    fprintf(file, "%s\n", line);
    fclose(file);
    if (rename(unfinished, facts_file) != 0) abort();
  }
  has_told = true;
}

static void rest(long milliseconds) {
  nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000}, NULL);
}

static struct node *make_list(void) {
  struct node *first = NULL;
  for (int value = 3; value > 0; value--) {
    struct node *node = malloc(sizeof *node);
    node->value = value;
    node->next = first;
    first = node;
  }
  return first;
}

static struct record make_record(void) {
  struct record record;
  memset(&record, 0, sizeof record);
  record.count = 1;
  record.ratio = 1.5;
  strcpy(record.name, "record");
  record.center = (struct point){3, -4};
  record.low = 5;
  record.middle = 17;
  record.high = 0xabcde;
  for (int i = 0; i < 4; i++) record.corners[i] = (struct point){(int16_t)i, (int16_t)(i * 10)};
  for (int i = 0; i < 3; i++) record.weights[i] = (float)i / 4;
  record.to_count = &global_counter;
  record.to_row = &table[1];
  record.list = make_list();
  record.tagged.tag = 1;
  record.tagged.as.real = 2.5;
  record.color = GREEN;
  record.flag = true;
  return record;
}

static int turn(int iteration, struct record *given, double factor) {
  int local = iteration * 2;
  int numbers[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  char text[32] = "a text on the stack";
  struct record own = make_record();
  struct node *list = own.list;
  int *pointer = &numbers[2];
  void *nothing = NULL;
  int (*function)(int, struct record *, double) = turn;
  register int fast = iteration + 1;
  static unsigned char *heap;
  if (heap == NULL) {
    heap = malloc(1 << 20);
    for (int i = 0; i < 1 << 20; i++) heap[i] = (unsigned char)i;
  }
  tell("{\"pid\":\"%d\",\"global_record\":\"%p\",\"global_counter\":\"%p\",\"file_counter\":\"%p\",\"constant\":\"%p\","
       "\"global_text\":\"%p\",\"table\":\"%p\",\"per_thread\":\"%p\",\"free_counter\":\"%p\",\"slow_counter\":\"%p\","
       "\"worker_counters\":\"%p\",\"given\":\"%p\",\"*given\":\"%p\",\"iteration\":\"%p\",\"factor\":\"%p\",\"local\":\"%p\",\"numbers\":\"%p\","
       "\"text\":\"%p\",\"own\":\"%p\",\"list\":\"%p\",\"*list\":\"%p\",\"pointer\":\"%p\",\"*pointer\":\"%p\","
       "\"nothing\":\"%p\",\"heap\":\"%p\",\"*heap\":\"%p\",\"turn\":\"%p\",\"sizeof record\":\"%zu\"}",
       getpid(), (void *)&global_record, (void *)&global_counter, (void *)&file_counter, (void *)&constant,
       (void *)&global_text, (void *)table, (void *)&per_thread, (void *)&free_counter, (void *)&slow_counter,
       (void *)worker_counters, (void *)&given, (void *)given, (void *)&iteration, (void *)&factor, (void *)&local, (void *)numbers,
       (void *)text, (void *)&own, (void *)&list, (void *)list, (void *)&pointer, (void *)pointer,
       (void *)&nothing, (void *)&heap, (void *)heap, (void *)(uintptr_t)function, sizeof own);
  local += 1;                                // break here
  global_counter += 1;                       // step 1
  given->count += 2;                         // step 2
  given->ratio *= factor;                    // step 3
  given->corners[iteration % 4].x += 1;      // step 4
  numbers[3] = iteration;                    // step 5
  text[0] = (char)('a' + iteration % 26);    // step 6
  heap[0x1000] += 1;                         // step 7
  own.low = (unsigned)iteration & 7u;        // step 8
  pointer += 1;                              // step 9
  per_thread += 1;
  file_counter += fast;
  while (list != NULL) {
    struct node *next = list->next;
    free(list);
    list = next;
  }
  return local + *pointer + (nothing == NULL);
}

static void loop(void) {
  struct record record = make_record();
  int result = 0;
  for (int iteration = 0;; iteration++) {
    result += turn(iteration, &record, 1.0625);
    global_record.count = result;            // after the turn
    rest(20);
  }
}

static int descend(int depth) {
  int below = 0;
  if (depth < 5) below = descend(depth + 1);
  tell("{\"pid\":\"%d\",\"depth\":\"%p\",\"below\":\"%p\"}", getpid(), (void *)&depth, (void *)&below);
  return below + depth;                      // break deep
}

static void *worker(void *argument) {
  const int number = (int)(intptr_t)argument;
  while (!has_told) rest(1);
  for (;;) {
    per_thread = number * 100;
    worker_counters[number] += 1;            // break worker
    rest(10);
  }
  return NULL;
}

// Until somebody stops it.
static void run_free(void) {
  tell("{\"pid\":\"%d\",\"free_counter\":\"%p\",\"slow_counter\":\"%p\",\"global_counter\":\"%p\"}", getpid(),
       (void *)&free_counter, (void *)&slow_counter, (void *)&global_counter);
  struct timespec next, now;
  clock_gettime(CLOCK_MONOTONIC, &next);
  for (;;) {
    free_counter += 1;
    if ((free_counter & 0xffff) != 0) continue;
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec < next.tv_sec || (now.tv_sec == next.tv_sec && now.tv_nsec < next.tv_nsec)) continue;
    slow_counter += 1;                       // break free
    next = now;
    next.tv_nsec += 100000000;
    if (next.tv_nsec >= 1000000000) next.tv_sec++, next.tv_nsec -= 1000000000;
  }
}

int main(int argc, char **argv) {
  const char *mode = argc > 1 ? argv[1] : "loop";
  facts_file = argc > 2 ? argv[2] : NULL;
  alarm(600);
  // Where Yama allows attaching to descendants only (Ubuntu), this program invites everybody of the same user.
  prctl(PR_SET_PTRACER, -1L, 0, 0, 0);
  char name[4096];

  if (strcmp(mode, "threads") == 0) {
    for (intptr_t i = 0; i < 3; i++) {
      pthread_t thread;
      if (pthread_create(&thread, NULL, worker, (void *)i) != 0) return 1;
    }
  } else if (strcmp(mode, "deep") == 0) {
    for (;;) {
      global_counter += descend(0);
      rest(20);
    }
  } else if (strcmp(mode, "fork") == 0) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(600);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (facts_file != NULL) {
        snprintf(name, sizeof name, "%s.child", facts_file);
        facts_file = name;
      }
    }
  } else if (strcmp(mode, "exec") == 0) {
    tell("{\"pid\":\"%d\",\"global_counter\":\"%p\"}", getpid(), (void *)&global_counter);
    snprintf(name, sizeof name, "%s.go", facts_file == NULL ? "" : facts_file);
    for (int i = 0; i < 100 && access(name, F_OK) != 0; i++) rest(20);
    if (facts_file != NULL) snprintf(name, sizeof name, "%s.after", facts_file);
    execv("/proc/self/exe", (char *[]){argv[0], "loop", facts_file == NULL ? NULL : name, NULL});  // break exec
    return 1;
  } else if (strcmp(mode, "free") == 0) {
    run_free();
  } else if (strcmp(mode, "hidden") == 0) {
    prctl(PR_SET_DUMPABLE, 0);
  } else if (strcmp(mode, "once") == 0) {
    struct record record = make_record();
    for (int iteration = 0; iteration < 3; iteration++) turn(iteration, &record, 2);
    return 7;
  }
  loop();
}
