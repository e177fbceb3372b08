// verify_chain DATA_DIRECTORY GENESIS_FILE: is what the node stored a valid chain from that
// genesis?
//
// Nothing of the node's own trees is believed: signatures, links and commitments are checked and
// every root is recomputed with whole trees in memory. Prints one line; exit status 1 names the
// first fault.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>

#include "chain/chain_state.hpp"
#include "merkle/mmr.hpp"
#include "merkle/smt.hpp"

namespace miden {
namespace {

class Verifier {
 public:
  explicit Verifier(SignedBlock genesis) : genesis_(std::move(genesis)) {}

  Result<void> add(const SignedBlock& block) {
    const BlockHeader& header = block.header;
    TRY(block.validate());
    if (parent_) {
      TRY(block.validate_parent(*parent_));
      if (header.validator_key != parent_->validator_key) return fail("Key", "the key changed");
    } else if (block != genesis_) {
      return fail("Genesis", "block 0 is not the genesis block given");
    }
    TRY(equal("chain_commitment", blocks_.peaks().hash(), header.chain_commitment));

    std::vector<SmtEntry> accounts;
    for (const BlockAccountUpdate& update : block.body.updated_accounts) {
      accounts.push_back({account_tree_key(update.account_id), update.final_commitment});
    }
    TRY(accounts_.update(accounts));
    TRY(equal("account_root", accounts_.root(), header.account_root));

    std::vector<SmtEntry> nullifiers;
    for (const Nullifier& nullifier : block.body.created_nullifiers) {
      if (!nullifiers_.get(nullifier.word).is_zero()) return fail("Nullifier", "spent twice");
      nullifiers.push_back({nullifier.word, nullifier_tree_value(header.block_num)});
    }
    TRY(nullifiers_.update(nullifiers));
    TRY(equal("nullifier_root", nullifiers_.root(), header.nullifier_root));

    blocks_.add(header.commitment());
    transactions_ += block.body.transactions.transactions.size();
    parent_ = header;
    return {};
  }

  size_t transactions() const { return transactions_; }

 private:
  static Result<void> equal(std::string_view what, const Word& computed, const Word& stated) {
    if (computed == stated) return {};
    return fail("Root", fmt::format("{}: computed {}, stated {}", what, computed.to_hex(),
                                    stated.to_hex()));
  }

  SignedBlock genesis_;
  std::optional<BlockHeader> parent_;
  Mmr blocks_;
  Smt accounts_;
  Smt nullifiers_;
  size_t transactions_ = 0;
};

Result<void> verify(const char* directory, const char* genesis_file) {
  std::ifstream in(genesis_file, std::ios::binary);
  const Bytes genesis(std::istreambuf_iterator<char>(in), {});
  Verifier verifier(TRY(from_bytes<SignedBlock>(genesis)));
  const auto chain = TRY(ChainState::open(directory));
  const auto view = chain->view();
  for (uint32_t number = 0; number <= view->tip().value; ++number) {
    const auto bytes = view->block({number});
    if (!bytes) return fail("Missing", fmt::format("block {} is missing", number));
    const auto added = verifier.add(TRY(from_bytes<SignedBlock>(*bytes)));
    if (!added) return fail("Invalid", fmt::format("block {}: {}", number, added.error().message));
  }
  fmt::print("{} blocks and {} transactions verify\n", view->tip().value + 1,
             verifier.transactions());
  return {};
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: verify_chain DATA_DIRECTORY GENESIS_FILE\n";
    return 2;
  }
  const auto verified = miden::verify(argv[1], argv[2]);
  if (!verified) {
    std::cerr << verified.error().message << '\n';
    return 1;
  }
  return 0;
}
