#include "questions.hpp"

namespace miden {

Result<ChainContent> ChainContent::of(std::vector<SignedBlock> blocks, BlockNum proven_tip) {
  ChainContent content;
  content.proven_tip = proven_tip;
  for (const SignedBlock& block : blocks) {
    const BlockNum block_num = block.header.block_num;
    for (const BlockAccountUpdate& update : block.body.updated_accounts) {
      SeenAccount& seen = content.accounts[update.account_id];
      seen.changed_at.push_back(block_num);
      if (!update.details.delta) continue;
      if (update.details.delta->is_full_state()) {
        seen.public_state = TRY(update.details.delta->to_account());
      } else if (seen.public_state) {
        TRY(seen.public_state->apply(*update.details.delta));
      }
    }
    for (const OutputNoteBatch& batch : block.body.output_note_batches) {
      for (const auto& [index, note] : batch.notes) content.notes.push_back({block_num, note});
    }
    for (const Nullifier& nullifier : block.body.created_nullifiers) {
      content.nullifiers.emplace_back(block_num, nullifier);
    }
  }
  content.blocks = std::move(blocks);
  return content;
}

void QuestionList::add(std::string_view method, const google::protobuf::Message& request) {
  questions_.push_back({.group = std::string(method),
                        .path = "/rpc.Api/" + std::string(method),
                        .body = request.SerializeAsString()});
}

}  // namespace miden
