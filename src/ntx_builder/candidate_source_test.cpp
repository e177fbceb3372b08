// What execution asks for, answered by a real node over a random chain, and checked against the
// model that made the chain.
#include "ntx_builder/candidate_source.hpp"

#include <gmock/gmock.h>

#include "rpc/test_support/served_chain.hpp"
#include "telemetry/log.hpp"

namespace miden {
namespace {

using ::testing::HasSubstr;

constexpr uint64_t kSeed = 77;
constexpr size_t kLargeVault = 1500;  // more than one answer of GetAccount holds

Account account_with_large_vault() {
  std::vector<Asset> assets;
  for (uint64_t i = 0; i < kLargeVault; ++i) {
    assets.push_back(
        {NonFungibleAsset{public_account(10'000 + i), word(i + 1), AssetCallbacks::kDisabled}});
  }
  return {public_account(7777),      AssetVault::from_assets(assets).value(),
          *AccountStorage::make({}), account_code(),
          Felt::from_canonical(1),   std::nullopt};
}

class CandidateSourceTest : public testing::Test {
 protected:
  CandidateSourceTest()
      : model_(kSeed),
        large_(account_with_large_vault()),
        tip_{model_.tip(), model_.tip().commitment(), {}} {
    configure_log({.level = LogLevel::kOff});
    directory_.bootstrap(model_.blocks.front());
    chain_ = directory_.open();
    for (int i = 0; i < 5; ++i) apply(*chain_, model_.next());
    BlockBody body;
    body.updated_accounts.push_back(
        {large_.id, large_.commitment(), {*AccountDelta::from_account(large_)}});
    model_.state.accounts.insert_or_assign(large_.id, large_);
    apply(*chain_, model_.append(std::move(body)));

    RpcOptions options;
    options.listen = *SocketAddress::parse("127.0.0.1:0");
    options.version = "0.15.2";
    options.rate_limit.burst = 100'000;
    server_ =
        RpcServer::start(options, {chain_.get(), &verifier_, &submitter_, &producer_, nullptr})
            .value();
    const Word genesis = model_.blocks.front().header.commitment();
    node_ = std::make_unique<NodeClient>(NodeClientOptions{
        .url = *ServiceUrl::parse("http://127.0.0.1:" + std::to_string(server_->port())),
        .genesis_commitment = genesis,
        .network_tx_auth = std::nullopt,
        .patience = std::chrono::milliseconds(100)});
    EXPECT_TRUE(BuilderState::bootstrap(directory_.root() / "builder", model_.blocks.front()));
    state_ = BuilderState::open(directory_.root() / "builder", {.synced = false}).value();
    tip_ = {model_.tip(), model_.tip().commitment(), {}};
  }
  ~CandidateSourceTest() override { configure_log({}); }

  const Account& native() const { return model_.state.accounts.begin()->second; }
  CandidateSource source() { return {tip_, native(), *state_, *node_, {}}; }
  uint32_t tip_num() const { return tip_.header.block_num.value; }

  static void expect_opens(const std::vector<Bytes>& witnesses, const AssetVault& vault,
                           const std::vector<Word>& keys) {
    ASSERT_EQ(witnesses.size(), keys.size());
    for (size_t i = 0; i < keys.size(); ++i) {
      const auto proof = from_bytes<SmtProof>(witnesses[i]);
      ASSERT_TRUE(proof) << proof.error().message;
      EXPECT_EQ(proof->compute_root(), vault.root());
      EXPECT_EQ(proof->value_of(keys[i]), vault.tree().get(keys[i]));
    }
  }
  // Some that it has, and one that it has not.
  static std::vector<Word> some_keys(const AssetVault& vault) {
    std::vector<Word> keys{
        AssetVaultKey::fungible(public_account(1234), AssetCallbacks::kDisabled).word()};
    for (const Asset& asset : vault.assets()) {
      if (keys.size() < 20) keys.push_back(asset.key().word());
    }
    return keys;
  }

  SimulatedChain model_;
  const Account large_;
  ChainDirectory directory_;
  std::unique_ptr<ChainState> chain_;
  TransactionVerifier verifier_{std::make_shared<ProofJudge>()};
  FakeSubmitter submitter_;
  FakeProducer producer_;
  std::unique_ptr<RpcServer> server_;
  std::unique_ptr<NodeClient> node_;
  std::unique_ptr<BuilderState> state_;
  ChainTip tip_;
};

TEST_F(CandidateSourceTest, GivesForeignAccountsAsTheReferenceBlockHasThem) {
  CandidateSource source = this->source();
  ASSERT_GT(model_.state.accounts.size(), 5u);
  for (const auto& [id, account] : model_.state.accounts) {
    const auto answer = source.foreign_account(id.to_wire(), tip_num());
    ASSERT_TRUE(answer) << answer.error().message;
    ASSERT_TRUE(*answer);
    ByteReader reader(**answer);
    const auto partial = PartialAccount::decode(reader);
    ASSERT_TRUE(partial) << partial.error().message;
    EXPECT_EQ(partial->header(), account.header());
    EXPECT_EQ(partial->code, account.code);
    EXPECT_EQ(partial->vault.tree.root(), account.vault.root());
    EXPECT_TRUE(partial->storage.maps.empty());
    const auto witness = AccountWitness::decode(reader);
    ASSERT_TRUE(witness) << witness.error().message;
    EXPECT_EQ(witness->to_proof().compute_root(), tip_.header.account_root);
    EXPECT_EQ(witness->commitment, account.commitment());
    EXPECT_EQ(reader.remaining(), 0u);
  }
  EXPECT_TRUE(source.failure().empty());
}

TEST_F(CandidateSourceTest, KnowsWhatDoesNotExistFromANodeThatFails) {
  CandidateSource source = this->source();
  const auto is_absent = [](const Result<std::optional<Bytes>>& answer) {
    return answer && !answer->has_value();
  };
  EXPECT_TRUE(is_absent(source.foreign_account(public_account(31337).to_wire(), tip_num())));
  EXPECT_TRUE(is_absent(source.foreign_account(private_account(1).to_wire(), tip_num())));
  EXPECT_TRUE(is_absent(source.note_script(word(31337))));
  EXPECT_TRUE(source.failure().empty());

  // A block that the node does not have (yet).
  tip_.header.block_num.value += 1;
  const auto late = source.foreign_account(public_account(31337).to_wire(), tip_num());
  EXPECT_FALSE(late);
  EXPECT_FALSE(source.failure().empty());

  CandidateSource after = this->source();
  server_->shutdown(std::chrono::milliseconds(0));
  EXPECT_FALSE(after.foreign_account(large_.id.to_wire(), tip_num()));
  EXPECT_THAT(after.failure(), HasSubstr("UNAVAILABLE"));
  EXPECT_FALSE(after.is_overdrawn());
}

TEST_F(CandidateSourceTest, DoesNotWaitAgainAndAgainForANodeThatIsAway) {
  server_->shutdown(std::chrono::milliseconds(0));
  CandidateSource source = this->source();
  const auto started = std::chrono::steady_clock::now();
  for (uint64_t n = 0; n < 50; ++n) {
    EXPECT_FALSE(source.foreign_account(public_account(40'000 + n).to_wire(), tip_num()));
  }
  // Each question alone is given 100 ms.
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(2));
  EXPECT_FALSE(source.is_overdrawn());
}

TEST_F(CandidateSourceTest, BelievesNoStateOfAnotherChain) {
  tip_.header.account_root = word(3);
  CandidateSource source = this->source();
  EXPECT_FALSE(source.foreign_account(large_.id.to_wire(), tip_num()));
  EXPECT_THAT(source.failure(), HasSubstr("is not that of block"));
}

TEST_F(CandidateSourceTest, OpensVaultsHoweverLarge) {
  CandidateSource source = this->source();
  for (const auto& [id, account] : model_.state.accounts) {
    const std::vector<Word> keys = some_keys(account.vault);
    const auto witnesses = source.vault_witnesses(id.to_wire(), account.vault.root(), keys);
    ASSERT_TRUE(witnesses) << witnesses.error().message;
    expect_opens(*witnesses, account.vault, keys);
    EXPECT_FALSE(source.vault_witnesses(id.to_wire(), word(3), keys));
  }
  // The account's own needs no node.
  server_->shutdown(std::chrono::milliseconds(0));
  CandidateSource own = this->source();
  EXPECT_TRUE(
      own.vault_witnesses(native().id.to_wire(), native().vault.root(), some_keys(native().vault)));
}

TEST_F(CandidateSourceTest, OpensStorageMaps) {
  CandidateSource source = this->source();
  size_t opened = 0;
  for (const auto& [id, account] : model_.state.accounts) {
    if (id != native().id) source.foreign_account(id.to_wire(), tip_num()).value();
    for (const StorageSlot& slot : account.storage.slots()) {
      const auto* map = std::get_if<StorageMap>(&slot.content);
      if (map == nullptr) continue;
      std::vector<StorageMapKey> keys{StorageMapKey(word(999'999))};
      if (!map->entries().empty()) keys.push_back(map->entries().begin()->first);
      for (const StorageMapKey& key : keys) {
        const auto bytes = source.storage_map_witness(id.to_wire(), map->root(), key.word);
        ASSERT_TRUE(bytes) << bytes.error().message;
        const auto proof = from_bytes<SmtProof>(*bytes);
        ASSERT_TRUE(proof) << proof.error().message;
        EXPECT_EQ(proof->compute_root(), map->root());
        const Word leaf_key = storage_map_leaf_key(key);
        EXPECT_EQ(proof->value_of(leaf_key), map->tree().get(leaf_key));
        ++opened;
      }
      if (source.is_overdrawn()) return;
    }
  }
  EXPECT_GT(opened, 20u);
  EXPECT_FALSE(source.storage_map_witness(large_.id.to_wire(), word(3), word(4)));
}

TEST_F(CandidateSourceTest, FindsScriptsOfEarlierNotesAndKeepsThem) {
  const Note* known = nullptr;
  for (const ModelNote& note : model_.notes) {
    if (note.note.public_note() != nullptr) known = note.note.public_note();
  }
  ASSERT_NE(known, nullptr);
  const NoteScript& script = known->details().recipient.script;
  const auto first = source().note_script(script.root().word);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ(from_bytes<NoteScript>(**first)->root(), script.root());
  server_->shutdown(std::chrono::milliseconds(0));
  const auto again = source().note_script(script.root().word);
  ASSERT_TRUE(again);
  EXPECT_EQ(**again, **first);
}

TEST_F(CandidateSourceTest, AnswersALimitedNumberOfQuestions) {
  CandidateSource source = this->source();
  size_t answered = 0;
  while (answered < 1000 &&
         source.foreign_account(public_account(40'000 + answered).to_wire(), tip_num())) {
    ++answered;
  }
  EXPECT_EQ(answered, 100u);
  EXPECT_TRUE(source.is_overdrawn());
}

}  // namespace
}  // namespace miden
