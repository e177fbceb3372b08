#include "net/reflection.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <set>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "net/grpc_status.hpp"

namespace miden {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FileDescriptor;
using ::grpc::reflection::v1::ServerReflectionRequest;
using ::grpc::reflection::v1::ServerReflectionResponse;

constexpr const char* kOwnName = "grpc.reflection.v1.ServerReflection";

void collect_files(const FileDescriptor* file, std::set<const FileDescriptor*>& files) {
  if (!files.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) collect_files(file->dependency(i), files);
}

}  // namespace

class ReflectionService::Impl final
    : public ::grpc::reflection::v1::ServerReflection::CallbackService {
 public:
  Impl(std::vector<std::string> services, CallGate& gate)
      : services_(std::move(services)), gate_(gate) {
    services_.emplace_back(kOwnName);
    for (const std::string& name : services_) {
      if (const auto* service = DescriptorPool::generated_pool()->FindServiceByName(name)) {
        collect_files(service->file(), files_);
      }
    }
  }

  ServerReflectionResponse answer(const ServerReflectionRequest& request) const {
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    const DescriptorPool& pool = *DescriptorPool::generated_pool();
    switch (request.message_request_case()) {
      case ServerReflectionRequest::kListServices:
        for (const std::string& name : services_) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case ServerReflectionRequest::kFileByFilename:
        describe(pool.FindFileByName(request.file_by_filename()), response);
        break;
      case ServerReflectionRequest::kFileContainingSymbol:
        describe(pool.FindFileContainingSymbol(request.file_containing_symbol()), response);
        break;
      case ServerReflectionRequest::kAllExtensionNumbersOfType: {
        // proto3 without extensions: a known type has none.
        const auto* type = pool.FindMessageTypeByName(request.all_extension_numbers_of_type());
        if (type == nullptr || !files_.contains(type->file())) {
          set_error(StatusCode::kNotFound, "type not found", response);
        } else {
          response.mutable_all_extension_numbers_response()->set_base_type_name(type->full_name());
        }
        break;
      }
      case ServerReflectionRequest::kFileContainingExtension:
        set_error(StatusCode::kNotFound, "extension not found", response);
        break;
      case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
        set_error(StatusCode::kInvalidArgument, "invalid MessageRequest", response);
        break;
    }
    return response;
  }

 private:
  class Stream final
      : public grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse> {
   public:
    explicit Stream(const Impl& owner) : owner_(owner) {}
    void begin() { StartRead(&request_); }
    void refuse(const Status& status) { Finish(to_grpc(status)); }

    void OnReadDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      response_ = owner_.answer(request_);
      StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      if (!ok) return Finish(grpc::Status::OK);
      StartRead(&request_);
    }
    void OnDone() override { delete this; }

   private:
    const Impl& owner_;
    ServerReflectionRequest request_;
    ServerReflectionResponse response_;
  };

  grpc::ServerBidiReactor<ServerReflectionRequest, ServerReflectionResponse>* ServerReflectionInfo(
      grpc::CallbackServerContext* context) override {
    auto* stream = new Stream(*this);  // deletes itself when done
    if (const Answer<> admitted = gate_.admit(*context, "ServerReflectionInfo"); !admitted) {
      stream->refuse(admitted.error());
    } else {
      stream->begin();
    }
    return stream;
  }

  // The file and all that it imports.
  void describe(const FileDescriptor* file, ServerReflectionResponse& response) const {
    if (file == nullptr || !files_.contains(file)) {
      return set_error(StatusCode::kNotFound, "file or symbol not found", response);
    }
    std::set<const FileDescriptor*> needed;
    collect_files(file, needed);
    needed.erase(file);
    auto& descriptors = *response.mutable_file_descriptor_response();
    const auto add = [&descriptors](const FileDescriptor& described) {
      ::google::protobuf::FileDescriptorProto proto;
      described.CopyTo(&proto);
      descriptors.add_file_descriptor_proto(proto.SerializeAsString());
    };
    add(*file);
    for (const FileDescriptor* import : needed) add(*import);
  }

  static void set_error(StatusCode code, const char* message, ServerReflectionResponse& response) {
    response.mutable_error_response()->set_error_code(static_cast<int>(code));
    response.mutable_error_response()->set_error_message(message);
  }

  std::vector<std::string> services_;
  CallGate& gate_;
  std::set<const FileDescriptor*> files_;  // all that may be shown
};

ReflectionService::ReflectionService(std::vector<std::string> services, CallGate& gate)
    : impl_(std::make_unique<Impl>(std::move(services), gate)) {}

ReflectionService::~ReflectionService() = default;

grpc::Service* ReflectionService::service() { return impl_.get(); }

}  // namespace miden
