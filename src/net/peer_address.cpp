#include "net/peer_address.hpp"

#include "net/metadata.hpp"

namespace miden {

std::string peer_address(const grpc::ServerContextBase& context) {
  std::string peer = context.peer();
  // Nobody outside can make a call without a connection, whose peer is an address.
  const bool came_over_a_connection = peer.starts_with("ipv4:") || peer.starts_with("ipv6:");
  if (came_over_a_connection) return peer;
  return std::string(first_metadata(context, kWebPeerMetadata).value_or(peer));
}

}  // namespace miden
