#include "net/reflection.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <set>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "net/grpc_status.hpp"
#include "net/unsent_responses.hpp"

namespace miden {
namespace {

using ::google::protobuf::DescriptorPool;
using ::google::protobuf::FileDescriptor;

// A stream may stay open for ever, and each holds some ten kilobytes.
constexpr int kMaxStreams = 1000;

void collect_files(const FileDescriptor* file, std::set<const FileDescriptor*>& files) {
  if (!files.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) collect_files(file->dependency(i), files);
}

// What may be shown.
struct Catalogue {
  std::vector<std::string> services;
  std::set<const FileDescriptor*> files;
};

Catalogue catalogue_of(std::vector<std::string> services) {
  Catalogue catalogue{std::move(services), {}};
  for (const std::string& name : catalogue.services) {
    if (const auto* service = DescriptorPool::generated_pool()->FindServiceByName(name)) {
      collect_files(service->file(), catalogue.files);
    }
  }
  return catalogue;
}

// The two versions differ in nothing but the name of their package.
template <class Service, class Request, class Response>
class Reflection final : public Service::CallbackService {
 public:
  Reflection(const Catalogue& catalogue, CallGate& gate) : catalogue_(catalogue), gate_(gate) {}

  Response answer(const Request& request) const {
    Response response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    const DescriptorPool& pool = *DescriptorPool::generated_pool();
    switch (request.message_request_case()) {
      case Request::kListServices:
        for (const std::string& name : catalogue_.services) {
          response.mutable_list_services_response()->add_service()->set_name(name);
        }
        break;
      case Request::kFileByFilename:
        describe(pool.FindFileByName(request.file_by_filename()), response);
        break;
      case Request::kFileContainingSymbol:
        describe(pool.FindFileContainingSymbol(request.file_containing_symbol()), response);
        break;
      case Request::kAllExtensionNumbersOfType: {
        // proto3 without extensions: a known type has none.
        const auto* type = pool.FindMessageTypeByName(request.all_extension_numbers_of_type());
        if (type == nullptr || !catalogue_.files.contains(type->file())) {
          set_error(StatusCode::kNotFound, "type not found", response);
        } else {
          response.mutable_all_extension_numbers_response()->set_base_type_name(type->full_name());
        }
        break;
      }
      case Request::kFileContainingExtension:
        set_error(StatusCode::kNotFound, "extension not found", response);
        break;
      case Request::MESSAGE_REQUEST_NOT_SET:
        set_error(StatusCode::kInvalidArgument, "invalid MessageRequest", response);
        break;
    }
    return response;
  }

 private:
  class Stream final : public grpc::ServerBidiReactor<Request, Response> {
   public:
    Stream(Reflection& owner, grpc::CallbackServerContext& context)
        : owner_(owner), context_(context) {
      ++owner_.streams_;
    }
    void begin() { this->StartRead(&request_); }
    void refuse(const Status& status) { this->Finish(to_grpc(status)); }

    void OnReadDone(bool ok) override {
      if (!ok) return this->Finish(grpc::Status::OK);
      response_ = owner_.answer(request_);
      waiting_ = unsent_responses().add(response_.ByteSizeLong(), UnsentResponses::Clock::now(),
                                        [this] { context_.TryCancel(); });
      this->StartWrite(&response_);
    }
    void OnWriteDone(bool ok) override {
      waiting_ = {};
      if (!ok) return this->Finish(grpc::Status::OK);
      this->StartRead(&request_);
    }
    void OnDone() override {
      --owner_.streams_;
      delete this;
    }

   private:
    Reflection& owner_;
    grpc::CallbackServerContext& context_;
    Request request_;
    Response response_;
    UnsentResponses::Waiting waiting_;
  };

  grpc::ServerBidiReactor<Request, Response>* ServerReflectionInfo(
      grpc::CallbackServerContext* context) override {
    auto* stream = new Stream(*this, *context);  // deletes itself when done
    if (const Answer<> admitted = gate_.admit(*context, "ServerReflectionInfo"); !admitted) {
      stream->refuse(admitted.error());
    } else if (streams_ > kMaxStreams) {
      stream->refuse({StatusCode::kResourceExhausted, "maximum streams reached"});
    } else {
      stream->begin();
    }
    return stream;
  }

  // The file and all that it imports.
  void describe(const FileDescriptor* file, Response& response) const {
    if (file == nullptr || !catalogue_.files.contains(file)) {
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

  static void set_error(StatusCode code, const char* message, Response& response) {
    response.mutable_error_response()->set_error_code(static_cast<int>(code));
    response.mutable_error_response()->set_error_message(message);
  }

  const Catalogue& catalogue_;
  CallGate& gate_;
  std::atomic<int> streams_ = 0;
};

namespace v1 = ::grpc::reflection::v1;
namespace v1alpha = ::grpc::reflection::v1alpha;

std::vector<std::string> with_own(std::vector<std::string> services) {
  services.emplace_back(v1::ServerReflection::service_full_name());
  services.emplace_back(v1alpha::ServerReflection::service_full_name());
  return services;
}

}  // namespace

struct ReflectionService::Services {
  Services(std::vector<std::string> names, CallGate& gate)
      : catalogue(catalogue_of(with_own(std::move(names)))),
        current(catalogue, gate),
        alpha(catalogue, gate) {}

  const Catalogue catalogue;
  Reflection<v1::ServerReflection, v1::ServerReflectionRequest, v1::ServerReflectionResponse>
      current;
  Reflection<v1alpha::ServerReflection, v1alpha::ServerReflectionRequest,
             v1alpha::ServerReflectionResponse>
      alpha;
};

ReflectionService::ReflectionService(std::vector<std::string> services, CallGate& gate)
    : services_(std::make_unique<Services>(std::move(services), gate)) {}

ReflectionService::~ReflectionService() = default;

grpc::Service* ReflectionService::service() { return &services_->current; }

grpc::Service* ReflectionService::v1alpha_service() { return &services_->alpha; }

}  // namespace miden
