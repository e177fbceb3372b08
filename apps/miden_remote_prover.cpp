// miden-remote-prover: make one kind of proof for others.
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <thread>

#include "base/version.hpp"
#include "command_line.hpp"
#include "net/signals.hpp"
#include "prover/prover_server.hpp"
#include "telemetry/log.hpp"

namespace {

using namespace miden;

// Of a proof that is being made when the program is told to stop; the reference's.
constexpr std::chrono::seconds kGrace(10);
// The transport takes four times as much, and counts in an int.
constexpr uint64_t kMostRequestBytes = uint64_t{256} << 20;
constexpr uint64_t kMostThreads = 1024;
// What the VM allows.
constexpr uint32_t kLeastCycles = 1u << 12;
constexpr uint32_t kMostCycles = 1u << 29;
// Every transaction of the standard accounts needs less.
constexpr uint32_t kLeastDefaultCycles = 1u << 18;
// Of memory, for each row of a proof's trace; the rows are at least the cycles, rounded up to a
// power of two (spec/engine.md §4.3, and measured).
constexpr uint64_t kBytesPerRow = 12 << 10;

struct RemoteProver {
  Result<void> run(const StopOnSignal& signals);

  ProverServerOptions options;
  std::string kind;
  uint32_t port = 50051;
  std::optional<SocketAddress> listen;
  unsigned threads = 0;              // 0: not given
  size_t max_concurrent_proofs = 0;  // 0: not given
  uint32_t max_cycles = 0;           // 0: not given
};

void add_options(CLI::App& app, RemoteProver& prover) {
  app.add_option("--kind", prover.kind, "What is proven here")
      ->envname("MIDEN_PROVER_KIND")
      ->required()
      ->check(CLI::IsMember({"transaction", "batch", "block"}));
  app.add_option("--port", prover.port, "Port to serve on; 0 for any free one")
      ->envname("MIDEN_PROVER_PORT")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  add_duration(app, "--timeout", prover.options.timeout,
               "Limit for answering one request, the time it waits included")
      ->envname("MIDEN_PROVER_TIMEOUT");
  app.add_option("--capacity", prover.options.capacity,
                 "Requests taken in at once: those being proven and those that wait")
      ->envname("MIDEN_PROVER_CAPACITY")
      ->check(positive())
      ->capture_default_str();

  constexpr const char* kOurs = "Not in the reference";
  add_listen(app, "--listen", prover.listen,
             "Address and port to serve on, instead of all addresses and --port")
      ->envname("MIDEN_PROVER_LISTEN")
      ->group(kOurs);
  app.add_option("--threads", prover.threads,
                 "Threads that prove (default: one for each core, or RAYON_NUM_THREADS)")
      ->envname("MIDEN_PROVER_THREADS")
      ->check(positive(kMostThreads))
      ->group(kOurs);
  app.add_option("--max-concurrent-proofs", prover.max_concurrent_proofs,
                 "Proofs made at once, if --capacity lets them in; those of transactions share the "
                 "threads evenly (default: 1 for transactions, else one a thread)")
      ->envname("MIDEN_PROVER_MAX_CONCURRENT_PROOFS")
      ->check(positive(kMostThreads))
      ->group(kOurs);
  app.add_option(
         "--max-cycles", prover.max_cycles,
         "Cycles of a transaction: what takes more is not proven (default: the power of two "
         "whose proof fits into this machine's memory)")
      ->envname("MIDEN_PROVER_MAX_CYCLES")
      ->check(CLI::Range(kLeastCycles, kMostCycles))
      ->group(kOurs);
  app.add_option("--max-request-size", prover.options.max_request_bytes,
                 "Bytes of one request; the reference's peers send at most the default")
      ->envname("MIDEN_PROVER_MAX_REQUEST_SIZE")
      ->check(positive(kMostRequestBytes))
      ->capture_default_str()
      ->group(kOurs);
}

// As many threads as the engine uses for one proof.
size_t thread_count(unsigned chosen) {
  if (chosen > 0) return chosen;
  const char* of_rayon = std::getenv("RAYON_NUM_THREADS");
  const int given = of_rayon == nullptr ? 0 : std::atoi(of_rayon);
  return given > 0 ? static_cast<size_t>(given) : std::max(1U, std::thread::hardware_concurrency());
}

uint32_t cycles_that_fit(size_t proofs_at_once) {
  const auto bytes =
      static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  const uint64_t rows = std::bit_floor(bytes / proofs_at_once / kBytesPerRow);
  return static_cast<uint32_t>(std::clamp<uint64_t>(rows, kLeastDefaultCycles, kMostCycles));
}

Result<void> RemoteProver::run(const StopOnSignal& signals) {
  options.kind = *proof_kind_named(kind);
  options.listen.port = static_cast<uint16_t>(port);
  if (listen) options.listen = *listen;
  const size_t in_parallel = options.kind == ProofKind::kTransaction ? 1 : thread_count(threads);
  options.max_concurrent_proofs =
      std::min(options.capacity, max_concurrent_proofs > 0 ? max_concurrent_proofs : in_parallel);

  options.max_cycles = max_cycles > 0 ? max_cycles : cycles_that_fit(options.max_concurrent_proofs);

  // The other kinds take one thread each, the caller's.
  const bool splits_threads = options.kind == ProofKind::kTransaction;
  const auto proofs_at_once =
      splits_threads ? static_cast<unsigned>(options.max_concurrent_proofs) : 1;
  const auto server =
      TRY(ProverServer::start(make_reference_engine(threads, proofs_at_once), options));
  log_info("prover is serving", {{"address", server->address()},
                                 {"kind", kind},
                                 {"timeout", to_text(options.timeout)},
                                 {"capacity", options.capacity},
                                 {"concurrent_proofs", options.max_concurrent_proofs},
                                 {"threads", thread_count(threads)},
                                 {"max_cycles", options.max_cycles}});
  signals.wait();
  log_info("stopping");
  if (!server->stop(kGrace)) {
    log_warn("a proof was given up: it is not made within the time to stop",
             {{"grace", to_text(kGrace)}});
    // The engine cannot be interrupted; nothing is left that would have to be saved.
    std::_Exit(EXIT_SUCCESS);
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  StopOnSignal signals;
  CLI::App app("Miden remote prover: makes one kind of proof for others", "miden-remote-prover");
  app.set_version_flag("-V,--version", fmt::format("miden-remote-prover {}", kReleaseVersion));
  RemoteProver prover;
  add_options(app, prover);
  return run_command_line(app, argc, argv, [&] { return prover.run(signals); });
}
