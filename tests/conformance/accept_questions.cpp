// Content negotiation, and methods that are not there.
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

// Every rule of spec/store-rpc.md §14 and its exceptions. `g` is the chain's genesis parameter.
std::vector<std::string> accept_values(const std::string& genesis) {
  const std::string base = "application/vnd.miden";
  const std::string g = "; genesis=" + genesis;
  std::string upper = genesis;
  for (char& c : upper) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 32);
  }
  const std::string other = genesis.substr(0, 65) + (genesis.back() == '0' ? '1' : '0');
  std::vector<std::string> values{
      "",
      " ",
      "*/*",
      "*/*" + g,
      "*/vnd.miden" + g,
      "application/*" + g,
      "application/grpc",
      "application/json" + g,
      "Application/vnd.miden" + g,
      "application/VND.MIDEN" + g,
      base,
      base + g,
      base + "; genesis=" + upper,
      base + "; genesis=\"" + genesis + "\"",
      base + "; genesis=0X" + genesis.substr(2),
      base + "; genesis=" + genesis.substr(2),
      base + "; genesis=" + genesis.substr(0, 64),
      base + "; genesis=" + genesis + "00",
      base + "; genesis=0x" + std::string(64, 'g'),
      base + "; genesis=0x" + std::string(64, 'f'),
      base + "; genesis=",
      base + "; genesis=" + other,
      base + "; genesis=" + other + g,
      base + g + "; genesis=" + other,
      base + "; GENESIS=" + genesis,
      // suffixes
      base + "+grpc" + g,
      base + "+GRPC" + g,
      base + "+json" + g,
      base + "+proto" + g,
      base + "+" + g,
      base + "+x" + g,
      base + "+grpc+grpc" + g,
      base + "+grpc.web" + g,
      // quality
      base + "; q=1" + g,
      base + "; q=0" + g,
      base + "; q=0.0" + g,
      base + "; q=0.000" + g,
      base + "; q=0.001" + g,
      base + "; q=0.0001" + g,
      base + "; q=1.0" + g,
      base + "; q=1.00000" + g,
      base + "; q=1.1" + g,
      base + "; q=0." + g,
      base + "; q=1." + g,
      base + "; q=.5" + g,
      base + "; q=2" + g,
      base + "; q=-1" + g,
      base + "; q=" + g,
      base + "; q=0.a" + g,
      base + "; q=0.+1" + g,
      base + "; q=0.-1" + g,
      base + "; Q=0.5" + g,
      base + "; q=\"0.5\"" + g,
      base + "; q=0.12x" + g,
      base + "; q=01" + g,
      base + "; q=0; q=1" + g,
      // grammar
      base + ";",
      base + "; ",
      base + ";;" + g,
      base + g + ";",
      base + g + "; ",
      base + g + ";;",
      base + " " + g,

      base + "; genesis =" + genesis,
      base + "; genesis= " + genesis,
      base + "; genesis",
      base + "; =x" + g,
      base + "; a=\"b" + g,
      base + "; a=\"b\\\"c\"" + g,
      base + "; a=\"b,c\"" + g,
      base + "; a=b c" + g,
      base + "; a=b@c" + g,
      base + "; a_b.c=d" + g,
      "application" + g,
      "application/" + g,
      "/vnd.miden" + g,
      "/",
      ";",
      "application//vnd.miden",
      std::string(127, 'a') + "/b, " + base + g,
      std::string(128, 'a') + "/b, " + base + g,
      "a/" + std::string(127, 'b') + ", " + base + g,
      "a/" + std::string(128, 'b') + ", " + base + g,
      // lists
      ",",
      ",,",
      "," + base + g,
      base + g + ",",
      base + g + ",,",
      "text/html, " + base + g,
      "text/html," + base + g,
      "text/html ," + base + g,
      base + "; version=9.9.9, " + base + g,
      base + "; version=9.9.9, ;;",
      base + g + ", ;;",
      "text/html; a=\",\", " + base + g,
      base + "; genesis=" + other + ", */*" + g,
      base + "; q=0, " + base + g,
      base + "; version=0.14.0, genesis=" + genesis,
      base + "; version=0.15.5, genesis=" + genesis,
      "*/*; q=0, " + base + g,
      std::string(50, ',') + base + g,
  };
  for (const char* version : {"0.15.0",
                              "0.15.2",
                              "0.15.5",
                              "0.15.9",
                              "0.15.18446744073709551615",
                              "0.15.18446744073709551616",
                              "0.14.0",
                              "0.16.0",
                              "1.15.2",
                              "0.15",
                              "0",
                              "",
                              "0.15.2.1",
                              "v0.15.2",
                              "0.15.2-rc.1",
                              "0.15.2-rc",
                              "0.15.2-",
                              "0.15.2-rc..1",
                              "0.15.2-01",
                              "0.15.2-0a",
                              "0.15.2+build",
                              "0.15.2+",
                              "0.15.2+a..b",
                              "0.15.2-rc.1+b",
                              "00.15.2",
                              "0.015.2",
                              "0.15.02",
                              "0.15.x",
                              "0.*.2",
                              "0x1",
                              "-1.0.0",
                              " 0.15.2",
                              "\"0.15.2\"",
                              "\"0.15.2 \"",
                              "\"\"",
                              "0.15.2-rc.1.2",
                              "0.15.2-1",
                              "^0.15.2"}) {
    values.push_back(base + "; version=" + version + g);
  }
  values.push_back(base + "; version=0.14.0; version=0.15.2" + g);
  values.push_back(base + "; version=0.15.2; version=0.14.0" + g);
  values.push_back(base + "; VERSION=0.14.0" + g);
  return values;
}

}  // namespace

void ask_with_accept_headers(const ChainContent& chain, QuestionList& questions) {
  // SubmitProvenTx with an empty transaction is refused for that when it gets through.
  for (const char* path : {"/rpc.Api/GetLimits", "/rpc.Api/SubmitProvenTx"}) {
    questions.add(Question{.group = "accept", .path = path, .body = ""});
    for (const std::string& value : accept_values(chain.genesis_hex())) {
      questions.add(
          Question{.group = "accept", .path = path, .body = "", .metadata = {{"accept", value}}});
    }
    // Only the first header counts.
    questions.add(
        Question{.group = "accept",
                 .path = path,
                 .body = "",
                 .metadata = {{"accept", "application/vnd.miden; genesis=" + chain.genesis_hex()},
                              {"accept", ";;"}}});
    questions.add(Question{.group = "accept",
                           .path = path,
                           .body = "",
                           .metadata = {{"accept", "text/html"}, {"accept", "*/*"}}});
  }
  for (const char* path :
       {"/rpc.Api/SubmitProvenTxBatch", "/rpc.Api/Status", "/grpc.health.v1.Health/Check",
        "/rpc.Api/BlockSubscription", "/rpc.Api/Nothing", "/other.Service/SubmitProvenTx"}) {
    for (const char* value : {"text/html", ";;", "*/*; version=0.14.0", "*/*; version=1", "*/*"}) {
      questions.add(
          Question{.group = "accept", .path = path, .body = "", .metadata = {{"accept", value}}});
    }
    questions.add(Question{.group = "accept", .path = path, .body = ""});
  }
}

void ask_for_unknown_methods(QuestionList& questions) {
  for (const char* path :
       {"/rpc.Api/", "/rpc.Api/status", "/rpc.Api/Unknown", "/rpc.Api/Status/", "/rpc.api/Status",
        "/rpc/Status", "/Api/Status", "/rpc.Api.Status", "/sequencer.Api/SubmitAuthenticatedTx",
        "/validator.Api/Status", "/ntx_builder.Api/GetNetworkNoteStatus",
        "/grpc.health.v1.Health/List",
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "/a/b/c"}) {
    for (const char* body : {"", "\x08\x01"}) {
      questions.add(Question{.group = "unknown method", .path = path, .body = body});
    }
  }
}

}  // namespace miden
