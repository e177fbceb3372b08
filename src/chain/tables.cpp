#include "chain/tables.hpp"

#include <array>

namespace miden {

std::span<const TableSpec> chain_tables() {
  using enum TableSpec::Use;
  static constexpr std::array<TableSpec, kTableCount> kSpecs = {{
      {"meta", kRows},
      {"headers", kRows},
      {"blocks", kLargeValues},
      {"proofs", kLargeValues},
      {"proving_inputs", kLargeValues},
      {"chain_nodes", kRows},
      {"tree_nodes", kRows},
      {"accounts", kRows},
      {"history", kRows},
      {"retired", kLargeValues},
      {"account_codes", kRows},
      {"map_keys", kRows},
      {"vault_updates", kRows},
      {"vault_update_block", kRows},
      {"map_updates", kRows},
      {"map_update_block", kRows},
      {"notes", kRows},
      {"note_details", kRows},
      {"notes_by_id", kRows},
      {"notes_by_tag", kRows},
      {"notes_by_nullifier", kRows},
      {"note_scripts", kRows},
      {"nullifiers", kRows},
      {"transactions", kRows},
      {"journal", kRows},
  }};
  return kSpecs;
}

}  // namespace miden
