// What all programs' command lines have in common. spec/node-and-validator.md §1.
//
// A failure is one line `Error: ...` on standard error; the status is then 2 for a wrong use of the
// program and 1 for everything else. The command line wins over the environment, the environment
// over the default.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/result.hpp"
#include "net/address.hpp"

namespace miden {

// "3s", "500ms", "1m 30s", "2h": a sum of integers with units (ns, us, ms, s, m, h, d and their
// long names). Error: InvalidDuration.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// The shortest such text.
std::string to_text(std::chrono::nanoseconds duration);

// An option that takes a duration of at least a millisecond; the value lands in `target`, whose
// present value is the default.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help);
CLI::Option* add_listen(CLI::App& app, const std::string& name, SocketAddress& target,
                        const std::string& help);
CLI::Option* add_url(CLI::App& app, const std::string& name, ServiceUrl& target,
                     const std::string& help);
// Several: the option is repeated, or holds a list with commas between (also in the environment).
CLI::Option* add_urls(CLI::App& app, const std::string& name, std::vector<ServiceUrl>& target,
                      const std::string& help);
// For options that may be left out: absent means nullopt.
CLI::Option* add_listen(CLI::App& app, const std::string& name,
                        std::optional<SocketAddress>& target, const std::string& help);
CLI::Option* add_url(CLI::App& app, const std::string& name, std::optional<ServiceUrl>& target,
                     const std::string& help);

// For an option with a number; CLI11's own conversion would take -1 for the largest there is.
CLI::Validator positive(uint64_t most = std::numeric_limits<uint64_t>::max());

// Parses, runs the chosen subcommand's body and turns what it returns into the exit status. `body`
// is called after parsing; exceptions become a failure.
int run_command_line(CLI::App& app, int argc, char** argv,
                     const std::function<Result<void>()>& body);

}  // namespace miden
