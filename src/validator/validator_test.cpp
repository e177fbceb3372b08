#include "validator/validator.hpp"

#include "protocol/transaction_inputs.hpp"
#include "validator/test_support/signing_world.hpp"
#include "validator/validate_transaction.hpp"

namespace miden {
namespace {

std::string message_of(const Answer<SignedCommitment>& answer) {
  return answer ? "signed" : answer.error().message;
}
std::string message_of(const Answer<>& answer) { return answer ? "ok" : answer.error().message; }

TEST(Validator, SignsTheBlockItIsAskedFor) {
  SigningWorld world;
  const ProposedBlock proposal = world.chain.propose();
  const auto answer = world.validator->sign(to_bytes(proposal));
  ASSERT_TRUE(answer) << answer.error().message;
  const BlockHeader header = ProposingChain::header_of(proposal);
  EXPECT_EQ(answer->block_commitment, header.commitment());
  EXPECT_EQ(answer->signature, validator_secret().sign(header.commitment()));
  EXPECT_EQ(world.validator->tip(), BlockNum{1});

  const SignedBlock kept = from_bytes<SignedBlock>(*world.validator->block({1})).value();
  EXPECT_EQ(kept.header, header);
  EXPECT_EQ(code_of(kept.validate()), "ok");
}

TEST(Validator, SignsABlockAfterTheOther) {
  SigningWorld world;
  for (uint32_t block_num = 1; block_num <= 20; ++block_num) {
    world.sign_next();
    ASSERT_EQ(world.validator->tip(), BlockNum{block_num});
    if (block_num % 7 == 0) world.restart({});
  }
  EXPECT_EQ(world.validator->standing().signed_blocks, 21u);
}

TEST(Validator, GivesTheSameSignatureForTheSameBlockAgain) {
  SigningWorld world;
  world.sign_next();
  const Bytes proposal = to_bytes(world.chain.propose());
  const auto first = world.validator->sign(proposal);
  const auto second = world.validator->sign(proposal);
  world.restart({});
  const auto third = world.validator->sign(proposal);
  ASSERT_TRUE(first && second && third);
  EXPECT_EQ(first->signature, second->signature);
  EXPECT_EQ(first->signature, third->signature);
  EXPECT_EQ(world.validator->standing().signed_blocks, 3u);
}

TEST(Validator, SignsNoSecondBlockAtAHeightUnlessAllowed) {
  SigningWorld world;
  const ProposedBlock first = world.chain.propose(1);
  const ProposedBlock second = world.chain.propose(2);
  ASSERT_TRUE(world.validator->sign(to_bytes(first)));
  const Bytes kept = world.validator->block({1}).value();
  const auto refused = world.validator->sign(to_bytes(second));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.error().message,
            "Failed to validate block: \ncaused by: block 1 was already signed with commitment " +
                ProposingChain::header_of(first).commitment().to_hex() +
                "; signing a different one needs the validator's --allow-tip-replacement");
  EXPECT_EQ(world.validator->block({1}), kept);

  world.restart({.allow_tip_replacement = true});
  const auto replaced = world.validator->sign(to_bytes(second));
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_EQ(replaced->block_commitment, ProposingChain::header_of(second).commitment());
  EXPECT_EQ(from_bytes<SignedBlock>(*world.validator->block({1}))->header,
            ProposingChain::header_of(second));
  EXPECT_EQ(world.validator->standing().signed_blocks, 2u);
}

TEST(Validator, NeverReplacesABlockBelowTheTip) {
  SigningWorld world({.allow_tip_replacement = true});
  const Bytes stale = to_bytes(world.chain.propose(5));
  world.sign_next();
  world.sign_next();
  EXPECT_EQ(message_of(world.validator->sign(stale)),
            "Failed to validate block: \ncaused by: block number mismatch: expected 3, got 1");
  EXPECT_EQ(world.validator->tip(), BlockNum{2});
}

TEST(Validator, RefusesBytesThatAreNoProposal) {
  SigningWorld world;
  const Bytes proposal = to_bytes(world.chain.propose());
  for (size_t size = 0; size < proposal.size(); size += 13) {
    const auto answer = world.validator->sign(ByteView(proposal).first(size));
    ASSERT_FALSE(answer) << size;
    EXPECT_EQ(answer.error().code, StatusCode::kInvalidArgument);
    EXPECT_TRUE(
        answer.error().message.starts_with("Failed to deserialize proposed block: \ncaused by: "));
  }
  EXPECT_EQ(world.validator->tip(), kGenesis);
}

// Of all that one bit can change, only the timestamp is the proposer's to choose.
TEST(Validator, SurvivesDamagedProposalsAndSignsNothingElse) {
  SigningWorld world({.allow_tip_replacement = true});
  const ProposedBlock whole = world.chain.propose();
  const Bytes proposal = to_bytes(whole);
  size_t accepted = 0;
  for (size_t at = 0; at < proposal.size(); ++at) {
    Bytes damaged = proposal;
    damaged[at] ^= static_cast<uint8_t>(1U << (at % 8));
    if (!world.validator->sign(damaged)) continue;
    ++accepted;
    ProposedBlock read = from_bytes<ProposedBlock>(damaged).value();
    read.timestamp = whole.timestamp;
    EXPECT_EQ(to_bytes(read), proposal) << "byte " << at;
  }
  EXPECT_LE(accepted, 4u);
  EXPECT_TRUE(world.validator->sign(proposal));
}

TEST(Validator, RefusesAKeyThatIsNotTheChains) {
  SigningWorld world;
  world.validator.reset();
  const auto made =
      Validator::make(ValidatorStore::open(world.store_directory()).value(),
                      *SecretKey::from_hex(std::string(63, '0') + "8"), test_engine(), {});
  EXPECT_EQ(code_of(made), "ValidatorKeyMismatch");
  EXPECT_NE(made.error().message.find(to_hex(validator_secret().public_key().to_wire())),
            std::string::npos);
  world.restart({});
}

// A real transaction: what it was made from, what was proven, and the block it refers to.
struct RealTransaction {
  explicit RealTransaction(const std::string& name)
      : proven(engine_fixture(name + ".proven")),
        inputs(engine_fixture(name + ".inputs")),
        transaction(from_bytes<ProvenTransaction>(proven).value()),
        reference(from_bytes<TransactionInputs>(inputs).value().block_header) {}

  Result<ReexecutedTransaction> validate(ByteView proven_tx, ByteView tx_inputs) const {
    return validate_transaction(*test_engine(), transaction, proven_tx, tx_inputs, known());
  }
  std::function<std::optional<BlockHeader>(BlockNum)> known() const {
    return [this](BlockNum num) -> std::optional<BlockHeader> {
      if (num != reference.block_num) return std::nullopt;
      return reference;
    };
  }

  Bytes proven;
  Bytes inputs;
  ProvenTransaction transaction;
  BlockHeader reference;
};

TEST(ValidateTransaction, AcceptsWhatTheReferenceProved) {
  for (const std::string name : {"falcon", "ecdsa"}) {
    const RealTransaction real(name);
    const auto executed = real.validate(real.proven, real.inputs);
    ASSERT_TRUE(executed) << executed.error().message;
    EXPECT_EQ(executed->account_delta, engine_fixture(name + ".delta"));
    EXPECT_EQ(executed->input_notes, engine_fixture(name + ".input_notes"));
    EXPECT_EQ(executed->output_notes, engine_fixture(name + ".output_notes"));
  }
}

TEST(ValidateTransaction, RefusesAReferenceBlockThatIsNotOnItsChain) {
  const RealTransaction real("ecdsa");
  const auto none = [](BlockNum) -> std::optional<BlockHeader> { return std::nullopt; };
  EXPECT_EQ(code_of(validate_transaction(*test_engine(), real.transaction, real.proven, real.inputs,
                                         none)),
            "UnknownReferenceBlock");
  const auto forked = [&](BlockNum) -> std::optional<BlockHeader> {
    BlockHeader header = real.reference;
    header.timestamp += 1;
    return header;
  };
  EXPECT_EQ(code_of(validate_transaction(*test_engine(), real.transaction, real.proven, real.inputs,
                                         forked)),
            "UnknownReferenceBlock");
}

TEST(ValidateTransaction, RefusesAProofOfSomethingElse) {
  const RealTransaction real("ecdsa");
  Bytes damaged = real.proven;
  damaged[damaged.size() - 30'000] ^= 4;
  const auto answer = real.validate(damaged, real.inputs);
  EXPECT_EQ(code_of(answer), "ProofVerificationFailed");
  EXPECT_TRUE(message_of(answer).starts_with("transaction proof verification failed\ncaused by: "))
      << message_of(answer);
}

TEST(ValidateTransaction, RefusesInputsOfAnotherTransaction) {
  const RealTransaction real("ecdsa");
  EXPECT_EQ(message_of(real.validate(real.proven, RealTransaction("falcon").inputs)),
            "re-executed transaction did not match the provided proven transaction");
}

TEST(ValidateTransaction, RefusesInputsThatDoNotExecute) {
  const RealTransaction real("ecdsa");
  EXPECT_EQ(code_of(real.validate(real.proven, {})), "InvalidInputs");
  EXPECT_EQ(
      code_of(real.validate(real.proven, ByteView(real.inputs).first(real.inputs.size() / 2))),
      "InvalidInputs");
  for (size_t at = 100; at < real.inputs.size(); at += real.inputs.size() / 40) {
    Bytes damaged = real.inputs;
    damaged[at] ^= 1;
    const std::string code = code_of(real.validate(real.proven, damaged));
    EXPECT_TRUE(code == "ok" || code == "InvalidInputs" || code == "ReexecutionFailed" ||
                code == "Mismatch")
        << code << " at " << at;
  }
  const auto failed = real.validate(real.proven, engine_fixture("panics.inputs"));
  EXPECT_TRUE(message_of(failed).starts_with("failed to re-executed the transaction\ncaused by: "))
      << message_of(failed);
}

// A validator whose chain holds the blocks that the fixtures refer to, below blocks of its own.
struct SubmissionWorld {
  SubmissionWorld() {
    ValidatorStore::create(folder / "store", genesis_without_accounts()).value();
    auto store = ValidatorStore::open(folder / "store").value();
    store->put_block({ecdsa.reference, {}, validator_secret().sign(word(1))});
    store->put_block(stored_block(ecdsa.reference.block_num.value + 1));
    validator = Validator::make(std::move(store), validator_secret(), test_engine(), {}).value();
  }
  TestFolder folder;
  RealTransaction ecdsa{"ecdsa"};
  std::unique_ptr<Validator> validator;
};

TEST(Submit, RemembersAValidTransactionOnce) {
  SubmissionWorld world;
  EXPECT_EQ(message_of(world.validator->submit(world.ecdsa.proven, world.ecdsa.inputs)), "ok");
  EXPECT_EQ(world.validator->standing().validated_transactions, 1u);
  EXPECT_EQ(message_of(world.validator->submit(world.ecdsa.proven, world.ecdsa.inputs)), "ok");
  EXPECT_EQ(world.validator->standing().validated_transactions, 1u);
}

// spec/node-and-validator.md §8.2: the texts that a submitter reads.
TEST(Submit, RefusesWithTheReferencesTexts) {
  SubmissionWorld world;
  const auto refusal = [&](ByteView proven, std::optional<ByteView> inputs) {
    const Answer<> answer = world.validator->submit(proven, inputs);
    EXPECT_FALSE(answer);
    EXPECT_EQ(answer.error().code, StatusCode::kInvalidArgument);
    return answer.error().message;
  };
  const auto starts = [](const std::string& text, const std::string& start) {
    EXPECT_TRUE(text.starts_with(start)) << text;
  };
  const Bytes garbage(100, 0xff);
  starts(refusal(garbage, world.ecdsa.inputs), "Invalid proven transaction: \ncaused by: ");
  EXPECT_EQ(refusal(world.ecdsa.proven, std::nullopt), "Missing transaction inputs");
  starts(refusal(world.ecdsa.proven, garbage), "Invalid transaction inputs: \ncaused by: ");
  Bytes damaged = world.ecdsa.proven;
  damaged[damaged.size() - 30'000] ^= 4;
  starts(refusal(damaged, world.ecdsa.inputs),
         "Invalid transaction: \ncaused by: transaction proof verification failed\ncaused by: ");
  EXPECT_EQ(refusal(world.ecdsa.proven, engine_fixture("falcon.inputs")),
            "Invalid transaction: \ncaused by: re-executed transaction did not match the provided "
            "proven transaction");
  EXPECT_EQ(world.validator->standing().validated_transactions, 0u);
}

}  // namespace
}  // namespace miden
