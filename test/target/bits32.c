/*
 * A 32-bit program without a C library, so that a compiler without the 32-bit one can build it: `bits32.ts` has the flags.
 * It speaks as `scratch.c` does: one line of JSON, then a line of answer for each command on standard input.
 *
 *   map PAGES PROT [FILL]     maps anonymous pages; PROT like "rw", "r", "x", "-"; FILL a byte (page i holds FILL + i)  → address
 *   protect ADDRESS PAGES PROT                                                                                  → ok
 *   unmap ADDRESS PAGES                                                                                         → ok
 *   fill ADDRESS BYTES VALUE                                                                                    → ok
 *   peek ADDRESS BYTES                                                                                          → hex digits
 *   exit                      exits
 *
 * Its facts: `pattern`, 8192 bytes where byte i is 7 * i + 3; `counter`, a u32 that it raises a hundred times a second while it waits;
 * `pointer`, where the four bytes of the pattern's address lie; `heap`, two pages of brk that hold 0x48; `area`, four
 * pages of mmap that hold 0x60, 0x61, 0x62, 0x63; `string`, a constant; `main`, its code.
 */
typedef unsigned char u8;
typedef unsigned int u32;

#define PAGE 4096u
#define SYS_exit 1
#define SYS_read 3
#define SYS_write 4
#define SYS_getpid 20
#define SYS_brk 45
#define SYS_munmap 91
#define SYS_mprotect 125
#define SYS_poll 168
#define SYS_mmap2 192

static u8 pattern[8192] __attribute__((aligned(4096)));
static volatile u32 counter;
/* Something lies behind it: whoever reads eight bytes of it gets another address. */
static struct {
  u8 *volatile to;
  volatile u32 behind;
} pointer = {pattern, 0x2a};
static const char string[] = "a string of 32 bits";

/* The sixth argument goes by ebp, which inline assembly may not name: only mmap has one, and there it is 0 by a push. */
static int call(int number, u32 a, u32 b, u32 c, u32 d, u32 e) {
  int result;
  __asm__ volatile("push %%ebp\n\txor %%ebp, %%ebp\n\tint $0x80\n\tpop %%ebp"
                   : "=a"(result)
                   : "0"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory");
  return result;
}

/* The compiler turns loops into calls of these. */
void *memset(void *to, int value, u32 bytes) {
  for (volatile u8 *at = to; bytes > 0; bytes--) *at++ = (u8)value;
  return to;
}

static char line[512];
static u32 written;

static void put(char letter) { line[written++] = letter; }
static void puts_(const char *text) {
  while (*text) put(*text++);
}
static void hex(u32 value, int digits) {
  for (int shift = digits * 4 - 4; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
}
static void decimal(u32 value) {
  if (value >= 10) decimal(value / 10);
  put((char)('0' + value % 10));
}
static void flush(void) {
  for (u32 at = 0; at < written;) {
    int count = call(SYS_write, 1, (u32)line + at, written - at, 0, 0);
    if (count <= 0) call(SYS_exit, 1, 0, 0, 0, 0);
    at += (u32)count;
  }
  written = 0;
}
static void end_line(void) {
  put('\n');
  flush();
}
static void fact(const char *name, const volatile void *at) {
  put('"'), puts_(name), puts_("\":\"0x"), hex((u32)at, 8), puts_("\",");
}

/* The next word of a command, 0 at its end. */
static char *next;
static char *word(void) {
  while (*next == ' ') next++;
  if (*next == 0) return 0;
  char *from = next;
  while (*next && *next != ' ') next++;
  if (*next) *next++ = 0;
  return from;
}
static u32 number(u32 base) {
  u32 value = 0;
  char *text = word();
  for (; text && *text; text++) value = value * base + (u32)(*text <= '9' ? *text - '0' : (*text | 32) - 'a' + 10);
  return value;
}
static u32 protection(const char *text) {
  u32 bits = 0;
  for (; text && *text; text++) bits |= *text == 'r' ? 1u : *text == 'w' ? 2u : *text == 'x' ? 4u : 0u;
  return bits;
}
static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

static u8 *map(u32 pages, int fill) {
  u8 *at = (u8 *)call(SYS_mmap2, 0, pages * PAGE, 3, 0x22 /* MAP_PRIVATE | MAP_ANONYMOUS */, ~0u);
  if (fill >= 0)
    for (u32 i = 0; i < pages; i++) memset(at + i * PAGE, fill + (int)i, PAGE);
  return at;
}

static void answer(int result) {
  puts_(result == 0 ? "ok" : "failed");
  end_line();
}

static void obey(char *command) {
  next = command;
  char *verb = word();
  if (!verb) return;
  if (same(verb, "map")) {
    u32 pages = number(10), access = protection(word());
    while (*next == ' ') next++;
    u8 *at = map(pages, *next ? (int)number(10) : -1);
    call(SYS_mprotect, (u32)at, pages * PAGE, access, 0, 0);
    puts_("0x"), hex((u32)at, 8), end_line();
  } else if (same(verb, "protect")) {
    u32 at = number(16), pages = number(10);
    answer(call(SYS_mprotect, at, pages * PAGE, protection(word()), 0, 0));
  } else if (same(verb, "unmap")) {
    u32 at = number(16), pages = number(10);
    answer(call(SYS_munmap, at, pages * PAGE, 0, 0, 0));
  } else if (same(verb, "fill")) {
    u32 at = number(16), bytes = number(10);
    memset((void *)at, (int)number(10), bytes);
    answer(0);
  } else if (same(verb, "peek")) {
    u32 at = number(16), bytes = number(10);
    for (u32 i = 0; i < bytes; i++) {
      hex(((volatile u8 *)at)[i], 2);
      if (written > sizeof line - 8) flush();
    }
    end_line();
  } else if (same(verb, "exit")) {
    call(SYS_exit, 0, 0, 0, 0, 0);
  } else {
    puts_("not understood: "), puts_(verb), end_line();
  }
}

__attribute__((noreturn, used, force_align_arg_pointer)) void _start(void) {
  for (u32 i = 0; i < sizeof pattern; i++) pattern[i] = (u8)(7 * i + 3);
  u8 *heap = (u8 *)call(SYS_brk, 0, 0, 0, 0, 0);
  heap = (u8 *)(((u32)heap + PAGE - 1) & ~(PAGE - 1));
  call(SYS_brk, (u32)heap + 2 * PAGE, 0, 0, 0, 0);
  memset(heap, 0x48, 2 * PAGE);
  u8 *area = map(4, 0x60);

  puts_("{\"pid\":\""), decimal((u32)call(SYS_getpid, 0, 0, 0, 0, 0)), puts_("\",");
  fact("pattern", pattern), fact("counter", &counter), fact("pointer", &pointer), fact("heap", heap), fact("area", area);
  fact("string", string), fact("main", (void *)_start);
  puts_("\"bits\":\"32\"}"), end_line();

  static char input[512];
  u32 length = 0;
  for (;;) {
    struct {
      int file;
      short events, found;
    } waiting = {0, 1 /* POLLIN */, 0};
    int ready = call(SYS_poll, (u32)&waiting, 1, 10, 0, 0);
    if (ready <= 0) {
      counter++;
      continue;
    }
    int count = call(SYS_read, 0, (u32)input + length, 1, 0, 0);
    if (count <= 0) call(SYS_exit, 0, 0, 0, 0, 0);
    if (input[length] != '\n' && length < sizeof input - 2) {
      length++;
      continue;
    }
    input[length] = 0;
    length = 0;
    obey(input);
  }
}
