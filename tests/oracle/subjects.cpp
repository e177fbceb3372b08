#include "subjects.hpp"

#include "merkle/merkle_store.hpp"
#include "merkle/mmr.hpp"
#include "merkle/partial_smt.hpp"
#include "protocol/account_delta.hpp"
#include "protocol/batch.hpp"
#include "protocol/block.hpp"
#include "protocol/proposed_block.hpp"
#include "protocol/transaction_inputs.hpp"

namespace miden {
namespace {

using Words = std::vector<Word>;

Word limbs(Felt first, Felt second) { return {first, second, Felt(), Felt()}; }

Words words_of(const Word& it) { return {it}; }
Words words_of(const AccountId& it) { return {limbs(it.prefix(), it.suffix())}; }
Words words_of(const AssetVaultKey& it) { return {it.word()}; }
Words words_of(const FungibleAsset& it) { return {it.key().word(), it.value()}; }
Words words_of(const NonFungibleAsset& it) { return {it.key().word(), it.value}; }
Words words_of(const Asset& it) { return {it.key().word(), it.value()}; }
Words words_of(const PublicKey& it) { return {it.commitment()}; }

Words words_of(const NoteAttachment& it) { return {it.commitment()}; }
Words words_of(const NoteAttachments& it) { return {it.commitment()}; }
Words words_of(const NoteMetadata& it) { return {it.word(), it.commitment()}; }
Words words_of(const NoteHeader& it) { return {it.id().word}; }
Words words_of(const NoteAssets& it) { return {it.commitment()}; }
Words words_of(const NoteStorage& it) { return {it.commitment()}; }
Words words_of(const MastForest& it) {
  constexpr size_t kMaxWords = 200;
  Words digests;
  for (const uint32_t root : it.roots()) {
    if (digests.size() < kMaxWords) digests.push_back(it.digest_of(root).value());
  }
  return digests;
}
Words words_of(const NoteScript& it) { return {it.root().word}; }
Words words_of(const NoteRecipient& it) { return {it.digest()}; }
Words words_of(const NoteDetails& it) { return {it.commitment().word}; }
Words words_of(const Note& it) {
  return {it.id().word, it.nullifier().word, it.details().commitment().word,
          it.metadata().commitment()};
}
Words words_of(const PartialNote& it) { return {it.header().id().word}; }

Words words_of(const StorageSlotId& it) { return {limbs(it.prefix, it.suffix)}; }
Words words_of(const StorageSlotName& it) { return words_of(it.id()); }
Words words_of(const StorageMap& it) { return {it.root()}; }
Words words_of(const StorageSlot& it) { return {it.value()}; }
Words words_of(const StorageSlotHeader& it) { return {it.value}; }
Words words_of(const AccountStorageHeader& it) { return {it.commitment()}; }
Words words_of(const AccountStorage& it) { return {it.commitment()}; }
Words words_of(const AccountCode& it) { return {it.commitment()}; }
Words words_of(const AccountHeader& it) { return {it.commitment()}; }
Words words_of(const AssetVault& it) { return {it.root()}; }
Words words_of(const Account& it) { return {it.commitment(), it.initial_commitment()}; }
Words words_of(const AccountDelta& it) { return {it.commitment()}; }
Words words_of(const PartialVault& it) { return {it.tree.root()}; }
Words words_of(const PartialStorageMap& it) { return {it.tree.root()}; }
Words words_of(const PartialStorage& it) { return {it.header.commitment()}; }
Words words_of(const PartialAccount& it) { return {it.header().commitment()}; }

Words words_of(const SparseMerklePath& it) {
  return {it.compute_root(0, Word::of(1, 2, 3, 4)).value()};
}
Words words_of(const SmtLeaf& it) { return {it.hash()}; }
Words words_of(const SmtProof& it) { return {it.compute_root()}; }
Words words_of(const PartialSmt& it) { return {it.root()}; }
Words words_of(const PartialMmr& it) { return {it.peaks().hash()}; }

Words words_of(const InputNoteCommitments& it) { return {it.commitment()}; }
Words words_of(const OutputNote& it) { return {it.id().word}; }
Words words_of(const OutputNotes& it) { return {it.commitment()}; }
Words words_of(const ProvenTransaction& it) { return {it.id.word}; }
Words words_of(const TransactionHeader& it) { return {it.id.word}; }
Words words_of(const OrderedTransactionHeaders& it) { return {it.commitment()}; }
Words words_of(const InputNote& it) { return {it.note.id().word}; }
Words words_of(const TransactionInputs& it) {
  return {it.account.header().commitment(), it.block_header.commitment()};
}
Words words_of(const PartialBlockchain& it) { return {it.chain_commitment()}; }

Words words_of(const ProposedBatch& it) { return {it.id().word}; }
Words words_of(const ProvenBatch& it) { return {it.id.word, it.transactions.commitment()}; }
Words words_of(const OrderedBatches& it) { return {it.transactions().commitment()}; }

Words words_of(const BlockBody& it) {
  const Result<SimpleSmt> notes = block_note_tree(it.output_note_batches);
  return {it.transactions.commitment(), notes ? notes->root() : Word()};
}
Words words_of(const BlockHeader& it) { return {it.commitment(), it.sub_commitment()}; }
Words words_of(const SignedBlock& it) { return {it.header.commitment()}; }
Words words_of(const AccountWitness& it) { return {it.to_proof().compute_root()}; }
Words words_of(const ProposedBlock& it) {
  // The transaction kernel of 0.15.3: spec/types.md §16.
  static const Word kernel =
      Word::from_hex("0x8cd42f3f2c023c2632ceb982f3d3cf2952f5a1655915c9525a04b510c53fbd20").value();
  const auto block = it.build(kernel);
  return {block ? block->first.commitment() : Word()};
}

template <class T>
Words words_or_none(const T& value) {
  if constexpr (requires { words_of(value); }) {
    return words_of(value);
  } else {
    return {};
  }
}

template <class T>
Result<Answer> ask(ByteView input) {
  const T value = TRY(from_bytes<T>(input));
  return Answer{to_bytes(value), words_or_none(value)};
}

}  // namespace

const std::map<std::string_view, Ask>& subjects() {
  static const std::map<std::string_view, Ask> all{
      {"Felt", ask<Felt>},
      {"Word", ask<Word>},
      {"AccountId", ask<AccountId>},
      {"AssetVaultKey", ask<AssetVaultKey>},
      {"FungibleAsset", ask<FungibleAsset>},
      {"NonFungibleAsset", ask<NonFungibleAsset>},
      {"Asset", ask<Asset>},
      {"PublicKey", ask<PublicKey>},
      {"Signature", ask<Signature>},

      {"PartialNoteMetadata", ask<PartialNoteMetadata>},
      {"NoteAttachment", ask<NoteAttachment>},
      {"NoteAttachments", ask<NoteAttachments>},
      {"NoteMetadata", ask<NoteMetadata>},
      {"NoteHeader", ask<NoteHeader>},
      {"NoteAssets", ask<NoteAssets>},
      {"NoteStorage", ask<NoteStorage>},
      {"MastForest", ask<MastForest>},
      {"NoteScript", ask<NoteScript>},
      {"NoteRecipient", ask<NoteRecipient>},
      {"NoteDetails", ask<NoteDetails>},
      {"Note", ask<Note>},
      {"PartialNote", ask<PartialNote>},
      {"NoteInclusionProof", ask<NoteInclusionProof>},

      {"StorageSlotId", ask<StorageSlotId>},
      {"StorageSlotName", ask<StorageSlotName>},
      {"StorageMap", ask<StorageMap>},
      {"StorageSlot", ask<StorageSlot>},
      {"StorageSlotHeader", ask<StorageSlotHeader>},
      {"AccountStorageHeader", ask<AccountStorageHeader>},
      {"AccountStorage", ask<AccountStorage>},
      {"AccountCode", ask<AccountCode>},
      {"AccountHeader", ask<AccountHeader>},
      {"AssetVault", ask<AssetVault>},
      {"Account", ask<Account>},
      {"StorageMapDelta", ask<StorageMapDelta>},
      {"AccountStorageDelta", ask<AccountStorageDelta>},
      {"AccountVaultDelta", ask<AccountVaultDelta>},
      {"AccountDelta", ask<AccountDelta>},
      {"AccountUpdateDetails", ask<AccountUpdateDetails>},
      {"PartialVault", ask<PartialVault>},
      {"PartialStorageMap", ask<PartialStorageMap>},
      {"PartialStorage", ask<PartialStorage>},
      {"PartialAccount", ask<PartialAccount>},

      {"SparseMerklePath", ask<SparseMerklePath>},
      {"SmtLeaf", ask<SmtLeaf>},
      {"SmtProof", ask<SmtProof>},
      {"PartialSmt", ask<PartialSmt>},
      {"PartialMmr", ask<PartialMmr>},
      {"MerkleStore", ask<MerkleStore>},

      {"InputNoteCommitment", ask<InputNoteCommitment>},
      {"InputNoteCommitments", ask<InputNoteCommitments>},
      {"OutputNote", ask<OutputNote>},
      {"OutputNotes", ask<OutputNotes>},
      {"TxAccountUpdate", ask<TxAccountUpdate>},
      {"ExecutionProof", ask<ExecutionProof>},
      {"ProvenTransaction", ask<ProvenTransaction>},
      {"TransactionHeader", ask<TransactionHeader>},
      {"OrderedTransactionHeaders", ask<OrderedTransactionHeaders>},
      {"InputNote", ask<InputNote>},
      {"InputNotes", ask<InputNotes>},
      {"AdviceInputs", ask<AdviceInputs>},
      {"TransactionArgs", ask<TransactionArgs>},
      {"TransactionInputs", ask<TransactionInputs>},
      {"PartialBlockchain", ask<PartialBlockchain>},

      {"BatchAccountUpdate", ask<BatchAccountUpdate>},
      {"ProposedBatch", ask<ProposedBatch>},
      {"ProvenBatch", ask<ProvenBatch>},
      {"OrderedBatches", ask<OrderedBatches>},

      {"BlockAccountUpdate", ask<BlockAccountUpdate>},
      {"OutputNoteBatch", ask<OutputNoteBatch>},
      {"BlockBody", ask<BlockBody>},
      {"FeeParameters", ask<FeeParameters>},
      {"BlockHeader", ask<BlockHeader>},
      {"SignedBlock", ask<SignedBlock>},
      {"AccountWitness", ask<AccountWitness>},
      {"AccountUpdateWitness", ask<AccountUpdateWitness>},
      {"BlockInputs", ask<BlockInputs>},
      {"ProposedBlock", ask<ProposedBlock>},
  };
  return all;
}

}  // namespace miden
