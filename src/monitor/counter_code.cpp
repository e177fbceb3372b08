// What the accounts of counter.hpp run, and what is in their slots.
#include "monitor/counter.hpp"

namespace miden {

namespace {

constexpr std::string_view kWalletSource = R"(
use miden::protocol::active_account
use miden::protocol::native_account

const COUNT = word("miden::monitor::wallet_contract::counter")

#! Adds to the number of increments that the wallet asked for.
#!
#! Inputs:  [increments, pad(15)]
#! Outputs: [pad(16)]
#!
#! Invocation: call
pub proc count_requests
    push.COUNT[0..2] exec.active_account::get_item
    # => [count, 0, 0, 0, increments, pad(15)]
    movup.4 add
    # => [count + increments, 0, 0, 0, pad(15)]
    push.COUNT[0..2] exec.native_account::set_item
    # => [OLD, pad(15)]
    dropw
    # => [pad(16)]
end
)";

constexpr std::string_view kCounterSource = R"(
use miden::protocol::account_id
use miden::protocol::active_account
use miden::protocol::active_note
use miden::protocol::native_account

const COUNT = word("miden::monitor::counter_contract::counter")
const OWNER = word("miden::monitor::counter_contract::owner")

const ERR_NOT_THE_OWNER = "only notes of the owner may increment the counter"

#! Adds one, for a note that the counter's owner sent.
#!
#! Inputs:  [pad(16)]
#! Outputs: [pad(16)]
#!
#! Invocation: call
pub proc increment
    push.OWNER[0..2] exec.active_account::get_item
    # => [owner_suffix, owner_prefix, 0, 0, pad(16)]
    exec.active_note::get_sender exec.account_id::is_equal
    # => [is_owner, 0, 0, pad(16)]
    assert.err=ERR_NOT_THE_OWNER drop drop
    # => [pad(16)]
    push.COUNT[0..2] exec.active_account::get_item
    # => [count, 0, 0, 0, pad(16)]
    add.1
    push.COUNT[0..2] exec.native_account::set_item
    # => [OLD, pad(16)]
    dropw
end
)";

constexpr std::array<std::string_view, kCounterNotes> kNoteSources = {
    R"(
use monitor::counter

@note_script
pub proc main
    call.counter::increment
end
)",
    R"(
const ERR_NEVER = "this note is made to fail"

@note_script
pub proc main
    push.0 assert.err=ERR_NEVER
end
)",
    R"(
@note_script
pub proc main
    push.1
    while.true
        push.1
    end
end
)",
};

// The arguments are a key of the advice map, where the requests lie: a word [notes, increments, 0,
// 0], then for each note its RECIPIENT and its ATTACHMENT. They need no proof that they belong to
// the key: what comes of them is what the wallet's signature is about.
constexpr std::string_view kRequestSource = R"(
use miden::protocol::output_note
use monitor::wallet

const NETWORK_ACCOUNT_TARGET = 2
const PUBLIC = 1
const TAG = 0
# Address in the script's own memory.
const NOTES = 0

#! Inputs:  [REQUESTS, pad(12)]
#! Outputs: [pad(16)]
begin
    adv.push_mapval adv_loadw
    # => [notes, increments, 0, 0, pad(12)]
    mem_store.NOTES
    # => [increments, pad(15)]
    call.wallet::count_requests
    # => [pad(16)]
    mem_load.NOTES dup neq.0
    while.true
        # => [notes, pad(16)]
        padw adv_loadw
        push.PUBLIC push.TAG
        # => [tag, type, RECIPIENT, notes, pad(16)]
        exec.output_note::create
        # => [note_index, notes, pad(16)]
        padw adv_loadw
        push.NETWORK_ACCOUNT_TARGET
        # => [scheme, ATTACHMENT, note_index, notes, pad(16)]
        exec.output_note::add_word_attachment
        # => [notes, pad(16)]
        sub.1 dup neq.0
    end
    drop
end
)";

// The constants parse.
StorageSlotName slot_name(std::string_view text) { return *StorageSlotName::parse(text); }

}  // namespace

const StorageSlotName& wallet_count_slot() {
  static const auto name = slot_name("miden::monitor::wallet_contract::counter");
  return name;
}
const StorageSlotName& counter_count_slot() {
  static const auto name = slot_name("miden::monitor::counter_contract::counter");
  return name;
}
const StorageSlotName& counter_owner_slot() {
  static const auto name = slot_name("miden::monitor::counter_contract::owner");
  return name;
}

Result<CounterCode> CounterCode::assemble(const Engine& engine) {
  CounterCode code;
  code.wallet = TRY(engine.assemble_component("monitor::wallet", kWalletSource, {}));
  code.counter = TRY(engine.assemble_component("monitor::counter", kCounterSource, {}));
  const AssemblyContext calls_counter{.dynamic_libraries = {code.counter}};
  for (size_t note = 0; note < kCounterNotes; ++note) {
    code.notes[note] = TRY(engine.assemble_note_script(kNoteSources[note], calls_counter));
  }
  const AssemblyContext calls_wallet{.dynamic_libraries = {code.wallet}};
  code.request = TRY(engine.assemble_transaction_script(kRequestSource, calls_wallet));
  return code;
}

}  // namespace miden
