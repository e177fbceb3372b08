// The socket a server listens on, and how many connections the process has room for.
#pragma once

#include <chrono>

#include "net/address.hpp"

namespace miden {

// A listening socket, not blocking; `address.port` becomes the port that was bound. Its connections
// inherit: no delay of small packets, probes that notice a peer that vanished, and their end when
// the peer has taken nothing of what waits for it for `stall_timeout`. Error: BindFailed, whose
// text names the address and why.
Result<int> open_listen_socket(SocketAddress& address, std::chrono::milliseconds stall_timeout);

// Raises the process's limit on open files as far as it may go, and gives the lowest number that a
// connection's descriptor must not have: above it is room for what else the process opens.
// Descriptors are numbered from below, so a connection's number says how many files are open.
int connection_descriptor_limit();

}  // namespace miden
