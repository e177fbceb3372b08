// Execution of network notes: the library asks back for what it needs.
#include <algorithm>
#include <array>

#include "engine/reference_reply.hpp"

namespace miden {

namespace {

// The library's questions, passed on to an ExecutionSource. Nothing thrown may reach the library.
constexpr int32_t kAnswered = 0;
constexpr int32_t kNoSuchThing = 1;
constexpr int32_t kSourceFailed = 2;

ByteView view(me_slice bytes) { return {bytes.ptr, bytes.len}; }

Word word_at(ByteView bytes, size_t offset) {
  ByteReader reader(bytes.subspan(offset, 32));
  return expect(Word::decode(reader));
}

ExecutionSource::AccountIdBytes account_id_of(me_slice bytes) {
  ExecutionSource::AccountIdBytes id{};
  std::copy_n(bytes.ptr, std::min(bytes.len, id.size()), id.begin());
  return id;
}

int32_t put(me_sink* sink, const Bytes& answer) {
  me_sink_put(sink, slice(answer));
  return kAnswered;
}
int32_t put(me_sink* sink, const std::vector<Bytes>& answers) {
  for (const Bytes& answer : answers) put(sink, answer);
  return kAnswered;
}
int32_t put(me_sink* sink, const std::optional<Bytes>& answer) {
  return answer ? put(sink, *answer) : kNoSuchThing;
}

template <class Ask>
int32_t pass_on(void* context, me_sink* sink, Ask ask) try {
  const auto answer = ask(*static_cast<ExecutionSource*>(context));
  if (answer) return put(sink, *answer);
  me_sink_put(sink, slice(answer.error().message));
  return kSourceFailed;
} catch (const std::exception& error) {
  me_sink_put(sink, slice(std::string_view(error.what())));
  return kSourceFailed;
} catch (...) {
  return kSourceFailed;
}

me_source library_source(ExecutionSource& source) {
  return {
      .context = &source,
      .foreign_account =
          [](void* context, me_slice account_id, uint32_t ref_block, me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.foreign_account(account_id_of(account_id), ref_block);
            });
          },
      .vault_witnesses =
          [](void* context, me_slice account_id, me_slice vault_root, me_slice keys,
             me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              std::vector<Word> words;
              for (size_t at = 0; at + 32 <= keys.len; at += 32) {
                words.push_back(word_at(view(keys), at));
              }
              return to.vault_witnesses(account_id_of(account_id), word_at(view(vault_root), 0),
                                        words);
            });
          },
      .map_witness =
          [](void* context, me_slice account_id, me_slice map_root, me_slice raw_key,
             me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.storage_map_witness(account_id_of(account_id), word_at(view(map_root), 0),
                                            word_at(view(raw_key), 0));
            });
          },
      .note_script =
          [](void* context, me_slice script_root, me_sink* sink) {
            return pass_on(context, sink, [&](ExecutionSource& to) {
              return to.note_script(word_at(view(script_root), 0));
            });
          },
  };
}

Bytes encode_request(const NetworkExecutionRequest& request) {
  ByteWriter writer;
  writer.bytes(request.partial_account);
  writer.bytes(request.block_header);
  writer.bytes(request.partial_blockchain);
  writer.vint(request.notes.size());
  for (const Bytes& note : request.notes) writer.bytes(note);
  writer.boolean(!request.args.empty());
  writer.bytes(request.args);
  writer.u32(request.max_cycles);
  return std::move(writer).take();
}

// `code` of an Error must be static; the library's names are, but they come by value here.
std::string_view static_name(std::string_view name) {
  static constexpr std::array kNames = {"FetchTransactionInputsFailed",
                                        "FetchAssetWitnessFailed",
                                        "FeeAssetRetrievalFailed",
                                        "FeeAssetMustBeFungible",
                                        "ForeignAccountNotAnchoredInReference",
                                        "InvalidExecutionOptionsCycles",
                                        "InvalidTransactionInputs",
                                        "InvalidAccountWitness",
                                        "NoteBlockPastReferenceBlock",
                                        "AccountUpdateCommitment",
                                        "InconsistentAccountDeltaCommitment",
                                        "InconsistentAccountId",
                                        "InconsistentAccountNonceDelta",
                                        "RemoveFeeAssetFromDelta",
                                        "InsufficientFee",
                                        "TransactionOutputConstructionFailed",
                                        "TransactionProgramExecutionFailed",
                                        "MissingAuthenticator",
                                        "Unauthorized"};
  for (const std::string_view known : kNames) {
    if (known == name) return known;
  }
  return "TransactionExecutorError";
}

NetworkExecution decode_network_execution(ByteView answer) {
  ByteReader reader(answer);
  NetworkExecution execution;
  execution.failed.resize(expect(reader.count(1)));
  for (FailedNetworkNote& note : execution.failed) {
    note.index = expect(reader.u32());
    note.error.code = static_name(expect(reader.string()));
    note.error.message = expect(reader.string());
    note.source_failed = expect(reader.boolean());
    note.cycles = expect(reader.u64());
  }
  execution.consumed.resize(expect(reader.count(1)));
  for (ConsumedNetworkNote& note : execution.consumed) {
    note.index = expect(reader.u32());
    note.cycles = expect(reader.u64());
  }
  if (!expect(reader.boolean())) return execution;
  execution.transaction = read_transaction(reader);
  return execution;
}

}  // namespace

NetworkTransaction read_transaction(ByteReader& reader) {
  NetworkTransaction transaction;
  transaction.id = expect(Word::decode(reader));
  transaction.final_account_commitment = expect(Word::decode(reader));
  transaction.final_nonce = expect(reader.u64());
  transaction.expiration_block_num = expect(reader.u32());
  transaction.cycles = expect(reader.u64());
  transaction.inputs = read_part(reader);
  transaction.account_delta = read_part(reader);
  transaction.header = read_part(reader);
  return transaction;
}

Result<NetworkExecution> reference_execute_network_notes(const NetworkExecutionRequest& request,
                                                         ExecutionSource& source) {
  const Bytes encoded = encode_request(request);
  const me_source questions = library_source(source);
  Reply reply;
  me_network_execute(slice(encoded), &questions, reply.slot());
  TRY(reply.outcome());
  return decode_network_execution(reply.bytes());
}

}  // namespace miden
