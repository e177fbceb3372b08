#include "node/snapshot_channel.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <csignal>
#include <fstream>

#include <chrono>
#include <thread>

#include "chain/data_directory.hpp"
#include "chain/stored_chain.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kPatience = 20s;

bool becomes_true(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

class SnapshotChannelTest : public ::testing::Test {
 protected:
  SnapshotChannelTest() { folder_.bootstrap(model_.blocks.front()); }

  fs::path checkpoint() const { return checkpoint_directory(folder_.data()); }
  auto ask() const { return RequestedCheckpoint::ask(folder_.data(), {}); }
  // Says `request` through a plain socket and gives the answer, if one comes while the connection
  // lasts.
  std::string say(std::string_view request) const {
    const FileDescriptor connection(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = (folder_.data() / "snapshot.sock").string();
    EXPECT_LT(path.size(), sizeof address.sun_path);
    std::ranges::copy(path, address.sun_path);
    EXPECT_EQ(connect(connection.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(send(connection.get(), request.data(), request.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(request.size()));
    std::string answer;
    char next;
    while (recv(connection.get(), &next, 1, 0) == 1) {
      answer += next;
      if (next == '\n') break;
    }
    return answer;
  }

  SimulatedChain model_{1};
  ChainDirectory folder_;
};

TEST_F(SnapshotChannelTest, MakesACheckpointThatGoesWithTheConnection) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  ASSERT_TRUE(channel) << channel.error().message;
  for (int round = 0; round < 3; ++round) {
    apply(*chain, model_.next());
    {
      const auto requested = ask();
      ASSERT_TRUE(requested && *requested) << round;
      const auto found = inspect_stored_chain(checkpoint());
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_EQ(found->stored.tip.header, model_.tip());
    }
    EXPECT_TRUE(becomes_true([&] { return !fs::exists(checkpoint()); }));
  }
}

TEST_F(SnapshotChannelTest, IsTheOwnersAlone) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  struct stat status;
  ASSERT_EQ(stat((folder_.data() / "snapshot.sock").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
}

TEST_F(SnapshotChannelTest, ServesOneAtATime) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  {
    const auto first = ask();
    ASSERT_TRUE(first && *first);
    const auto second = ask();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, "CheckpointRefused");
    EXPECT_EQ(second.error().message, "the node says: another snapshot is being taken");
    EXPECT_TRUE(fs::exists(store_directory(checkpoint()) / "CURRENT"));
  }
  EXPECT_TRUE(becomes_true([&] { return ask().has_value(); }));
}

TEST_F(SnapshotChannelTest, RefusesWhatIsNoRequest) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  EXPECT_EQ(say("GET / HTTP/1.1\r\n\r\n"), "refused this is no request that this node knows\n");
  EXPECT_EQ(say("checkpoint please\n"), "refused this is no request that this node knows\n");
  EXPECT_EQ(say(std::string(60, 'c')), "refused this is no request that this node knows\n");
  EXPECT_EQ(say("checkpoint\n"), "ready\n");
}

TEST_F(SnapshotChannelTest, GivesUpOnAClientThatSaysNothing) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(say("check"), "");
  EXPECT_GT(std::chrono::steady_clock::now() - began, 4s);
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience);
  EXPECT_EQ(say("checkpoint\n"), "ready\n");
}

TEST_F(SnapshotChannelTest, SaysWhyNoCheckpointCouldBeMade) {
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  // In the place of the checkpoint's directory.
  std::ofstream(checkpoint()) << "a file";
  const auto requested = ask();
  ASSERT_FALSE(requested);
  EXPECT_EQ(requested.error().code, "CheckpointRefused");
  EXPECT_NE(requested.error().message.find("checkpoint"), std::string::npos)
      << requested.error().message;
}

// This program again, to be killed; a fork alone would lack the store's background threads.
TEST(SnapshotChannelProcess, DISABLED_HoldsACheckpoint) {
  const fs::path data = getenv("MIDEN_TEST_DATA");
  const auto chain = ChainState::open(data).value();
  const auto channel = SnapshotChannel::open(data, *chain);
  const auto requested = RequestedCheckpoint::ask(data, {}).value().value();
  ASSERT_EQ(write(std::stoi(getenv("MIDEN_TEST_READY")), "x", 1), 1);
  while (true) pause();
}

TEST_F(SnapshotChannelTest, NobodyListensBesideANodeAtRestOrAKilledOne) {
  const auto nobody = ask();
  ASSERT_TRUE(nobody);
  EXPECT_FALSE(nobody->has_value());

  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    setenv("MIDEN_TEST_DATA", folder_.data().c_str(), 1);
    setenv("MIDEN_TEST_READY", std::to_string(ready[1]).c_str(), 1);
    execl("/proc/self/exe", "node_test", "--gtest_also_run_disabled_tests",
          "--gtest_filter=SnapshotChannelProcess.DISABLED_HoldsACheckpoint", nullptr);
    _exit(1);
  }
  close(ready[1]);
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ready[0]);
  ASSERT_TRUE(fs::exists(folder_.data() / "snapshot.sock"));
  ASSERT_TRUE(fs::exists(checkpoint()));
  const auto killed = ask();
  ASSERT_TRUE(killed);
  EXPECT_FALSE(killed->has_value());

  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  ASSERT_TRUE(channel) << channel.error().message;
  EXPECT_FALSE(fs::exists(checkpoint()));
  EXPECT_TRUE(ask().value().has_value());
}

TEST_F(SnapshotChannelTest, WorksInADirectoryWhoseNameIsLongerThanASockets) {
  const fs::path deep = folder_.root() / std::string(100, 'd');
  fs::create_directory(deep);
  ASSERT_TRUE(ChainState::bootstrap(deep / "data", model_.blocks.front()));
  const auto chain = ChainState::open(deep / "data").value();
  const auto channel = SnapshotChannel::open(deep / "data", *chain);
  ASSERT_TRUE(channel) << channel.error().message;
  const auto requested = RequestedCheckpoint::ask(deep / "data", {});
  ASSERT_TRUE(requested) << requested.error().message;
  EXPECT_TRUE(requested->has_value());
}

TEST_F(SnapshotChannelTest, EndsAtOnceAndTakesItsFilesAlong) {
  const auto chain = folder_.open();
  auto channel = SnapshotChannel::open(folder_.data(), *chain).value();
  const auto requested = ask();
  ASSERT_TRUE(requested && *requested);
  const auto began = std::chrono::steady_clock::now();
  channel.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 2s);
  EXPECT_FALSE(fs::exists(folder_.data() / "snapshot.sock"));
  EXPECT_FALSE(fs::exists(checkpoint()));
}

TEST_F(SnapshotChannelTest, ANodeGoesOnWithoutAChannel) {
  const auto chain = folder_.open();
  fs::create_directory(folder_.data() / "snapshot.sock");
  EXPECT_EQ(code_of(SnapshotChannel::open(folder_.data(), *chain)), "ChannelFailed");
  EXPECT_EQ(SnapshotChannel::open_if_possible(folder_.data(), *chain), nullptr);
}

}  // namespace
}  // namespace miden
