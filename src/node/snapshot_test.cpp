#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <thread>

#include "chain/data_directory.hpp"
#include "chain/test_support/chain_directory.hpp"
#include "chain/test_support/simulated_chain.hpp"
#include "node/bootstrap_from_snapshot.hpp"
#include "node/snapshot_channel.hpp"
#include "node/take_snapshot.hpp"

namespace miden {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSeed = 8128;
constexpr uint32_t kLength = 30;

std::string content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write(const fs::path& file, std::string_view content) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << content;
}

// A node's data directory, and places for a snapshot of it and for a node made from that.
class SnapshotTest : public ::testing::Test {
 protected:
  SnapshotTest() {
    folder_.bootstrap(model_.blocks.front());
    const auto chain = folder_.open();
    for (uint32_t i = 1; i < kLength; ++i) apply(*chain, model_.next());
    for (uint32_t i = 1; i < kLength - 2; ++i) EXPECT_TRUE(chain->apply_proof({i}, {}));
  }

  fs::path snapshot() const { return folder_.root() / "snapshot"; }
  fs::path second() const { return folder_.root() / "second"; }
  Word genesis() const { return model_.blocks.front().header.commitment(); }

  Result<TakenSnapshot> take(const fs::path& target) const {
    return take_snapshot(folder_.data(), target, {});
  }
  void take() const {
    const auto taken = take(snapshot());
    ASSERT_TRUE(taken) << taken.error().message;
  }
  SnapshotBootstrap bootstrap_options() const {
    return {.data_directory = second(), .snapshot = snapshot(), .genesis = genesis()};
  }
  Result<StoredTip> bootstrap(
      SnapshotBootstrap::Checks checks = SnapshotBootstrap::Checks::kHeaders) const {
    SnapshotBootstrap options = bootstrap_options();
    options.checks = checks;
    return bootstrap_from_snapshot(options, {});
  }
  // The new node is where the model was at that height and takes the model's further blocks.
  void expect_goes_on() {
    const auto chain = ChainState::open(second());
    ASSERT_TRUE(chain) << chain.error().message;
    const BlockNum from = (*chain)->tip();
    ASSERT_EQ((*chain)->view()->tip_header().header, model_.blocks.at(from.value).header);
    for (int i = 0; i < 3; ++i) model_.next();
    for (uint32_t i = from.value + 1; i < model_.blocks.size(); ++i) {
      apply(**chain, model_.blocks.at(i));
    }
    EXPECT_EQ((*chain)->view()->tip_header().header, model_.tip());
  }
  void expect_nothing_is_left(const std::string& what) const {
    EXPECT_FALSE(fs::exists(second())) << what;
  }
  std::map<std::string, std::string> snapshot_content() const {
    std::map<std::string, std::string> content;
    for (const auto& entry : fs::recursive_directory_iterator(snapshot())) {
      if (entry.is_regular_file()) content[entry.path()] = content_of(entry.path());
    }
    return content;
  }
  std::vector<fs::path> store_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(store_directory(snapshot()))) {
      files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
  }
  // Starts the program over, to do this, and kills it after that time.
  void kill_during(const std::string& action, const fs::path& data, const fs::path& snapshot,
                   std::chrono::microseconds after) const {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      setenv("MIDEN_TEST_DATA", data.c_str(), 1);
      setenv("MIDEN_TEST_SNAPSHOT", snapshot.c_str(), 1);
      setenv("MIDEN_TEST_GENESIS", genesis().to_hex().c_str(), 1);
      const int nowhere = open("/dev/null", O_WRONLY);
      dup2(nowhere, STDOUT_FILENO);
      execl("/proc/self/exe", "node_test", "--gtest_also_run_disabled_tests",
            ("--gtest_filter=SnapshotProcess.DISABLED_" + action).c_str(), nullptr);
      _exit(1);
    }
    std::this_thread::sleep_for(after);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
  }
  // As whoever made the snapshot may have done.
  void change(const std::function<void(WriteBatch&)>& changes) const {
    const auto store =
        Store::open(store_directory(folder_.data()), chain_tables(), StoreOptions{}).value();
    WriteBatch batch(*store);
    changes(batch);
    store->write(batch);
  }

  SimulatedChain model_{kSeed};
  ChainDirectory folder_;
};

TEST_F(SnapshotTest, OfANodeAtRestStartsAnother) {
  const auto taken = take(snapshot());
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_TRUE(taken->shares_files);
  EXPECT_EQ(taken->description.genesis, genesis());
  EXPECT_EQ(taken->description.tip, BlockNum{kLength - 1});
  EXPECT_EQ(taken->description.tip_commitment, model_.tip().commitment());
  EXPECT_EQ(taken->description.proven_tip, BlockNum{kLength - 3});
  EXPECT_EQ(read_snapshot_description(snapshot()), taken->description);
  EXPECT_FALSE(fs::exists(checkpoint_directory(folder_.data())));

  const auto started = bootstrap();
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(started->tip.header, model_.tip());
  expect_goes_on();
  EXPECT_EQ(folder_.open()->tip(), BlockNum{kLength - 1});
}

TEST_F(SnapshotTest, StaysAsItIsHoweverManyNodesStartFromIt) {
  take();
  const auto before = snapshot_content();
  for (int node = 0; node < 3; ++node) {
    ASSERT_TRUE(bootstrap());
    expect_goes_on();
    fs::remove_all(second());
  }
  EXPECT_EQ(snapshot_content(), before);
}

TEST_F(SnapshotTest, OfARunningNodeIsTakenWhileItGoesOn) {
  for (int i = 0; i < 200; ++i) model_.next();
  const auto chain = folder_.open();
  const auto channel = SnapshotChannel::open(folder_.data(), *chain);
  ASSERT_TRUE(channel) << channel.error().message;
  std::atomic<bool> is_done = false;
  std::jthread writer([&] {
    for (uint32_t i = kLength; i < model_.blocks.size(); ++i) {
      EXPECT_TRUE(chain->apply_block(model_.blocks[i]));
    }
    is_done = true;
  });
  size_t rounds = 0;
  for (; !is_done; ++rounds) {
    const BlockNum before = chain->tip();
    const auto taken = take(snapshot());
    ASSERT_TRUE(taken) << taken.error().message;
    EXPECT_GE(taken->description.tip, before);
    const auto started = bootstrap();
    ASSERT_TRUE(started) << started.error().message;
    EXPECT_EQ(started->tip.header, model_.blocks.at(taken->description.tip.value).header);
    fs::remove_all(second());
    fs::remove_all(snapshot());
  }
  EXPECT_GE(rounds, 2u);
}

TEST_F(SnapshotTest, OfANodeWithoutAChannelMustWaitUntilItIsStopped) {
  const auto chain = folder_.open();
  EXPECT_EQ(code_of(take(snapshot())), "StoreLocked");
  EXPECT_FALSE(fs::exists(snapshot()));
  EXPECT_FALSE(fs::exists(folder_.root() / "snapshot.partial"));
}

TEST_F(SnapshotTest, HoldsNothingThatTheNodeAnsweredFor) {
  const Bytes inputs(10'000, 7);
  {
    const auto chain = folder_.open();
    EXPECT_TRUE(chain->apply_block(model_.next(), inputs));
    chain->journal_add({TransactionId(word(1))}, inputs);
  }
  take();
  ASSERT_TRUE(bootstrap());
  const auto chain = ChainState::open(second()).value();
  EXPECT_TRUE(chain->journal_entries().empty());
  EXPECT_EQ(chain->view()->proving_inputs(chain->tip()), std::nullopt);
  EXPECT_EQ(folder_.open()->journal_entries().size(), 1u);
}

TEST_F(SnapshotTest, GoesOnlyWhereNothingIs) {
  const auto refusal = [&](const fs::path& target) {
    const auto taken = take(target);
    EXPECT_EQ(code_of(taken), "SnapshotTarget") << target;
    return taken ? "" : taken.error().message;
  };
  write(folder_.root() / "file", "");
  EXPECT_EQ(refusal(folder_.root() / "file"),
            (folder_.root() / "file").string() + " exists but is no empty directory");
  fs::create_directory(folder_.root() / "full");
  write(folder_.root() / "full" / "file", "");
  refusal(folder_.root() / "full");
  fs::create_directory_symlink(folder_.root(), folder_.root() / "link");
  refusal(folder_.root() / "link");
  refusal(folder_.root() / "missing" / "snapshot");
  refusal(folder_.data());
  refusal(folder_.data() / "snapshot");
  refusal(folder_.root() / "link" / "data" / "snapshot");
  EXPECT_FALSE(fs::exists(checkpoint_directory(folder_.data())));

  fs::create_directory(folder_.root() / "snapshot.partial");
  EXPECT_NE(refusal(snapshot()).find("snapshot.partial exists"), std::string::npos);
  EXPECT_TRUE(fs::exists(folder_.root() / "snapshot.partial"));
  fs::remove(folder_.root() / "snapshot.partial");

  fs::create_directory(snapshot());
  EXPECT_EQ(code_of(take(snapshot() / "")), "ok");
  EXPECT_TRUE(bootstrap());
  EXPECT_EQ(code_of(take_snapshot(folder_.root() / "none", folder_.root() / "other", {})),
            "DataDirectoryMissing");
}

TEST_F(SnapshotTest, OnAnotherFileSystemIsACopy) {
  std::string path = "/dev/shm/snapshot_test_XXXXXX";
  if (mkdtemp(path.data()) == nullptr) GTEST_SKIP() << "no /dev/shm";
  const std::unique_ptr<fs::path, void (*)(fs::path*)> elsewhere(new fs::path(path), [](auto* at) {
    fs::remove_all(*at);
    delete at;
  });
  struct stat here;
  struct stat there;
  ASSERT_EQ(stat(folder_.root().c_str(), &here) + stat(path.c_str(), &there), 0);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "/dev/shm is on the same file system";
  const auto taken = take(*elsewhere / "snapshot");
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_FALSE(taken->shares_files);
  SnapshotBootstrap options = bootstrap_options();
  options.snapshot = *elsewhere / "snapshot";
  const auto started = bootstrap_from_snapshot(options, {});
  ASSERT_TRUE(started) << started.error().message;
  expect_goes_on();
}

TEST_F(SnapshotTest, OfAnotherNetworkIsRefused) {
  take();
  SnapshotBootstrap options = bootstrap_options();
  options.genesis = word(1);
  EXPECT_EQ(code_of(bootstrap_from_snapshot(options, {})), "GenesisMismatch");
  expect_nothing_is_left("another genesis block asked for");

  // What snapshot.toml says of it is not believed.
  std::string text = content_of(snapshot() / "snapshot.toml");
  text.replace(text.find(genesis().to_hex()), genesis().to_hex().size(), word(1).to_hex());
  write(snapshot() / "snapshot.toml", text);
  EXPECT_EQ(code_of(bootstrap_from_snapshot(options, {})), "GenesisMismatch");
  expect_nothing_is_left("another genesis block claimed");
}

TEST_F(SnapshotTest, GoesOnlyIntoAnEmptyDataDirectory) {
  take();
  fs::create_directory(second());
  write(second() / "file", "");
  EXPECT_EQ(code_of(bootstrap()), "DataDirectoryNotEmpty");
  EXPECT_EQ(content_of(second() / "file"), "");
  fs::remove(second() / "file");
  EXPECT_EQ(code_of(bootstrap()), "ok");
  SnapshotBootstrap options = bootstrap_options();
  options.data_directory = folder_.root() / "missing" / "data";
  EXPECT_EQ(code_of(bootstrap_from_snapshot(options, {})), "DataDirectoryMissing");
}

TEST_F(SnapshotTest, WithAnyFileMissingOrTooMuchOrNoFileIsRefused) {
  take();
  std::vector<fs::path> files = store_files();
  files.push_back(snapshot() / "snapshot.toml");
  for (const fs::path& file : files) {
    const fs::path aside = folder_.root() / "aside";
    fs::rename(file, aside);
    const auto missing = bootstrap();
    EXPECT_FALSE(missing) << file;
    EXPECT_NE(missing.error().message.find(file.filename()), std::string::npos)
        << missing.error().message;
    expect_nothing_is_left(file.string() + " missing");
    fs::create_symlink(aside, file);
    EXPECT_FALSE(bootstrap()) << file;
    expect_nothing_is_left(file.string() + " is a link");
    fs::remove(file);
    fs::rename(aside, file);
  }
  write(store_directory(snapshot()) / "000099.sst", "more");
  EXPECT_EQ(code_of(bootstrap()), "SnapshotDamaged");
  expect_nothing_is_left("a file too much");
  fs::remove(store_directory(snapshot()) / "000099.sst");
  EXPECT_EQ(code_of(bootstrap()), "ok");
}

TEST_F(SnapshotTest, WithAFlippedBitAnywhereIsRefused) {
  take();
  fs::create_directory(second());  // stays, and stays empty
  std::mt19937_64 random(kSeed);
  for (const fs::path& file : store_files()) {
    const std::string whole = content_of(file);
    if (whole.empty()) continue;
    for (int round = 0; round < 12; ++round) {
      // The ends, then anywhere.
      const size_t place = round == 0 ? 0 : round == 1 ? whole.size() - 1 : random() % whole.size();
      std::string changed = whole;
      changed[place] = static_cast<char>(changed[place] ^ 1 << random() % 8);
      // A new file: the old one may be shared with the store.
      fs::remove(file);
      write(file, changed);
      const auto started = bootstrap();
      EXPECT_EQ(code_of(started), "SnapshotDamaged") << file << " at " << place;
      EXPECT_TRUE(fs::is_empty(second())) << file << " at " << place;
    }
    fs::remove(file);
    write(file, whole.substr(0, whole.size() - 1));
    EXPECT_EQ(code_of(bootstrap()), "SnapshotDamaged") << file;
    write(file, whole);
  }
  EXPECT_EQ(code_of(bootstrap()), "ok");
}

TEST_F(SnapshotTest, WithADamagedDescriptionIsRefusedOrTheSame) {
  take();
  const std::string whole = content_of(snapshot() / "snapshot.toml");
  SnapshotDescription right = read_snapshot_description(snapshot()).value();
  std::mt19937_64 random(kSeed);
  size_t refused = 0;
  for (size_t place = 0; place < whole.size(); place += 5) {
    std::string changed = whole;
    changed[place] = static_cast<char>(changed[place] ^ 1 << random() % 8);
    write(snapshot() / "snapshot.toml", changed);
    if (bootstrap()) {
      SnapshotDescription read = read_snapshot_description(snapshot()).value();
      read.made_at = right.made_at;
      EXPECT_EQ(read, right) << "byte " << place << "\n" << changed;
      fs::remove_all(second());
    } else {
      ++refused;
      expect_nothing_is_left("byte " + std::to_string(place));
    }
  }
  EXPECT_GT(refused, whole.size() / 5 / 2);
  for (const char* text :
       {"", "format = 1", "format = 2", "format", "[files]", "format = 1\nfiles = 3"}) {
    write(snapshot() / "snapshot.toml", text);
    EXPECT_FALSE(bootstrap()) << text;
  }
}

TEST_F(SnapshotTest, ADescriptionCannotNameFilesElsewhere) {
  take();
  const std::string whole = content_of(snapshot() / "snapshot.toml");
  write(snapshot() / "outside", "secret");
  const FileChecksum checksum = checksum_of_file(snapshot() / "outside").value();
  char line[80];
  for (const char* name : {"../outside", "..", "", ".", "a/b", "a\\u0000b", "/etc/passwd"}) {
    snprintf(line, sizeof line, "\"%s\" = { size = 6, crc32c = \"%08x\" }\n", name, checksum);
    write(snapshot() / "snapshot.toml", whole + line);
    EXPECT_EQ(code_of(bootstrap()), "SnapshotDamaged") << line;
    expect_nothing_is_left(line);
  }
}

TEST_F(SnapshotTest, IsMadeAgainFromItsBlocksOnRequest) {
  take();
  const auto started = bootstrap(SnapshotBootstrap::Checks::kEveryBlock);
  ASSERT_TRUE(started) << started.error().message;
  const auto chain = ChainState::open(second()).value();
  EXPECT_EQ(chain->proven_tip(), BlockNum{kLength - 3});
  size_t entries = 0;
  for (const auto& entry : fs::directory_iterator(second())) {
    EXPECT_EQ(entry.path().filename(), "store");
    ++entries;
  }
  EXPECT_EQ(entries, 1u);
}

// Below the headers the two ways of checking differ: what the roots do not show is believed by one
// and made again by the other.
TEST_F(SnapshotTest, OfADishonestNodeIsToldWhenEveryBlockIsAppliedAgain) {
  const AccountId account = model_.state.accounts.begin()->first;
  const auto right = folder_.open()->view()->account_record(account, {kLength - 1}).value();
  ASSERT_TRUE(right);
  const auto other = std::ranges::find_if(
      model_.state.accounts, [&](const auto& candidate) { return candidate.first != account; });
  const auto wrong =
      folder_.open()->view()->account_record(other->first, {kLength - 1}).value().value();
  change([&](WriteBatch& batch) { batch.put(kAccounts, account_key(account), to_bytes(wrong)); });
  take();
  ASSERT_TRUE(bootstrap(SnapshotBootstrap::Checks::kEveryBlock));
  EXPECT_EQ(
      ChainState::open(second()).value()->view()->account_record(account, {kLength - 1}).value(),
      right);
}

TEST_F(SnapshotTest, WithAnotherBlocksBodyIsRefusedWhenEveryBlockIsAppliedAgain) {
  SimulatedChain other(kSeed + 1);
  while (other.blocks.size() < kLength) other.next();
  for (const uint32_t place : {0u, 7u, kLength - 1}) {
    change([&](WriteBatch& batch) {
      batch.put(kBlocks, block_key({place}), to_bytes(other.blocks.at(place)));
    });
    take();
    EXPECT_FALSE(bootstrap(SnapshotBootstrap::Checks::kEveryBlock)) << "block " << place;
    expect_nothing_is_left("block " + std::to_string(place));
    fs::remove_all(snapshot());
    change([&](WriteBatch& batch) {
      batch.put(kBlocks, block_key({place}), to_bytes(model_.blocks.at(place)));
    });
  }
  change([&](WriteBatch& batch) { batch.remove(kBlocks, block_key({7})); });
  take();
  EXPECT_EQ(code_of(bootstrap(SnapshotBootstrap::Checks::kEveryBlock)), "StorageDiverged");
  expect_nothing_is_left("a missing block");
}

TEST_F(SnapshotTest, TakingAndStartingEndWhenTheyAreStopped) {
  std::stop_source stop;
  stop.request_stop();
  take();
  for (const auto checks :
       {SnapshotBootstrap::Checks::kHeaders, SnapshotBootstrap::Checks::kEveryBlock}) {
    SnapshotBootstrap options = bootstrap_options();
    options.checks = checks;
    EXPECT_EQ(code_of(bootstrap_from_snapshot(options, stop.get_token())), "Stopped");
    expect_nothing_is_left("stopped");
  }
  EXPECT_EQ(code_of(take_snapshot(folder_.data(), folder_.root() / "other", stop.get_token())),
            "Stopped");
  EXPECT_FALSE(fs::exists(folder_.root() / "other"));
  EXPECT_FALSE(fs::exists(folder_.root() / "other.partial"));
  EXPECT_FALSE(fs::exists(checkpoint_directory(folder_.data())));
}

// What is killed below: this program again, with these as all that it does. A fork alone would lack
// the threads with which the store works in the background.
TEST(SnapshotProcess, DISABLED_Takes) {
  (void)take_snapshot(getenv("MIDEN_TEST_DATA"), getenv("MIDEN_TEST_SNAPSHOT"), {});
}
TEST(SnapshotProcess, DISABLED_Starts) {
  (void)bootstrap_from_snapshot({.data_directory = getenv("MIDEN_TEST_DATA"),
                                 .snapshot = getenv("MIDEN_TEST_SNAPSHOT"),
                                 .genesis = Word::from_hex(getenv("MIDEN_TEST_GENESIS")).value()},
                                {});
}

// Later and later, until the work is done some times before: at every moment of it, however fast
// the machine.
class KillMoments {
 public:
  std::chrono::microseconds next() {
    const std::chrono::microseconds moment = moment_;
    moment_ += moment_ / 12 + std::chrono::milliseconds(2);
    return moment;
  }
  void was_done() { ++done_; }
  bool has_more() const { return done_ < 3 && moment_ < std::chrono::seconds(20); }
  bool reached_the_end() const { return done_ >= 3; }

 private:
  std::chrono::microseconds moment_{0};
  int done_ = 0;
};

TEST_F(SnapshotTest, OfAProcessKilledMeanwhileIsWholeOrNotThere) {
  KillMoments moments;
  while (moments.has_more()) {
    const auto moment = moments.next();
    kill_during("Takes", folder_.data(), snapshot(), moment);
    fs::remove_all(folder_.root() / "snapshot.partial");
    if (!fs::exists(snapshot())) continue;
    moments.was_done();
    const auto started = bootstrap();
    ASSERT_TRUE(started) << "killed after " << moment.count() << " us: " << started.error().message;
    fs::remove_all(second());
    fs::remove_all(snapshot());
  }
  EXPECT_TRUE(moments.reached_the_end());
  // And the node is none the worse for it.
  take();
  EXPECT_FALSE(fs::exists(checkpoint_directory(folder_.data())));
  EXPECT_EQ(folder_.open()->tip(), BlockNum{kLength - 1});
}

TEST_F(SnapshotTest, ANodeKilledWhileItStartsFromOneIsWholeOrNone) {
  take();
  KillMoments moments;
  while (moments.has_more()) {
    const auto moment = moments.next();
    kill_during("Starts", second(), snapshot(), moment);
    const auto chain = ChainState::open(second());
    if (chain) {
      moments.was_done();
      EXPECT_EQ((*chain)->view()->tip_header().header, model_.tip());
    } else {
      EXPECT_TRUE(chain.error().code == "NotBootstrapped" ||
                  chain.error().code == "DataDirectoryMissing")
          << "killed after " << moment.count() << " us: " << chain.error().message;
    }
    fs::remove_all(second());
  }
  EXPECT_TRUE(moments.reached_the_end());
}

}  // namespace
}  // namespace miden
