#include "base/read_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace miden {

Result<Bytes> read_file(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return fail("FileRead", std::strerror(errno));
  Bytes contents;
  std::array<uint8_t, 65536> part;
  while (true) {
    const ssize_t count = ::read(file, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int problem = errno;
      ::close(file);
      if (count < 0) return fail("FileRead", std::strerror(problem));
      return contents;
    }
    contents.insert(contents.end(), part.begin(), part.begin() + count);
  }
}

}  // namespace miden
