// The boundary to the virtual machine: verification, execution, proving, assembly, and the accounts
// of a genesis block. spec/engine.md Part 1.
//
// Bytes in, bytes out: every object is the reference's own serialization (spec/types.md), so a
// caller can hand over what came from the wire. Nothing above this folder may know which backend
// answers.
//
// Every function is safe from any number of threads at once, needs no particular stack size,
// returns what input can cause as an Error and never lets an exception or a foreign panic out.
// `Error.code` names the case, `Error.message` is the reference's text with its causes, one a line:
// "outer\ncaused by: inner\ncaused by: innermost", ready to be put into a gRPC status.
//
// Any function may fail with
//   DeserializationError   the bytes are not what they should be
//   EnginePanic            the backend gave up on these bytes (spec/engine.md §1.8); nothing is
//   damaged
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "crypto/word.hpp"

namespace miden {

struct EngineInfo {
  std::string backend;           // "reference"
  std::string protocol_version;  // of miden-protocol, "0.15.3"
  std::string vm_version;        // of miden-processor and its kin, "0.23.5"
  Word kernel_commitment;        // the block header's `tx_kernel_commitment`
  std::vector<Word> kernel_procedures;
  Word kernel_program_hash;  // of the program every transaction proof is about
};

// What a genesis configuration asks for (spec/node-and-validator.md §4.2); files are already read.
struct GenesisFaucet {
  std::string symbol;
  uint8_t decimals = 0;
  uint64_t max_supply = 0;  // in base units, whatever `decimals` says
  bool is_public = false;
};
struct GenesisAsset {
  std::string symbol;  // of a faucet defined above or of the native faucet
  uint64_t amount = 0;
};
struct GenesisWallet {
  bool is_public = false;
  std::vector<GenesisAsset> assets;
};
struct AccountFileSource {
  std::string path;  // for error texts only
  Bytes contents;    // of the .mac file
};
struct GenesisSpec {
  std::optional<AccountFileSource> native_faucet;  // none: MIDEN, 6 decimals, 10^17, public
  std::vector<GenesisFaucet> fungible_faucets;
  std::vector<GenesisWallet> wallets;
  std::vector<AccountFileSource> accounts;
  // Generated keys and ids come from this seed instead of the system's randomness: for tests.
  std::optional<std::array<uint8_t, 32>> seed;
};

struct GenesisAccount {
  Bytes account;  // Account
  // Set for generated accounts: name ("faucet_miden.mac", "wallet_0.mac") and contents of the file
  // that holds the account with its secret key.
  std::optional<std::string> file_name;
  Bytes account_file;
};
struct GenesisAccounts {
  std::vector<GenesisAccount> accounts;  // native faucet, faucets, wallets, account files
  std::array<uint8_t, 15> native_faucet_id{};
};

// What assembly sees besides the source: kernel, core, protocol and standards libraries are always
// there.
struct SourceModule {
  std::string path;  // "my::module"
  std::string source;
};
struct AssemblyContext {
  std::vector<SourceModule> modules;     // linked statically, in order
  std::vector<Bytes> static_libraries;   // Library; their code becomes part of the result
  std::vector<Bytes> dynamic_libraries;  // Library; only called, must be available at execution
};
struct AssembledScript {
  Bytes script;  // NoteScript or TransactionScript
  Word root;
};

// What a transaction did, from executing it again: what a validator compares and keeps.
struct ReexecutedTransaction {
  Bytes header;         // TransactionHeader: id's preimage, commitments, notes, fee
  Bytes account_delta;  // AccountDelta
  Bytes input_notes;    // InputNotes, private details included
  Bytes output_notes;   // RawOutputNotes
  uint32_t ref_block_num = 0;
};

enum class StandardNote : uint8_t { kP2id, kP2ide, kSwap, kPswap, kMint, kBurn };

class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineInfo info() const = 0;

  // ProvenTransaction: is its proof valid at 96 bits? About 2 ms on the calling thread.
  // Errors: TransactionVerificationFailed, InsufficientProofSecurityLevel.
  virtual Result<void> verify_transaction(ByteView proven_tx) const = 0;

  // TransactionInputs -> what executing them gives (spec/node-and-validator.md §8.2); the caller
  // compares `header` with the proven transaction's. Everything execution may ask for must be in
  // the inputs. Errors: the variants of TransactionExecutorError
  // (TransactionProgramExecutionFailed, MissingAuthenticator, ...).
  virtual Result<ReexecutedTransaction> reexecute_transaction(ByteView tx_inputs) const = 0;

  // TransactionInputs -> ProvenTransaction, Blake3 proof. Seconds of all cores and gigabytes of
  // memory: callers run one at a time. Errors: the variants of TransactionProverError.
  virtual Result<Bytes> prove_transaction(ByteView tx_inputs) const = 0;

  // ProposedBatch -> ProvenBatch, after verifying every transaction's proof.
  // Errors: TransactionVerificationFailed, whose message names the transaction's id;
  // InvalidBatchExpirationBlockNum.
  virtual Result<Bytes> prove_batch(ByteView proposed_batch) const = 0;

  // OrderedBatches ‖ BlockHeader ‖ BlockInputs -> BlockProof, which is empty in protocol 0.15.
  virtual Result<Bytes> prove_block(ByteView block_proof_request) const = 0;

  // All accounts of a genesis block, as the reference's bootstrap builds them (spec/node-and-
  // validator.md §4.3): keys generated, ids found, wallets filled, supplies set, nonces 1. Account
  // files are taken as they are. About a second for each generated account.
  // Errors, with the reference's texts: AccountFileRead, NativeFaucetNotFungible, TokenSymbol,
  // FungibleFaucet, Asset, DuplicateFaucetDefinition, MissingFaucetDefinition, AccountDelta,
  // IssuanceOverflow, MaxIssuanceExceeded, Account, BasicWallet, TokenPolicyManager.
  virtual Result<GenesisAccounts> build_genesis_accounts(const GenesisSpec& spec) const = 0;

  // Source texts -> code. Error: AssemblyFailed, whose message is the assembler's report.
  virtual Result<AssembledScript> assemble_note_script(std::string_view source,
                                                       const AssemblyContext& context) const = 0;
  virtual Result<AssembledScript> assemble_transaction_script(
      std::string_view source, const AssemblyContext& context) const = 0;
  // Library: the code of an account component, or of modules to link elsewhere.
  virtual Result<Bytes> assemble_component(std::string_view path, std::string_view source,
                                           const AssemblyContext& context) const = 0;
  virtual Result<Bytes> assemble_library(std::string_view path, std::string_view source,
                                         const AssemblyContext& context) const = 0;

  // NoteScript and root of a note kind that every network knows.
  virtual AssembledScript standard_note_script(StandardNote kind) const = 0;
};

// The published Rust crates behind a C ABI (engine/reference). `threads` is the size of the
// process-wide pool that proving spreads over, 0 for one a core; the first call decides. Loads
// kernel and libraries at once, so that no request pays for it (about a second).
std::unique_ptr<Engine> make_reference_engine(unsigned threads);

}  // namespace miden
