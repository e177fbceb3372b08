#include "scenes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <ranges>
#include <utility>

#include "monitor/page_text.hpp"

namespace miden {
namespace {

constexpr int64_t kSecond = 1000, kMinute = 60 * kSecond, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int kDayCells = 48, kMonthCells = 30, kSparkPoints = 96, kBins = 288;
// Of everything that wavers; the same in every run.
constexpr uint32_t kSeed = 20260115;

struct Kind {
  CheckKind kind;
  std::string_view id, name;
  CheckGroup group;
  std::string_view meaning, target, headline;
  double latency_ms;
  int64_t interval_ms;
};

const std::vector<Kind>& network() {
  using enum CheckKind;
  using enum CheckGroup;
  static const std::vector<Kind> kinds = {
      {kBlockProduction, "blocks", "Block production", kChain, "The network makes new blocks.",
       "http://rpc.devnet.example:57291", "block 48,213", 42, 3 * kSecond},
      {kNode, "node-1", "Sequencer", kChain, "Answers and follows the chain.",
       "http://sequencer.internal:57291", "48,213", 12, 3 * kSecond},
      {kNode, "node-2", "Full node 1", kChain, "Answers and follows the chain.",
       "http://node-1.devnet.example:57291", "48,213", 21, 3 * kSecond},
      {kNode, "node-3", "Full node 2", kChain, "Answers and follows the chain.",
       "http://node-2.devnet.example:57291", "48,213", 24, 3 * kSecond},
      {kValidator, "validator", "Validator", kProving, "Blocks are checked and signed.",
       "http://validator.internal:50101", "block 48,213", 8, 3 * kSecond},
      {kProver, "prover-1", "Transaction prover 1", kProving,
       "Proves transactions for users who do not prove themselves.",
       "http://prover-1.internal:50051", "3.2 s a proof", 3210, 2 * kMinute},
      {kProver, "prover-2", "Batch prover", kProving, "Proves batches of transactions.",
       "http://prover-2.internal:50051", "5.8 s a proof", 5810, 2 * kMinute},
      {kLocalTransaction, "wallet", "Wallet transaction", kEndToEnd,
       "A transaction of a wallet reaches a block.", "http://rpc.devnet.example:57291",
       "in a block after 4.1 s", 4100, 30 * kSecond},
      {kNetworkTransaction, "ntx", "Network note", kEndToEnd,
       "A note for a network account is consumed by the network itself.",
       "http://rpc.devnet.example:57291", "consumed after 9.6 s", 9600, 30 * kSecond},
      {kFaucet, "faucet", "Faucet", kUserServices, "Users can ask for test tokens.",
       "https://faucet-api.devnet.example/", "1.8 s a token", 1800, 2 * kMinute},
      {kExplorer, "explorer", "Explorer", kUserServices, "Users can look at the chain.",
       "https://explorer.devnet.example/graphql", "block 48,212", 130, 3 * kSecond},
      {kNoteTransport, "note-transport", "Note transport", kUserServices,
       "Users can send each other private notes.", "https://transport.devnet.example", "serving",
       35, 3 * kSecond},
  };
  return kinds;
}

CheckResult good_result(const Kind& kind, int64_t at_ms) {
  CheckResult result;
  result.started_ms = at_ms;
  result.duration_us = static_cast<int64_t>(kind.latency_ms * 1000);
  result.outcome = Outcome::kOk;
  result.headline = kind.headline;
  result.reference_status = "Healthy";
  result.details = "Error";
  if (kind.kind == CheckKind::kBlockProduction) {
    result.figures = {{"tip", 48213}, {"tip_age_ms", 4000}};
    result.facts = {{"Block interval", "5.0 s"},
                    {"Producer", "connected"},
                    {"Transactions waiting", "12"},
                    {"Proven up to", "block 48,190"}};
  } else if (kind.kind == CheckKind::kNode) {
    result.figures = {{"tip", 48213}, {"lag_blocks", 0}};
    result.facts = {{"Behind best", "0"}, {"Genesis", "same"}, {"Version", "0.15.2"}};
  } else {
    result.facts = {{"Version", "0.15.2"},
                    {"Last transaction",
                     "0x6d1f0b7c88a5e1b2d3c4f5061728394a5b6c7d8e9fa0b1c2d3e4f50617283940", true}};
  }
  return result;
}

// Fifteen minutes without a good result.
SparkPoint empty_point(const SparkPoint& when, uint32_t failed_looks) {
  SparkPoint point;
  point.from_ms = when.from_ms;
  point.failed_looks = failed_looks;
  return point;
}

class SceneMaker {
 public:
  explicit SceneMaker(int64_t now_ms) : now_(now_ms) {
    picture_.sequence = static_cast<uint64_t>(now_ms);
    picture_.boot = "b00t";
    picture_.taken_ms = now_ms;
    picture_.network_name = "Devnet";
    picture_.version = "0.15.0";
    picture_.health.known_ratio = 0.998;
  }

  void add_network() {
    for (const Kind& kind : network()) add(kind, kind.id, kind.name);
    add_inclusion();
    close_incident(1, "prover-1", kDay * 3 + kHour * 5, 4 * kMinute, "no answer within 10 s",
                   Reason::kTimeout);
  }

  CheckPicture& add(const Kind& kind, std::string_view id, std::string_view name) {
    CheckDescription description;
    description.id = id;
    description.name = name;
    description.kind = kind.kind;
    description.group = kind.group;
    description.meaning = kind.meaning;
    description.target = kind.target;
    description.request = fmt::format("grpcurl -plaintext {} rpc.Api/Status", kind.target);
    description.interval = std::chrono::milliseconds(kind.interval_ms);
    description.thresholds = {"a new block at least once a minute",
                              "at most 5 blocks behind the best"};
    if (kind.id != "blocks" && kind.group != CheckGroup::kProving) description.parents = {"blocks"};
    CheckPicture check;
    check.description = std::make_shared<const CheckDescription>(description);
    check.state = CheckState::kOk;
    check.since_ms = now_ - 3 * kDay - 4 * kHour;
    check.last = good_result(kind, now_ - 2 * kSecond);
    for (int i = 0; i < 50; ++i)
      check.recent.push_back(good_result(kind, now_ - i * kind.interval_ms));
    fill_history(check, kind.latency_ms, kMonthCells);
    check.successes = 86'400;
    check.failures = 2;
    picture_.checks.push_back(std::move(check));
    return picture_.checks.back();
  }

  CheckPicture& check(std::string_view id) {
    return *std::ranges::find_if(
        picture_.checks, [&](const CheckPicture& one) { return one.description->id == id; });
  }

  // The check is not well since then; the last cells of its bars show it.
  void turn(std::string_view id, CheckState state, Reason reason, std::string cause,
            int64_t since) {
    CheckPicture& one = check(id);
    one.state = state;
    one.since_ms = now_ - since;
    one.reason = reason;
    one.cause = std::move(cause);
    one.last->error = one.cause;
    one.last->reason = reason;
    const bool is_down = state == CheckState::kDown;
    const bool is_degraded = state == CheckState::kDegraded;
    one.last->outcome = is_down       ? Outcome::kFailed
                        : is_degraded ? Outcome::kDegraded
                                      : Outcome::kInconclusive;
    if (is_down) one.last->headline.clear();
    one.recent.front() = *one.last;
    if (!is_down && !is_degraded) return;
    one.day.back().seconds_in = {};
    one.day.back().seconds_in[std::to_underlying(state)] = static_cast<uint32_t>(since / kSecond);
    one.day.back().seconds_in[0] =
        static_cast<uint32_t>(std::max<int64_t>(0, 1800 - since / kSecond));
    one.day.back().failed_looks = 20;
    one.month.back().seconds_in[std::to_underlying(state)] = static_cast<uint32_t>(since / kSecond);
    one.month.back().failed_looks = 20;
    if (!is_down) return;
    one.day_availability = {.ratio = 1 - static_cast<double>(since) / kDay,
                            .known_ms = kDay,
                            .down_ms = since,
                            .outages = 1};
    one.month_availability = {.ratio = 1 - static_cast<double>(since) / (30 * kDay),
                              .known_ms = 30 * kDay,
                              .down_ms = since,
                              .outages = 1};
    one.spark.back() = empty_point(one.spark.back(), 20);
  }

  Incident& open_incident(uint64_t id, std::string_view check_id, int64_t ago, Reason reason) {
    const CheckPicture& one = check(check_id);
    Incident incident;
    incident.id = id;
    incident.check_id = check_id;
    incident.check_name = one.description->name;
    incident.opened_ms = now_ - ago;
    incident.worst = one.state;
    incident.is_minor = one.state == CheckState::kDegraded;
    incident.reason = reason;
    incident.cause = one.cause;
    picture_.incidents.insert(picture_.incidents.begin(), incident);
    return picture_.incidents.front();
  }

  void close_incident(uint64_t id, std::string_view check_id, int64_t ago, int64_t lasted,
                      std::string cause, Reason reason) {
    Incident incident;
    incident.id = id;
    incident.check_id = check_id;
    incident.check_name = check(check_id).description->name;
    incident.opened_ms = now_ - ago;
    incident.closed_ms = now_ - ago + lasted;
    incident.reason = reason;
    incident.cause = std::move(cause);
    picture_.incidents.push_back(incident);
  }

  // As if the monitor had begun to look so long ago.
  void forget_before(int64_t ago) {
    for (CheckPicture& one : picture_.checks) {
      for (auto* cells : {&one.day, &one.month}) {
        for (Cell& cell : *cells) {
          if (cell.to_ms <= now_ - ago) cell.seconds_in = {}, cell.failed_looks = 0;
        }
      }
      for (SparkPoint& point : one.spark) {
        if (point.from_ms < now_ - ago) point = empty_point(point, 0);
      }
      one.since_ms = std::max(one.since_ms, now_ - ago);
      for (auto* availability : {&one.day_availability, &one.month_availability}) {
        availability->known_ms = std::min(availability->known_ms, ago);
        if (ago == 0) *availability = {};
      }
      if (ago == 0) one.median_ms = one.p95_ms = std::nullopt;
    }
    for (InclusionBin& bin : picture_.inclusion) {
      if (bin.from_ms < now_ - ago) bin.committed = bin.consumed = {};
    }
    picture_.incidents.clear();
    picture_.health.known_ratio = static_cast<double>(ago) / (30 * kDay);
  }

  void forget_results() {
    forget_before(0);
    for (CheckPicture& one : picture_.checks) {
      one.state = CheckState::kUnknown;
      one.since_ms = now_;
      one.last.reset();
      one.recent.clear();
      one.successes = one.failures = 0;
    }
  }

  // An outage of the past, seen in both bars.
  void scar(std::string_view id, size_t cell, uint32_t seconds) {
    CheckPicture& one = check(id);
    Cell& hurt = one.day[cell];
    hurt.seconds_in[0] -= seconds;
    hurt.seconds_in[std::to_underlying(CheckState::kDown)] = seconds;
    hurt.failed_looks = 1 + seconds / 3;
    one.day_availability = {.ratio = 1 - seconds / 86400.0,
                            .known_ms = kDay,
                            .down_ms = seconds * kSecond,
                            .outages = 1};
    one.month_availability = {.ratio = 1 - seconds / 2592000.0,
                              .known_ms = 30 * kDay,
                              .down_ms = seconds * kSecond,
                              .outages = 1};
    one.spark[cell * 2] = empty_point(one.spark[cell * 2], 9);
  }

  Picture& picture() { return picture_; }

 private:
  void fill_history(CheckPicture& one, double latency_ms, int days) {
    std::lognormal_distribution<double> waver(0, 0.12);
    const int64_t day_end = now_ - now_ % (kDay / kDayCells) + kDay / kDayCells;
    for (int i = 0; i < kDayCells; ++i) {
      Cell cell;
      cell.from_ms = day_end - (kDayCells - i) * (kDay / kDayCells);
      cell.to_ms = cell.from_ms + kDay / kDayCells;
      cell.seconds_in[0] = 1800;
      one.day.push_back(cell);
    }
    const int64_t month_end = now_ - now_ % kDay + kDay;
    for (int i = 0; i < days; ++i) {
      Cell cell;
      cell.from_ms = month_end - (days - i) * kDay;
      cell.to_ms = cell.from_ms + kDay;
      cell.seconds_in[0] = 86400;
      one.month.push_back(cell);
    }
    one.month[17].seconds_in[std::to_underlying(CheckState::kDegraded)] = 4000;
    one.month[17].failed_looks = 3;
    for (int i = 0; i < kSparkPoints; ++i) {
      const double middle = latency_ms * waver(random_);
      one.spark.push_back({.from_ms = day_end - (kSparkPoints - i) * 15 * kMinute,
                           .p5_ms = middle * 0.8,
                           .p50_ms = middle,
                           .p95_ms = middle * (1.2 + 0.2 * waver(random_)),
                           .failed_looks = 0});
    }
    one.median_ms = latency_ms;
    one.p95_ms = latency_ms * 1.4;
    one.day_availability = {.ratio = 1, .known_ms = kDay, .down_ms = 0, .outages = 0};
    one.month_availability = {.ratio = 1, .known_ms = 30 * kDay, .down_ms = 0, .outages = 0};
  }

  void add_inclusion() {
    std::lognormal_distribution<double> waver(0, 0.15);
    for (int i = 0; i < kBins; ++i) {
      InclusionBin bin;
      bin.from_ms = now_ - (kBins - i) * 5 * kMinute;
      const double committed = 4.1 * waver(random_), consumed = 9.6 * waver(random_);
      bin.committed = {
          .least = committed * 0.7, .median = committed, .most = committed * 1.5, .timeouts = 0};
      bin.consumed = {
          .least = consumed * 0.8, .median = consumed, .most = consumed * 1.4, .timeouts = 0};
      picture_.inclusion.push_back(bin);
    }
  }

  int64_t now_;
  std::mt19937 random_{kSeed};
  Picture picture_;
};

void one_down(SceneMaker& maker) {
  maker.turn("prover-1", CheckState::kDown, Reason::kTimeout, "No answer within 10 s", 6 * kMinute);
  maker.open_incident(7, "prover-1", 6 * kMinute, Reason::kTimeout);
}

void node_lags(SceneMaker& maker) {
  maker.turn("node-3", CheckState::kDegraded, Reason::kLag, "It is 14 blocks behind the best node",
             11 * kMinute);
  CheckResult& last = *maker.check("node-3").last;
  last.headline = "48,199";
  last.facts = {{"Behind best", "14 blocks"}, {"Genesis", "same"}, {"Version", "0.15.1"}};
  maker.open_incident(8, "node-3", 11 * kMinute, Reason::kLag);
}

void chain_stopped(SceneMaker& maker) {
  maker.turn("blocks", CheckState::kDown, Reason::kStaleTip,
             "Chain tip 48,213 has not changed for 80 seconds", 80 * kSecond);
  CheckPicture& blocks = maker.check("blocks");
  blocks.last->headline = "block 48,213";
  blocks.last->figures = {{"tip", 48213}, {"tip_age_ms", 80000}};
  maker.turn("wallet", CheckState::kDown, Reason::kPending, "Not in a block after 2 min",
             60 * kSecond);
  maker.turn("ntx", CheckState::kDown, Reason::kPending, "6 notes wait to be consumed",
             50 * kSecond);
  maker.turn("explorer", CheckState::kDegraded, Reason::kStaleTip, "Its tip stands still",
             40 * kSecond);
  Incident& incident = maker.open_incident(9, "blocks", 80 * kSecond, Reason::kStaleTip);
  incident.affected = {"Wallet transaction", "Network note", "Explorer"};
}

// Every kind in the state: which is a check of each kind.
void all_of(SceneMaker& maker, CheckState state, Reason reason, const std::string& cause) {
  for (const Kind& kind : network()) maker.turn(kind.id, state, reason, cause, 7 * kMinute);
}

void many(SceneMaker& maker) {
  for (int i = 1; i <= 40; ++i) {
    const Kind& kind = i % 2 == 0 ? network()[5] : network()[9];
    maker.add(kind, fmt::format("check-{}", i), fmt::format("{} {}", kind.name, i));
  }
  maker.turn("check-7", CheckState::kDown, Reason::kRefused, "Connection refused", 20 * kMinute);
  maker.turn("check-22", CheckState::kDegraded, Reason::kQueueFull, "The queue is full",
             3 * kMinute);
}

void hostile(SceneMaker& maker) {
  const std::string script = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&";
  const std::string controls =
      "\x1b[31mred\x1b[0m \x07 \xe2\x80\xae"
      "desrever \xc0\xaf \xff ok";
  maker.turn("prover-1", CheckState::kDown, Reason::kMalformed, script + controls, kMinute);
  maker.turn("faucet", CheckState::kDown, Reason::kTooLarge, "x" + std::string(1 << 20, 'y'),
             kMinute);
  maker.check("validator").last->facts = {
      {"Validated transactions", grouped(UINT64_MAX)}, {script, script}, {"Says", controls}};
  const auto rename = [&](std::string_view id, const std::string& name, const std::string& target) {
    CheckPicture& one = maker.check(id);
    CheckDescription description = *one.description;
    description.name = name;
    description.target = target;
    one.description = std::make_shared<const CheckDescription>(description);
  };
  rename("prover-2", std::string(200, 'W'), "javascript:alert(3)");
  rename("explorer", "מגלה הבלוקים של הרשת " + script, "javascript:alert(4)");
  rename("note-transport",
         "\xe2\x80\xae\xe2\x80\x8f"
         "tropsnart",
         "http://a\"onmouseover=\"alert(5)");
  maker.picture().network_name = "</title>" + script;
  maker.picture().health.stores_history = false;
  maker.picture().health.store_error = script;
  maker.open_incident(UINT64_MAX, "prover-1", kMinute, Reason::kMalformed);
}

struct Scene {
  std::string_view name;
  void (*change)(SceneMaker&);
};

// Changes of a network that is well.
const std::vector<Scene>& scenes() {
  static const std::vector<Scene> all = {
      {"well", [](SceneMaker& maker) { maker.scar("faucet", 21, 540); }},
      {"no-data", [](SceneMaker& maker) { maker.forget_results(); }},
      {"starting",
       [](SceneMaker& maker) {
         maker.forget_results();
         for (const Kind& kind : network() | std::views::take(7)) {
           CheckPicture& one = maker.check(kind.id);
           one.state = CheckState::kOk;
           one.last = good_result(kind, maker.picture().taken_ms);
         }
       }},
      {"young", [](SceneMaker& maker) { maker.forget_before(3 * kHour); }},
      {"one-down", one_down},
      {"two-down",
       [](SceneMaker& maker) {
         one_down(maker);
         maker.turn("faucet", CheckState::kDown, Reason::kHttp, "It answered with HTTP status 502",
                    4 * kMinute);
         maker.check("faucet").last->code = 502;
         maker.open_incident(10, "faucet", 4 * kMinute, Reason::kHttp);
         node_lags(maker);
       }},
      {"node-lags", node_lags},
      {"failed-once",
       [](SceneMaker& maker) {
         CheckPicture& one = maker.check("prover-2");
         one.failed_once = true;
         one.last->outcome = Outcome::kFailed;
         one.last->reason = Reason::kRefused;
         one.last->error = "Connection refused by prover-2.internal:50051";
       }},
      {"chain-stopped", chain_stopped},
      {"all-down",
       [](SceneMaker& maker) {
         all_of(maker, CheckState::kDown, Reason::kRefused, "Connection refused");
       }},
      {"all-degraded",
       [](SceneMaker& maker) {
         all_of(maker, CheckState::kDegraded, Reason::kQueueFull, "It answers, but slowly");
       }},
      {"all-unknown",
       [](SceneMaker& maker) {
         all_of(maker, CheckState::kUnknown, Reason::kLocal, "The monitor has no route to it");
       }},
      {"overdue",
       [](SceneMaker& maker) {
         maker.turn("explorer", CheckState::kOverdue, Reason::kNone, "No result for 22 s",
                    22 * kSecond);
       }},
      {"paused",
       [](SceneMaker& maker) {
         maker.turn("faucet", CheckState::kPaused, Reason::kNone, "", kHour);
       }},
      {"six-states",
       [](SceneMaker& maker) {
         maker.turn("prover-1", CheckState::kDown, Reason::kTimeout, "No answer within 10 s",
                    kMinute);
         maker.turn("prover-2", CheckState::kDegraded, Reason::kWorker, "A worker is away",
                    kMinute);
         maker.turn("ntx", CheckState::kUnknown, Reason::kLocal, "No route", kMinute);
         maker.turn("explorer", CheckState::kOverdue, Reason::kNone, "No result for 22 s",
                    22 * kSecond);
         maker.turn("faucet", CheckState::kPaused, Reason::kNone, "", kHour);
       }},
      {"flapping",
       [](SceneMaker& maker) {
         one_down(maker);
         maker.picture().incidents.front().is_flapping = true;
         for (size_t i = 40; i < 48; i += 2) maker.check("prover-1").day[i].failed_looks = 4;
       }},
      {"recovered",
       [](SceneMaker& maker) {
         maker.scar("prover-1", 46, 380);
         maker.check("prover-1").since_ms = maker.picture().taken_ms - 20 * kSecond;
         maker.close_incident(7, "prover-1", 7 * kMinute, 380 * kSecond, "No answer within 10 s",
                              Reason::kTimeout);
         std::swap(maker.picture().incidents.front(), maker.picture().incidents.back());
       }},
      {"disk-full",
       [](SceneMaker& maker) {
         maker.picture().health.stores_history = false;
         maker.picture().health.store_error = "no space left on device";
       }},
      {"clock-moved",
       [](SceneMaker& maker) { maker.picture().health.clock_moved_ms = -3'600'000; }},
      {"stuck", [](SceneMaker& maker) { maker.picture().taken_ms -= 5 * kMinute; }},
      {"many", many},
      {"hostile", hostile},
  };
  return all;
}

}  // namespace

Picture make_scene(std::string_view name, int64_t now_ms) {
  SceneMaker maker(now_ms);
  if (name == "empty") return maker.picture();
  if (name == "one") {
    const Kind& kind = network().front();
    maker.add(kind, kind.id, kind.name);
    return maker.picture();
  }
  maker.add_network();
  const auto found =
      std::ranges::find_if(scenes(), [&](const Scene& scene) { return scene.name == name; });
  (found != scenes().end() ? *found : scenes().front()).change(maker);
  return maker.picture();
}

}  // namespace miden
