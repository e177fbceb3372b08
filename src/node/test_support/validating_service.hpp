// A validator that says of submissions what the test wants.
#pragma once

#include <mutex>
#include <vector>

#include "internal/validator.grpc.pb.h"

namespace miden {

class ValidatingService final : public ::validator::Api::Service {
 public:
  grpc::Status SubmitProvenTransaction(grpc::ServerContext*,
                                       const ::transaction::ProvenTransaction* request,
                                       ::google::protobuf::Empty*) override {
    const std::scoped_lock lock(mutex_);
    submitted_.push_back(*request);
    if (submitted_.size() > accepts_) return verdict_;
    return grpc::Status::OK;
  }
  // After that many submissions, from the first on.
  void refuse_after(size_t count, grpc::Status verdict) {
    const std::scoped_lock lock(mutex_);
    accepts_ = count;
    verdict_ = std::move(verdict);
  }
  std::vector<::transaction::ProvenTransaction> submitted() const {
    const std::scoped_lock lock(mutex_);
    return submitted_;
  }

 private:
  mutable std::mutex mutex_;  // guards what follows
  std::vector<::transaction::ProvenTransaction> submitted_;
  size_t accepts_ = SIZE_MAX;
  grpc::Status verdict_;
};

}  // namespace miden
