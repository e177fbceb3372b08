// How `miden-node snapshot create` asks a running node for a copy of its store: a Unix socket in
// the data directory, for the node's own user alone.
//
// The node only does what nobody else can, a checkpoint beside its store, which takes no longer
// than writing its latest rows. Whoever asked moves or copies it away while it keeps the connection
// open; what is left when the connection ends, however it ends, is removed. So a request carries no
// path, the node writes nowhere but into its data directory, and slow disks of others cost it
// nothing.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>

#include "chain/chain_state.hpp"
#include "storage/file_descriptor.hpp"

namespace miden {

// Where a checkpoint is made: a data directory within the data directory.
inline std::filesystem::path checkpoint_directory(const std::filesystem::path& data_directory) {
  return data_directory / "checkpoint";
}

// The node's end. Serves one request at a time, others are told so.
class SnapshotChannel {
 public:
  // Removes first what an earlier process may have left; the chain must be this process's, open in
  // `data_directory`, and outlive this. Error: ChannelFailed (a file system without sockets, say).
  static Result<std::unique_ptr<SnapshotChannel>> open(const std::filesystem::path& data_directory,
                                                       const ChainState& chain);
  // The same for a node, which can do without: says so in the log and gives null.
  static std::unique_ptr<SnapshotChannel> open_if_possible(
      const std::filesystem::path& data_directory, const ChainState& chain);
  // Ends within the time of one checkpoint.
  ~SnapshotChannel();
  SnapshotChannel(const SnapshotChannel&) = delete;
  SnapshotChannel& operator=(const SnapshotChannel&) = delete;

 private:
  struct Client;
  SnapshotChannel(const std::filesystem::path& data_directory, const ChainState& chain,
                  FileDescriptor listener, FileDescriptor wake);
  void serve(const std::stop_token& stop);
  // False: the connection is over.
  bool take_input(Client& client);
  bool answer_request(Client& client);
  void remove_checkpoint() const;

  const std::filesystem::path data_directory_;
  const ChainState& chain_;
  const FileDescriptor listener_;
  const FileDescriptor wake_;  // readable once the stop is requested
  std::jthread thread_;
};

// The other end: a checkpoint that the node made and keeps until this goes.
class RequestedCheckpoint {
 public:
  // nullopt: no node listens in that data directory. Errors: ChannelFailed (not allowed to ask, or
  // the node ended), CheckpointRefused (the node's reason), Stopped.
  static Result<std::optional<RequestedCheckpoint>> ask(const std::filesystem::path& data_directory,
                                                        const std::stop_token& stop);

 private:
  explicit RequestedCheckpoint(FileDescriptor connection) : connection_(std::move(connection)) {}
  FileDescriptor connection_;
};

}  // namespace miden
