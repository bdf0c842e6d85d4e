// Processes that the bench starts: this program, with other arguments.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace bench {

// Killed when it goes out of scope.
class Child {
  public:
    Child(const std::filesystem::path& program, const std::vector<std::string>& arguments, int standard_output = 1);
    Child(const Child&) = delete;
    ~Child();
    // Waits for its end; whether it succeeded.
    bool wait();

  private:
    pid_t pid_ = 0;
};

// What a process printed; it must succeed.
std::string output_of(const std::filesystem::path& program, const std::vector<std::string>& arguments);

}  // namespace bench
