#include "accepted_differences.hpp"

#include <algorithm>
#include <array>

#include "merkle/smt_proof.hpp"
#include "protocol/asset.hpp"
#include "protocol/proposed_block.hpp"

namespace miden {
namespace {

// A difference is known by what the side that refuses says, so that it covers every type that
// contains the one at fault.
struct Difference {
  bool we_refuse;  // else the reference does
  std::string_view text;
  bool only_damaged;
  std::string_view reason;
};

constexpr std::array kDifferences{
    Difference{true, "has empty nodes beyond its length", true,
               "the reference reads a sparse path whose mask is longer than the path and panics "
               "when it uses it (spec/crypto.md §14, 3)"},
    Difference{true, "does not lead to its peak", true,
               "the reference reads a partial MMR without hashing its nodes; what it proves would "
               "be wrong (spec/crypto.md §14, 7)"},
    Difference{true, "lacks a sibling", true,
               "the reference reads a partial MMR whose tracked leaf lacks siblings and panics "
               "when it uses it (spec/types.md §17, 11)"},
    Difference{true, "contradicts a node above it", true,
               "the reference reads a partial MMR without hashing its nodes, though a node is not "
               "what its two children give"},
    Difference{false, "not found but is required", false,
               "the reference's reader of partial SMTs refuses what its writer wrote, where an "
               "opening of an absent key shares nodes with one of a present key "
               "(src/merkle/partial_smt_encoding.cpp)"},
};

constexpr std::string_view kZeroAmount =
    "the reference's vault of many assets keeps an amount of nothing in a leaf with other assets, "
    "and "
    "its root then depends on how the tree was built (spec/crypto.md §14, 6)";

Result<std::vector<Asset>> assets_of(const OracleCase& it) {
  ByteReader reader(it.input);
  if (it.name == "Account") TRY(AccountId::decode(reader));
  if (it.name != "Account" && it.name != "AssetVault") return {};
  return decode_vec<Asset>(reader);
}

bool zero_amount_shares_a_leaf(const OracleCase& it) {
  const Result<std::vector<Asset>> assets = assets_of(it);
  if (!assets) return false;
  return std::ranges::any_of(*assets, [&](const Asset& empty) {
    return empty.value().is_zero() && std::ranges::any_of(*assets, [&](const Asset& other) {
             return other != empty &&
                    leaf_index_of(other.key().word()) == leaf_index_of(empty.key().word());
           });
  });
}

constexpr std::string_view kUnbuilt =
    "the reference builds a block of a proposal with too short a chain, or with spent or missing "
    "nullifier witnesses (src/protocol/proposed_block.hpp)";

bool build_refuses_the_proposal(const OracleCase& it) {
  if (it.name != "ProposedBlock" || !it.is_damaged) return false;
  const auto block = from_bytes<ProposedBlock>(it.input);
  if (!block) return false;
  const auto built = block->build(Word());
  return !built &&
         (built.error().code == "ChainLengthNotEqualToPreviousBlockNumber" ||
          built.error().code == "NullifierProofMissing" || built.error().code == "NullifierSpent");
}

constexpr std::string_view kListedMore =
    "our writer of partial SMTs lists a node that the reference's reader builds in time by the "
    "order "
    "of its queue (src/merkle/partial_smt_encoding.cpp)";

bool lists_more_nodes(const OracleCase& it, const Answer& ours) {
  constexpr std::array<std::string_view, 6> kTypes{"PartialSmt",     "PartialVault",
                                                   "PartialStorage", "PartialStorageMap",
                                                   "PartialAccount", "TransactionInputs"};
  return std::ranges::count(kTypes, it.name) > 0 && ours.words == it.words &&
         ours.encoding.size() > it.encoding.size();
}

}  // namespace

std::string_view accepted_difference(const OracleCase& it, const Result<Answer>& ours) {
  if (ours.has_value() && it.is_accepted) {
    if (zero_amount_shares_a_leaf(it)) return kZeroAmount;
    if (build_refuses_the_proposal(it)) return kUnbuilt;
    return lists_more_nodes(it, *ours) ? kListedMore : "";
  }
  if (ours.has_value() == it.is_accepted) return {};
  const std::string_view refusal = ours ? as_string_view(it.encoding) : ours.error().message;
  for (const Difference& difference : kDifferences) {
    if (difference.we_refuse != ours.has_value() && refusal.contains(difference.text) &&
        (it.is_damaged || !difference.only_damaged)) {
      return difference.reason;
    }
  }
  return {};
}

}  // namespace miden
