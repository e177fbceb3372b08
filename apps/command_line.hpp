// What all programs' command lines have in common. spec/node-and-validator.md §1.
//
// A usage error goes to standard error and ends with 2, a failure at run time is one line
// `Error: ...` and ends with 1. The command line wins over the environment, the environment over
// the default.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "base/result.hpp"
#include "net/address.hpp"

namespace miden {

// "3s", "500ms", "1m 30s", "2h": a sum of integers with units (ns, us, ms, s, m, h, d and their
// long names). Error: InvalidDuration.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// The shortest such text.
std::string to_text(std::chrono::nanoseconds duration);

// An option that takes a duration; the value lands in `target`, whose present value is the default.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help);
CLI::Option* add_listen(CLI::App& app, const std::string& name, SocketAddress& target,
                        const std::string& help);
CLI::Option* add_url(CLI::App& app, const std::string& name, ServiceUrl& target,
                     const std::string& help);
// For options that may be left out: absent means nullopt.
CLI::Option* add_listen(CLI::App& app, const std::string& name,
                        std::optional<SocketAddress>& target, const std::string& help);
CLI::Option* add_url(CLI::App& app, const std::string& name, std::optional<ServiceUrl>& target,
                     const std::string& help);

// Parses, runs the chosen subcommand's body and turns what it returns into the exit status. `body`
// is called after parsing; exceptions become a failure.
int run_command_line(CLI::App& app, int argc, char** argv,
                     const std::function<Result<void>()>& body);

}  // namespace miden
