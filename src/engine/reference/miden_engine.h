/* The C side of the reference engine: what src/lib.rs exports. Only reference_*.cpp use it.
 *
 * Inputs are borrowed for the call. Every function fills one reply, which me_reply_free gives back;
 * replies own all the memory that crosses. All functions may be called from any number of threads. */
#ifndef MIDEN_ENGINE_REFERENCE_H
#define MIDEN_ENGINE_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct me_slice {
  const uint8_t* ptr;
  size_t len;
} me_slice;

typedef struct me_buf {
  uint8_t* ptr;
  size_t len;
  size_t capacity;
} me_buf;

/* status: 0 for success, else the number of spec/engine.md §1.6.
 * name: of the error's case; static for the life of the process; empty on success.
 * bytes: the result, or the error's text (UTF-8).
 * payload: what belongs to an error beside its text: the summary an unauthorized transaction asks to
 * be signed, the id of the transaction a batch failed on. */
typedef struct me_reply {
  int32_t status;
  me_slice name;
  me_buf bytes;
  me_buf payload;
} me_reply;

/* Builds the thread pool (0: one thread a core) and, for more than one proof at once, a pool for each
 * of them with its part of the threads; the first call decides. Loads kernel and libraries. */
void me_init(uint32_t threads, uint32_t proofs_at_once);
void me_reply_free(me_reply* reply);

/* string protocol version ‖ string VM version ‖ kernel commitment ‖ vec of kernel procedure roots ‖
 * kernel program hash */
void me_info(me_reply* reply);

void me_tx_verify(me_slice proven_tx, uint32_t min_security_bits, me_reply* reply);
/* ProgramInfo, 16 felts, 16 felts, ExecutionProof -> u32 security bits ‖ precompile digest */
void me_vm_verify(me_slice program_info, me_slice stack_inputs, me_slice stack_outputs,
                  me_slice proof, me_reply* reply);
/* length-prefixed header, account delta, input notes, output notes ‖ u32 reference block */
void me_tx_reexecute(me_slice tx_inputs, me_reply* reply);
/* An error, CycleLimitExceeded, when executing takes more; what else may be wrong is not looked at */
void me_tx_check_cycles(me_slice tx_inputs, uint32_t max_cycles, me_reply* reply);
/* hash_function: the wire byte of spec/engine.md §1.5 */
void me_tx_prove(me_slice tx_inputs, uint8_t hash_function, me_reply* reply);
void me_batch_prove(me_slice proposed_batch, uint32_t min_security_bits, me_reply* reply);
void me_block_prove(me_slice block_proof_request, me_reply* reply);

/* Questions of a running execution. They come on a thread of the library, one at a time, before
 * me_network_execute returns. Each answers with me_sink_put and returns 0; or returns 1 for "there is
 * no such thing", or 2 after putting the text of its failure. */
typedef struct me_sink me_sink;
void me_sink_put(me_sink* sink, me_slice bytes);
typedef struct me_source {
  void* context;
  /* AccountInputs */
  int32_t (*foreign_account)(void* context, me_slice account_id, uint32_t ref_block, me_sink* sink);
  /* one AssetWitness for each of the keys, 32 bytes apiece */
  int32_t (*vault_witnesses)(void* context, me_slice account_id, me_slice vault_root, me_slice keys,
                             me_sink* sink);
  /* SmtProof of the hashed key */
  int32_t (*map_witness)(void* context, me_slice account_id, me_slice map_root, me_slice raw_key,
                         me_sink* sink);
  /* NoteScript */
  int32_t (*note_script)(void* context, me_slice script_root, me_sink* sink);
} me_source;
/* The encodings of both sides are in network.rs and reference_network.cpp. */
void me_network_execute(me_slice request, const me_source* source, me_reply* reply);

/* The encodings of both sides are in client.rs, account.rs and reference_client.cpp. */
void me_client_execute(me_slice request, me_reply* reply);
void me_account_build(me_slice spec, me_reply* reply);

/* The encodings of both sides are in genesis.rs and reference_engine.cpp. */
void me_genesis_accounts(me_slice spec, me_reply* reply);

/* kind: 0 note script, 1 transaction script -> root ‖ script; 2 component, 3 library -> library */
void me_assemble(uint8_t kind, me_slice path, me_slice source, me_slice context, me_reply* reply);
/* kind: P2ID, P2IDE, SWAP, PSWAP, MINT, BURN from 0 -> root ‖ script */
void me_standard_note_script(uint8_t kind, me_reply* reply);

#ifdef __cplusplus
}
#endif
#endif
