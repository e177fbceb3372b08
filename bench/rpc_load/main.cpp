// Asks one or several nodes with the same chain what clients ask and says how many answers a second
// they give and how long those take: docs/benchmarks.md.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "connection.hpp"
#include "questions.hpp"
#include "rpc.pb.h"

namespace miden {
namespace {

struct Options {
  std::vector<std::string> nodes;  // ADDRESS or ADDRESS@PID
  std::vector<std::string> kinds;
  size_t rounds = 3;
  uint64_t milliseconds = 2000;
  LoadShape shape;
};

struct Node {
  std::string name;
  Target target;
  std::optional<int> process;
};

// Of several rounds the one with the most answers counts: a busy machine only takes away.
struct Best {
  double calls_per_second = 0;
  std::chrono::steady_clock::duration p50{};
  std::chrono::steady_clock::duration p99{};
  double cpu_us_per_call = 0;
};

double microseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::micro>(duration).count();
}

Node read_node(const std::string& text) {
  const size_t at = text.find('@');
  const auto address = SocketAddress::parse(text.substr(0, at));
  if (!address) throw std::runtime_error(address.error().message);
  Node node{address->to_string(), {*address, accept_header_of(*address)}, std::nullopt};
  if (at != std::string::npos) node.process = std::stoi(text.substr(at + 1));
  return node;
}

// Seconds of processor time that the process has used; 0 if it is not known.
double cpu_seconds(const Node& node) {
  if (!node.process) return 0;
  std::ifstream file(fmt::format("/proc/{}/stat", *node.process));
  const std::string text(std::istreambuf_iterator<char>(file), {});
  // The 14th and 15th field, in ticks; the second is a name in parentheses, which may hold spaces.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

bool is_wanted(const QuestionKind& kind, const std::vector<std::string>& wanted) {
  return wanted.empty() || std::ranges::find(wanted, kind.name) != wanted.end();
}

// Without what differs on purpose: how far a page of SyncNotes says that it reaches
// (docs/differences.md).
std::string comparable(std::string_view path, std::string answer) {
  ::rpc::SyncNotesResponse page;
  if (!path.ends_with("/SyncNotes") || !page.ParseFromString(answer)) return answer;
  page.mutable_pagination_info()->clear_block_num();
  return page.SerializeAsString();
}

// Each question once: the same bytes from all nodes, or they do not do the same work.
void check_answers(const std::vector<Node>& nodes, const QuestionKind& kind) {
  std::vector<std::unique_ptr<Connection>> connections;
  for (const Node& node : nodes) {
    connections.push_back(std::make_unique<Connection>(node.target.server, node.target.accept));
  }
  for (const auto& [path, request] : kind.questions) {
    const std::string expected = comparable(path, ask(*connections.front(), path, request));
    for (size_t i = 1; i < nodes.size(); ++i) {
      if (comparable(path, ask(*connections[i], path, request)) == expected) continue;
      throw std::runtime_error(fmt::format("{}: {} and {} answer differently", kind.name,
                                           nodes.front().name, nodes[i].name));
    }
  }
}

Best measure(const Node& node, const QuestionKind& kind, const LoadShape& shape) {
  const double cpu_before = cpu_seconds(node);
  LoadOutcome outcome = run_load(node.target, kind.questions, shape);
  const double cpu = cpu_seconds(node) - cpu_before;
  if (!outcome.refusals.empty()) {
    const auto& [refusal, count] = *outcome.refusals.begin();
    throw std::runtime_error(fmt::format("{}: {} refused {} calls: status {}: {}", kind.name,
                                         node.name, count, refusal.first, refusal.second));
  }
  return {outcome.calls_per_second(), outcome.latencies.quantile(0.5),
          outcome.latencies.quantile(0.99), cpu * 1e6 / static_cast<double>(outcome.calls)};
}

void run(const Options& options) {
  std::vector<Node> nodes;
  for (const std::string& text : options.nodes) nodes.push_back(read_node(text));
  for (const QuestionKind& kind : questions_about(nodes.front().target)) {
    if (!is_wanted(kind, options.kinds)) continue;
    check_answers(nodes, kind);
    std::vector<Best> best(nodes.size());
    for (size_t round = 0; round < options.rounds; ++round) {
      for (size_t i = 0; i < nodes.size(); ++i) {
        const Best measured = measure(nodes[i], kind, options.shape);
        if (measured.calls_per_second > best[i].calls_per_second) best[i] = measured;
      }
    }
    for (size_t i = 0; i < nodes.size(); ++i) {
      fmt::print("{}\t{}\t{:.0f}\t{:.0f}\t{:.0f}\t{:.1f}\n", kind.name, nodes[i].name,
                 best[i].calls_per_second, microseconds(best[i].p50), microseconds(best[i].p99),
                 best[i].cpu_us_per_call);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace miden

int main(int argc, char** argv) {
  CLI::App app{
      "Asks nodes with the same chain what clients ask. Prints lines of: what was asked, the node, "
      "answers a second, the microseconds that half and 99 in 100 of them did not exceed, and the "
      "microseconds of processor time that the node used for one (0: its process is not known)."};
  miden::Options options;
  app.add_option("nodes", options.nodes, "ADDRESS:PORT or ADDRESS:PORT@PROCESS ...")->required();
  app.add_option("--only", options.kinds, "Only questions of this name");
  app.add_option("--rounds", options.rounds, "Turns of all nodes; each one's best counts")
      ->capture_default_str();
  app.add_option("--milliseconds", options.milliseconds, "Of each measurement")
      ->capture_default_str();
  app.add_option("--connections", options.shape.connections)->capture_default_str();
  app.add_option("--calls", options.shape.calls_per_connection, "In flight on each connection")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.shape.measured = std::chrono::milliseconds(options.milliseconds);
  try {
    miden::run(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
  return 0;
}
