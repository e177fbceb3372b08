// Who calls.
#pragma once

#include <grpcpp/server_context.h>

#include <string>

namespace miden {

// The other end of the connection a call came over, as gRPC writes it: "ipv4:127.0.0.1:4711",
// "ipv6:%5B::1%5D:4711". For a call of a browser, which reaches the services through the server's
// own in-process channel, the browser's connection.
std::string peer_address(const grpc::ServerContextBase& context);

// The metadata that carries a browser's address through the in-process channel. Calls that come
// over a connection are not believed it.
inline constexpr const char* kWebPeerMetadata = "miden-web-peer";

}  // namespace miden
