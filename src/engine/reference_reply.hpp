// What the parts of the reference backend share: bytes to the library and replies from it.
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/serialize.hpp"
#include "engine/engine.hpp"
#include "engine/reference/miden_engine.h"

namespace miden {

inline me_slice slice(ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline me_slice slice(std::string_view text) { return slice(as_bytes(text)); }

// Owns one reply of the library.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { me_reply_free(&reply_); }

  me_reply* slot() { return &reply_; }
  ByteView bytes() const { return {reply_.bytes.ptr, reply_.bytes.len}; }

  Result<void> outcome() const {
    if (reply_.status == 0) return {};
    // Names are static in the library, so the view outlives the reply.
    const std::string_view name = as_string_view({reply_.name.ptr, reply_.name.len});
    return fail(name, std::string(as_string_view(bytes())));
  }
  Result<Bytes> take() const {
    TRY(outcome());
    return Bytes(bytes().begin(), bytes().end());
  }

 private:
  me_reply reply_{};
};

// What the library encodes for us cannot be malformed; if it is, two halves of one program
// disagree.
template <class T>
T expect(Result<T>&& value) {
  if (!value) {
    std::fprintf(stderr, "engine: the reference library answered in another encoding: %s\n",
                 value.error().message.c_str());
    std::abort();
  }
  return take_value(std::move(value));
}

inline Bytes read_part(ByteReader& reader) {
  const ByteView part = expect(reader.length_prefixed());
  return Bytes(part.begin(), part.end());
}

// What network.rs writes of an executed transaction.
NetworkTransaction read_transaction(ByteReader& reader);

// Engine::execute_network_notes.
Result<NetworkExecution> reference_execute_network_notes(const NetworkExecutionRequest& request,
                                                         ExecutionSource& source);
// Engine::execute_client_transaction, Engine::build_account.
Result<NetworkTransaction> reference_execute_client_transaction(
    const ClientExecutionRequest& request);
Result<NewAccount> reference_build_account(const NewAccountSpec& spec);

}  // namespace miden
