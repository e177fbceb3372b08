// What all programs' command lines have in common. spec/node-and-validator.md §1.
//
// A usage error goes to standard error and ends with 2, a failure at run time is one line
// `Error: ...` and ends with 1. The command line wins over the environment, the environment over
// the default.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "base/result.hpp"

namespace miden {

// "3s", "500ms", "1m 30s", "2h": a sum of integers with units (ns, us, ms, s, m, h, d and their
// long names). Error: InvalidDuration.
Result<std::chrono::nanoseconds> parse_duration(std::string_view text);
// The shortest such text.
std::string to_text(std::chrono::nanoseconds duration);

// "127.0.0.1:57291" or "[::1]:57291": an address and a port, no host names. Error: InvalidListen.
Result<std::string> parse_listen(std::string_view text);

// An option that takes a duration; the value lands in `target`, whose present value is the default.
CLI::Option* add_duration(CLI::App& app, const std::string& name, std::chrono::milliseconds& target,
                          const std::string& help);
CLI::Option* add_listen(CLI::App& app, const std::string& name, std::string& target,
                        const std::string& help);
// http:// or https:// with a host.
CLI::Option* add_url(CLI::App& app, const std::string& name, std::string& target,
                     const std::string& help);

// Parses, runs the chosen subcommand's body and turns what it returns into the exit status. `body`
// is called after parsing; exceptions become a failure.
int run_command_line(CLI::App& app, int argc, char** argv,
                     const std::function<Result<void>()>& body);

}  // namespace miden
