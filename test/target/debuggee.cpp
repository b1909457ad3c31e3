// A program to debug with what C++ adds: members, a base class, references, the library's strings and vectors.
//
//   debuggee MODE [FACTS]     FACTS is a file that gets the same line of JSON as standard output; there is one mode, loop
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace shapes {

struct Base {
  int base = 11;
  virtual ~Base() = default;
};

class Shape : public Base {
 public:
  explicit Shape(std::string title) : title_(std::move(title)), corners_{1, 2, 3} {}

  // Breaks inside a method, where members have names of their own.
  int grow(int &reference) {
    int local = reference;
    tell(&local, &reference);
    size_ += 1;                      // break here
    reference += 2;                  // step 1
    corners_[1] += 3;                // step 2
    title_[0] ^= 0x20;               // step 3
    return local + size_ + total_;   // step 4
  }

  static int total_;
  static const char *facts;
  static bool told;

 private:
  void tell(int *local, int *reference) {
    if (told) return;
    told = true;
    char line[1024];
    std::snprintf(line, sizeof line,
                  "{\"pid\":\"%d\",\"this\":\"%p\",\"size_\":\"%p\",\"title_\":\"%p\",\"title_ characters\":\"%p\","
                  "\"corners_\":\"%p\",\"corners_[0]\":\"%p\",\"base\":\"%p\",\"total_\":\"%p\",\"local\":\"%p\",\"reference\":\"%p\"}",
                  getpid(), static_cast<void *>(this), static_cast<void *>(&size_), static_cast<void *>(&title_),
                  static_cast<void *>(title_.data()), static_cast<void *>(&corners_),
                  static_cast<void *>(corners_.data()), static_cast<void *>(&base), static_cast<void *>(&total_),
                  static_cast<void *>(local), static_cast<void *>(reference));
    std::puts(line);
    std::fflush(stdout);
    if (facts == nullptr) return;
    const std::string unfinished = std::string(facts) + ".unfinished";
    if (std::FILE *file = std::fopen(unfinished.c_str(), "w")) {
      std::fprintf(file, "%s\n", line);
      std::fclose(file);
      std::rename(unfinished.c_str(), facts);
    }
  }

  int size_ = 0;
  std::string title_;
  std::vector<int> corners_;
};

int Shape::total_ = 1000;
const char *Shape::facts = nullptr;
bool Shape::told = false;

}  // namespace shapes

int main(int argc, char **argv) {
  shapes::Shape::facts = argc > 2 ? argv[2] : nullptr;
  alarm(600);
  auto shape = std::make_unique<shapes::Shape>("a title that is too long for the string itself");
  int value = 5;
  for (;;) {
    shapes::Shape::total_ += shape->grow(value);
    usleep(20000);
  }
}
