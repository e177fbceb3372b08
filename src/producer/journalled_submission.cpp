#include "producer/journalled_submission.hpp"

namespace miden {

Bytes encode_submission(const Submission& submission) {
  ByteWriter writer;
  writer.boolean(submission.is_user_batch);
  writer.vint(submission.transactions.size());
  for (const auto& transaction : submission.transactions) transaction->encode(writer);
  return std::move(writer).take();
}

Result<Submission> decode_submission(ByteView bytes) {
  ByteReader reader(bytes);
  Submission submission{.transactions = {}, .is_user_batch = TRY(reader.boolean())};
  const size_t count = TRY(reader.count(1));
  if (count == 0 || (count > 1 && !submission.is_user_batch)) {
    return invalid_value("a submission is one transaction or a batch of some");
  }
  for (size_t i = 0; i < count; ++i) {
    submission.transactions.push_back(
        std::make_shared<const ProvenTransaction>(TRY(ProvenTransaction::decode(reader))));
  }
  return submission;
}

}  // namespace miden
