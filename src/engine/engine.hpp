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
#include <variant>
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
  std::vector<SourceModule> modules = {};     // linked statically, in order
  std::vector<Bytes> static_libraries = {};   // Library; their code becomes part of the result
  std::vector<Bytes> dynamic_libraries = {};  // Library; only called, execution must find it
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

// Where execution finds what it turns out to need, all as of one block. Called on a thread of the
// engine, one call at a time, while the caller of the engine waits; may block; may not call the
// engine. An answer is remembered for the rest of the engine's call. nullopt: there is no such
// thing.
class ExecutionSource {
 public:
  using AccountIdBytes = std::array<uint8_t, 15>;

  virtual ~ExecutionSource() = default;
  // AccountInputs of an account at the block.
  virtual Result<std::optional<Bytes>> foreign_account(const AccountIdBytes& account_id,
                                                       uint32_t ref_block_num) = 0;
  // AssetWitness for each key.
  virtual Result<std::vector<Bytes>> vault_witnesses(const AccountIdBytes& account_id,
                                                     const Word& vault_root,
                                                     const std::vector<Word>& vault_keys) = 0;
  // SmtProof of the hashed key; `key` is the raw one.
  virtual Result<Bytes> storage_map_witness(const AccountIdBytes& account_id, const Word& map_root,
                                            const Word& key) = 0;
  // NoteScript of a public output note's recipient; standard scripts are not asked for.
  virtual Result<std::optional<Bytes>> note_script(const Word& script_root) = 0;
};

struct NetworkExecutionRequest {
  Bytes partial_account;           // PartialAccount, with the account's code
  Bytes block_header;              // BlockHeader of the reference block
  Bytes partial_blockchain;        // PartialBlockchain up to it
  std::vector<Bytes> notes;        // Note, 1 to 20, consumed as unauthenticated
  uint32_t max_cycles = 1u << 29;  // 2^12 to 2^29, for each run
  Bytes args = {};                 // TransactionArgs; empty for the default ones
};
struct FailedNetworkNote {
  size_t index = 0;            // among the request's notes
  Error error;                 // of TransactionExecutorError
  bool source_failed = false;  // the source's fault, not the note's
  uint64_t cycles = 0;         // used, where the limit was the reason
};
struct ConsumedNetworkNote {
  size_t index = 0;
  uint64_t cycles = 0;
};
struct NetworkTransaction {
  Word id;
  Word final_account_commitment;
  uint64_t final_nonce = 0;
  uint32_t expiration_block_num = 0;
  uint64_t cycles = 0;
  Bytes inputs;         // TransactionInputs: what is proven and submitted
  Bytes account_delta;  // AccountDelta, the fee taken off
  Bytes header;         // TransactionHeader
};
struct NetworkExecution {
  std::vector<FailedNetworkNote> failed;
  std::vector<ConsumedNetworkNote> consumed;      // in the order of their execution
  std::optional<NetworkTransaction> transaction;  // none when every note failed
};

// What a client's transaction is made of; its account is at hand as a whole.
struct ClientExecutionRequest {
  Bytes account;                              // Account
  Bytes block_header;                         // BlockHeader of the reference block
  Bytes partial_blockchain;                   // PartialBlockchain up to it
  std::vector<Bytes> notes = {};              // Note, consumed as unauthenticated
  Bytes args = {};                            // TransactionArgs; empty for the default ones
  std::vector<Bytes> output_recipients = {};  // NoteRecipient of public notes that come out
  Bytes secret_key = {};                      // AuthSecretKey that signs; empty for none
};

// How an account authenticates its transactions.
struct SingleSignature {};  // Falcon512, with a key that comes from the account's seed
struct NetworkAuthentication {
  std::vector<Word> note_scripts;  // roots; at least one
  std::vector<Word> tx_scripts;    // roots
};
struct AccountComponent {
  Bytes library;             // Library, of assemble_component
  std::vector<Bytes> slots;  // StorageSlot
};
struct NewAccountSpec {
  std::array<uint8_t, 32> seed{};
  bool is_public = true;
  std::variant<SingleSignature, NetworkAuthentication> authentication;
  bool has_basic_wallet = false;  // the standard component that receives and sends assets
  std::vector<AccountComponent> components = {};
};
struct NewAccount {
  Bytes account;     // Account, nonce 0, with its seed
  Bytes secret_key;  // AuthSecretKey; empty for a network account
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

  // Does executing TransactionInputs end within so many cycles (2^12 to 2^29)? What else may be
  // wrong with them is not looked at. For whoever proves what strangers send: a cycle that is only
  // executed costs tens of nanoseconds, one that is proven ten kilobytes and more of memory.
  // Error: CycleLimitExceeded.
  virtual Result<void> check_cycles(ByteView tx_inputs, uint32_t max_cycles) const = 0;

  // TransactionInputs -> ProvenTransaction, Blake3 proof. Seconds of all cores and gigabytes of
  // memory: callers run one at a time, or as many as the engine was made for. Errors: the variants
  // of TransactionProverError.
  virtual Result<Bytes> prove_transaction(ByteView tx_inputs) const = 0;

  // ProposedBatch -> ProvenBatch, after verifying every transaction's proof.
  // Errors: TransactionVerificationFailed, whose message names the transaction's id;
  // InvalidBatchExpirationBlockNum.
  virtual Result<Bytes> prove_batch(ByteView proposed_batch) const = 0;

  // OrderedBatches ‖ BlockHeader ‖ BlockInputs -> BlockProof, which is empty in protocol 0.15.
  virtual Result<Bytes> prove_block(ByteView block_proof_request) const = 0;

  // Finds the notes that the account can consume, and consumes them in one transaction
  // (spec/ntx-builder.md §11–§14). Errors concern all notes: InputNoteCountOutOfRange,
  // TransactionPreparation, PrologueExecution, and the variants of TransactionExecutorError.
  virtual Result<NetworkExecution> execute_network_notes(const NetworkExecutionRequest& request,
                                                         ExecutionSource& source) const = 0;

  // Executes a client's transaction, whose inputs can then be proven and submitted. It may call no
  // foreign account. Errors: the variants of TransactionExecutorError; MissingAuthenticator without
  // a key where one is needed.
  virtual Result<NetworkTransaction> execute_client_transaction(
      const ClientExecutionRequest& request) const = 0;

  // An account that is on no chain yet; equal specs make equal accounts. Errors: Account,
  // NetworkAccountNoteAllowlist.
  virtual Result<NewAccount> build_account(const NewAccountSpec& spec) const = 0;

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
// process-wide pool that proving spreads over, 0 for one a core; so many `proofs_at_once` get their
// part of the threads each. The first call decides. Loads kernel and libraries at once, so that no
// request pays for it.
std::unique_ptr<Engine> make_reference_engine(unsigned threads, unsigned proofs_at_once = 1);

}  // namespace miden
