// Does a forest's code have the digests it claims? spec/crypto.md §13.3, §13.6.
#include "crypto/poseidon2.hpp"
#include "protocol/mast_block.hpp"
#include "protocol/mast_forest.hpp"
#include "protocol/mast_sections.hpp"

namespace miden {
namespace {

constexpr Felt kJoinDomain = Felt::from_canonical(0x57);
constexpr Felt kSplitDomain = Felt::from_canonical(0x54);
constexpr Felt kLoopDomain = Felt::from_canonical(0x55);
constexpr Felt kCallDomain = Felt::from_canonical(0x6c);
constexpr Felt kSyscallDomain = Felt::from_canonical(0x68);
constexpr Felt kDynDomain = Felt::from_canonical(0x58);
constexpr Felt kDyncallDomain = Felt::from_canonical(0x5c);

}  // namespace

Result<void> MastForest::validate() const {
  ByteReader reader(*bytes_);
  const MastSections sections = TRY(MastSections::read(reader));
  BasicBlockReader blocks(sections.blocks);
  std::vector<Felt> groups;
  const Word dyn = merge_in_domain(Word(), Word(), kDynDomain);
  const Word dyncall = merge_in_domain(Word(), Word(), kDyncallDomain);

  for (uint32_t node = 0; node < node_count(); ++node) {
    const MastNodeEntry entry = sections.entry(node);
    if ((entry.child_count() > 0 && entry.first >= node) ||
        (entry.child_count() > 1 && entry.second >= node)) {
      return fail("ForwardReference", "MAST node " + std::to_string(node) +
                                          " refers to a node that does not come before it");
    }
    Word digest;
    switch (entry.kind) {
      case MastNodeKind::kJoin:
        digest = merge_in_domain(digests_[entry.first], digests_[entry.second], kJoinDomain);
        break;
      case MastNodeKind::kSplit:
        digest = merge_in_domain(digests_[entry.first], digests_[entry.second], kSplitDomain);
        break;
      case MastNodeKind::kLoop:
        digest = merge_in_domain(digests_[entry.first], Word(), kLoopDomain);
        break;
      case MastNodeKind::kCall:
        digest = merge_in_domain(digests_[entry.first], Word(), kCallDomain);
        break;
      case MastNodeKind::kSyscall:
        digest = merge_in_domain(digests_[entry.first], Word(), kSyscallDomain);
        break;
      case MastNodeKind::kDyn:
        digest = dyn;
        break;
      case MastNodeKind::kDyncall:
        digest = dyncall;
        break;
      case MastNodeKind::kExternal:
        continue;  // nothing here can confirm it
      case MastNodeKind::kBlock: {
        const BasicBlock block = TRY(blocks.read(entry.first));
        groups.clear();
        TRY(blocks.append_groups(block, groups));
        digest = hash_elements(groups);
        break;
      }
    }
    if (digest != digests_[node]) {
      return fail("HashMismatch", "MAST node " + std::to_string(node) + " has digest " +
                                      digest.to_hex() + ", not " + digests_[node].to_hex());
    }
  }
  return {};
}

}  // namespace miden
