#include "storage/store_files.hpp"

#include <fcntl.h>
#include <rocksdb/file_checksum.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "storage/file_descriptor.hpp"
#include "storage/storage_error.hpp"

namespace miden {
namespace {

constexpr size_t kPieceBytes = size_t{1} << 20;
constexpr mode_t kFileMode = 0644;

[[noreturn]] void throw_error(const std::string& doing, int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  throw StorageError(is_full ? StorageError::Kind::kDiskFull : StorageError::Kind::kIo,
                     doing + ": " + std::strerror(error));
}

std::unexpected<Error> stopped() { return fail("Stopped", "stopped before the end"); }

// A file that others wrote: reading must not wait (a pipe) or lead elsewhere (a link).
Result<FileDescriptor> open_regular(const std::filesystem::path& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ELOOP) {
    return fail("NotARegularFile", path.string() + " is a symbolic link");
  }
  if (!file) throw_error("opening " + path.string(), errno);
  struct stat status;
  if (fstat(file.get(), &status) != 0) throw_error("looking at " + path.string(), errno);
  if (!S_ISREG(status.st_mode)) {
    return fail("NotARegularFile", path.string() + " is not a regular file");
  }
  return file;
}

// The next piece; empty at the end.
ByteView read_piece(const FileDescriptor& file, Bytes& buffer, const std::filesystem::path& path) {
  while (true) {
    const ssize_t size = read(file.get(), buffer.data(), buffer.size());
    if (size >= 0) return ByteView(buffer).first(static_cast<size_t>(size));
    if (errno != EINTR) throw_error("reading " + path.string(), errno);
  }
}

void write_all(const FileDescriptor& file, ByteView bytes, const std::filesystem::path& path) {
  while (!bytes.empty()) {
    const ssize_t size = write(file.get(), bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) throw_error("writing " + path.string(), errno);
    if (size > 0) bytes = bytes.subspan(static_cast<size_t>(size));
  }
}

// Where the system has said that it will not link, copying is what is left.
bool allows_copy_instead(int error) {
  return error == EXDEV || error == EPERM || error == EMLINK || error == EOPNOTSUPP ||
         error == EACCES || error == ENOSYS;
}

}  // namespace

std::optional<FileChecksum> recorded_checksum(const std::string& function,
                                              const std::string& value) {
  if (function != rocksdb::kStandardDbFileChecksumFuncName || value.size() != 4) {
    return std::nullopt;
  }
  FileChecksum checksum = 0;
  for (const char byte : value) checksum = checksum << 8 | static_cast<uint8_t>(byte);
  return checksum;
}

bool is_table_file(std::string_view name) {
  return name.ends_with(".sst") || name.ends_with(".blob");
}

Result<FileChecksum> checksum_of_file(const std::filesystem::path& path, std::stop_token stop) {
  const FileDescriptor file = TRY(open_regular(path));
  const auto generator =
      rocksdb::GetFileChecksumGenCrc32cFactory()->CreateFileChecksumGenerator({});
  Bytes buffer(kPieceBytes);
  for (ByteView piece; !(piece = read_piece(file, buffer, path)).empty();) {
    if (stop.stop_requested()) return stopped();
    generator->Update(reinterpret_cast<const char*>(piece.data()), piece.size());
  }
  generator->Finalize();
  return recorded_checksum(generator->Name(), generator->GetChecksum()).value();
}

Result<void> copy_file_durably(const std::filesystem::path& from, const std::filesystem::path& to,
                               std::stop_token stop) {
  const FileDescriptor source = TRY(open_regular(from));
  const FileDescriptor target(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
  if (!target) throw_error("creating " + to.string(), errno);
  Bytes buffer(kPieceBytes);
  for (ByteView piece; !(piece = read_piece(source, buffer, from)).empty();) {
    if (stop.stop_requested()) return stopped();
    write_all(target, piece, to);
  }
  if (fsync(target.get()) != 0) throw_error("syncing " + to.string(), errno);
  return {};
}

Result<Transfer> link_or_copy(const std::filesystem::path& from, const std::filesystem::path& to,
                              std::stop_token stop) {
  TRY(open_regular(from));
  if (link(from.c_str(), to.c_str()) == 0) return Transfer::kLinked;
  if (!allows_copy_instead(errno)) throw_error("linking " + from.string(), errno);
  TRY(copy_file_durably(from, to, std::move(stop)));
  return Transfer::kCopied;
}

void sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor file(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file || fsync(file.get()) != 0) throw_error("syncing " + directory.string(), errno);
}

}  // namespace miden
