#include "validator/genesis_block.hpp"

#include <fmt/format.h>

#include <set>

#include "merkle/mmr.hpp"
#include "merkle/smt.hpp"
#include "protocol/account_delta.hpp"

namespace miden {
namespace {

Result<BlockAccountUpdate> as_update(const Account& account) {
  AccountUpdateDetails details;
  if (account.id.is_public()) details.delta = TRY(AccountDelta::from_account(account));
  return BlockAccountUpdate{account.id, account.commitment(), std::move(details)};
}

}  // namespace

Result<SignedBlock> build_genesis_block(const GenesisConfig& config,
                                        const GenesisAccounts& accounts,
                                        const Word& tx_kernel_commitment, const SecretKey& key) {
  BlockBody body;
  std::set<Felt> prefixes;
  std::vector<SmtEntry> leaves;
  for (const GenesisAccount& generated : accounts.accounts) {
    const Account account = TRY(from_bytes<Account>(generated.account));
    if (!prefixes.insert(account.id.prefix()).second) {
      return fail("DuplicateIdPrefix", fmt::format("two genesis accounts share the id prefix of {}",
                                                   account.id.to_hex()));
    }
    auto update = as_update(account);
    if (!update) {
      return fail(update.error().code,
                  fmt::format("account {} cannot be part of a genesis block: {}",
                              account.id.to_hex(), update.error().message));
    }
    leaves.push_back({account_tree_key(account.id), update->final_commitment});
    body.updated_accounts.push_back(std::move(*update));
  }

  const Smt account_tree = TRY(Smt::from_entries(leaves));
  BlockHeader header{
      .version = config.version,
      .prev_block_commitment = Word(),
      .block_num = kGenesis,
      .chain_commitment = hash_peaks({}),
      .account_root = account_tree.root(),
      .nullifier_root = empty_subtree_root(kSmtDepth),
      .note_root = empty_subtree_root(kBlockNoteTreeDepth),
      .tx_commitment = Word(),
      .tx_kernel_commitment = tx_kernel_commitment,
      .validator_key = key.public_key(),
      .fee_parameters = {TRY(AccountId::from_wire(accounts.native_faucet_id)),
                         config.verification_base_fee},
      .timestamp = config.timestamp,
  };
  const Signature signature = key.sign(header.commitment());
  SignedBlock block{std::move(header), std::move(body), signature};
  TRY(block.validate());
  return block;
}

}  // namespace miden
