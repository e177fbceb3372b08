// What block production asks of the chain. spec/store-rpc.md §9, block-production.md §5, §9, §11
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "protocol/proposed_block.hpp"

namespace miden {

// The committed state that a transaction touches.
struct TransactionStanding {
  std::optional<Word> account_commitment;  // absent: no such account
  // False: the account is new and another one has its id's prefix; the rest is then empty.
  bool account_id_prefix_is_unique = true;
  std::vector<std::pair<Nullifier, std::optional<BlockNum>>>
      nullifiers;  // where spent, in order asked
  std::set<NoteId> found_unauthenticated_notes;
  BlockNum tip;
};

struct BatchInputs {
  BlockHeader reference_block;  // the tip
  PartialBlockchain blockchain;
  std::map<NoteId, NoteInclusionProof> note_proofs;
};

}  // namespace miden
