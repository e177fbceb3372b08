#include "monitor/watch.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <limits>
#include <random>
#include <thread>
#include <utility>

#include "base/bytes.hpp"
#include "monitor/announcements.hpp"
#include "monitor/history_writer.hpp"
#include "monitor/incidents.hpp"
#include "monitor/roll_up.hpp"
#include "monitor/watched_check.hpp"
#include "monitor/webhook.hpp"
#include "telemetry/log.hpp"

namespace miden {

namespace {

constexpr int64_t kKeepEveryUs = 250'000;
constexpr int64_t kPictureEveryUs = 5'000'000;
constexpr int64_t kSoonUs = 15'000'000;  // after a first failure
constexpr int64_t kLeastPatienceMs = 3000;
constexpr int64_t kClockLeapMs = 2000;
constexpr int64_t kSayClockMovedUs = int64_t{10} * 60 * 1'000'000;
constexpr int64_t kForgetEveryUs = int64_t{10} * 60 * 1'000'000;
// A clock that leapt may be wrong: until it has gone on like that for a day nothing is deleted.
constexpr int64_t kTrustClockAfterUs = int64_t{24} * 60 * 60 * 1'000'000;

std::string random_boot() {
  std::random_device random;
  std::array<uint8_t, 8> bytes{};
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return to_hex(bytes);
}

// One result in words of its own where the check's code failed, which must not end the others.
CheckResult look_at(const Check& check, const std::stop_token& stop) {
  std::string error;
  try {
    return check.look(stop);
  } catch (const std::exception& failure) {
    error = failure.what();
  } catch (...) {
    error = "an exception without a text";
  }
  log_error("a check failed by a fault of the monitor's own",
            {{"check", check.description.id}, {"error", error}});
  CheckResult result;
  result.outcome = Outcome::kInconclusive;
  result.reason = Reason::kLocal;
  result.error = "could not check: " + error;
  return result;
}

}  // namespace

struct Watch::State {
  State(std::vector<Check> checks, WatchOptions given);
  ~State();

  struct Moment {
    int64_t wall_ms, steady_us;
  };
  struct UnderWay {
    int64_t started_ms, started_us;
    int64_t unanswered = 0;  // patiences that are over
  };
  struct Slot {
    Check check;
    std::unique_ptr<WatchedCheck> watched;
    std::optional<UnderWay> under_way;
    int64_t last_us = 0;  // end of the last look
    bool is_changed = true;
    CheckPicture picture;
    std::condition_variable_any timer;  // nobody notifies it
    std::jthread thread;
  };

  // All with the lock held.
  Moment now();
  void note_clock_leap(Moment now, int64_t by_ms);
  void take(size_t index, std::optional<StateChange> change, Moment now);
  void judge_reach(size_t index, CheckResult& result, Moment now) const;
  bool is_cut_off() const;
  void keep(Moment now);
  std::shared_ptr<const Picture> make_picture(Moment now);

  void look_on_and_on(size_t index, const std::stop_token& stop, int64_t first_us);
  void keep_on(const std::stop_token& stop);
  void found_late(const History& history);
  void publish(std::shared_ptr<const Picture> picture);

  const WatchOptions options;
  const Clock& clock;
  const std::string boot = random_boot();

  std::mutex mutex;  // guards all up to the published picture
  std::condition_variable_any changed;
  bool is_changed = true;
  std::vector<std::unique_ptr<Slot>> slots;
  std::optional<Incidents> incidents;
  std::optional<Announcements> announcements;
  int64_t began_ms = 0;
  int64_t wall_less_steady_ms = 0;
  std::optional<int64_t> clock_moved_ms;
  int64_t clock_moved_us = 0;
  uint64_t clock_jumps = 0;
  int64_t trusted_from_us = std::numeric_limits<int64_t>::min();
  int64_t next_forget_us = 0;
  int64_t next_picture_us = 0;
  uint64_t sequence = 0;
  std::string webhook_memory;
  HistoryWriter::Status history_status;

  mutable std::mutex published_mutex;  // guards the pointer only
  mutable std::condition_variable_any published_changed;
  std::shared_ptr<const Picture> published;

  std::unique_ptr<HistoryWriter> writer;
  std::unique_ptr<Webhook> webhook;
  std::jthread keeper;
};

Watch::State::State(std::vector<Check> checks, WatchOptions given)
    : options(std::move(given)), clock(*options.clock) {
  const std::lock_guard lock(mutex);  // all threads wait until everything is there
  const Moment start{clock.wall_ms(), clock.steady_us()};
  began_ms = start.wall_ms;
  wall_less_steady_ms = start.wall_ms - start.steady_us / 1000;
  next_forget_us = start.steady_us + kForgetEveryUs;

  std::vector<std::string> ids;
  for (const Check& check : checks) ids.push_back(check.description.id);
  std::optional<History> history;
  if (!options.history_directory.empty()) {
    writer = std::make_unique<HistoryWriter>(
        HistoryWriter::Options{options.history_directory, options.history, options.clock, ids,
                               [this](const History& found) { found_late(found); }});
    history = writer->take_history();
    history_status = writer->status();
  }

  std::vector<Incidents::Subject> subjects;
  std::vector<Announcements::Subject> told;
  for (Check& check : checks) {
    const CheckDescription& description = check.description;
    const History::OfCheck* remembered = nullptr;
    if (history && history->checks.contains(description.id))
      remembered = &history->checks.at(description.id);
    auto slot = std::make_unique<Slot>();
    slot->watched = std::make_unique<WatchedCheck>(
        description, check.seed, std::ranges::count(options.paused, description.id) > 0,
        start.wall_ms, remembered);
    subjects.push_back({description.id, description.name, description.parents,
                        description.interval.count(), slot->watched->known()});
    told.push_back({description.id, description.name, description.group, description.target});
    slot->last_us = start.steady_us;
    slot->check = std::move(check);
    slots.push_back(std::move(slot));
  }
  incidents.emplace(std::move(subjects),
                    history ? std::move(history->incidents) : std::vector<Incident>{},
                    start.wall_ms);
  if (options.webhook) {
    const auto kept = nlohmann::json::parse(
        history ? history->webhook.value_or("{}") : std::string("{}"), nullptr, false);
    const auto part = [&](const char* name) {
      return kept.is_object() ? kept.value(name, nlohmann::json()) : nlohmann::json();
    };
    announcements.emplace(Announcements::Options{options.network_name, options.page_url,
                                                 options.webhook->after.count()},
                          std::move(told), part("told"));
    webhook = std::make_unique<Webhook>(*options.webhook, options.clock, part("outbox"));
  }
  publish(make_picture(start));

  for (size_t i = 0; i < slots.size(); ++i)
    if (!slots[i]->watched->is_paused())
      slots[i]->thread = std::jthread([this, i, start](const std::stop_token& stop) {
        look_on_and_on(i, stop, start.steady_us);
      });
  keeper = std::jthread([this](const std::stop_token& stop) { keep_on(stop); });
}

Watch::State::~State() {
  keeper.request_stop();
  for (const auto& slot : slots) slot->thread.request_stop();
  for (const auto& slot : slots)
    if (slot->thread.joinable()) slot->thread.join();
  if (keeper.joinable()) keeper.join();
  {
    const std::lock_guard lock(mutex);
    keep(now());
  }
  webhook.reset();
  writer.reset();  // writes the rest
}

// The time; and whether the wall clock went on as it should since the last call.
Watch::State::Moment Watch::State::now() {
  Moment now{};
  // Both at one time, or nearly: a thread that was held up between them saw no leap.
  for (int attempt = 0; attempt < 10; ++attempt) {
    const int64_t before_us = clock.steady_us();
    now = {clock.wall_ms(), clock.steady_us()};
    if (now.steady_us - before_us < 1000 * kClockLeapMs / 2) break;
  }
  const int64_t offset_ms = now.wall_ms - now.steady_us / 1000;
  const int64_t by_ms = offset_ms - std::exchange(wall_less_steady_ms, offset_ms);
  if (by_ms > kClockLeapMs || by_ms < -kClockLeapMs) note_clock_leap(now, by_ms);
  return now;
}

void Watch::State::note_clock_leap(Moment now, int64_t by_ms) {
  log_warn("the clock of this machine was moved; durations are not affected, times are",
           {{"by_ms", by_ms}});
  for (const auto& slot : slots) {
    slot->watched->clock_moved(now.wall_ms - by_ms, now.wall_ms);
    if (slot->under_way) slot->under_way->started_ms += by_ms;
    slot->is_changed = true;
  }
  incidents->clock_moved(by_ms);
  ++clock_jumps;
  clock_moved_ms = by_ms;
  clock_moved_us = now.steady_us;
  trusted_from_us = now.steady_us + kTrustClockAfterUs;
  is_changed = true;
}

void Watch::State::take(size_t index, std::optional<StateChange> change, Moment now) {
  Slot& slot = *slots[index];
  slot.is_changed = true;
  is_changed = true;
  if (!change) return;
  const LogFields fields{{"check", slot.check.description.id},
                         {"from", to_text(change->from)},
                         {"to", to_text(change->to)},
                         {"reason", to_text(change->reason)},
                         {"cause", change->cause}};
  if (change->to == CheckState::kOk)
    log_info("a check's state changed", fields);
  else
    log_warn("a check's state changed", fields);
  incidents->state_changed(index, *change);
  if (announcements) announcements->state_changed(index, *change, now.steady_us / 1000);
}

// Where no name resolves any more, for nobody, it is this machine that cannot.
void Watch::State::judge_reach(size_t index, CheckResult& result, Moment now) const {
  if (result.outcome != Outcome::kFailed || result.reason != Reason::kDns) return;
  const int64_t recent_us =
      now.steady_us - 2 * 1000 * slots[index]->check.description.interval.count();
  size_t others = 0;
  for (size_t i = 0; i < slots.size(); ++i) {
    const auto& last = slots[i]->watched->last();
    if (i == index || !last || slots[i]->last_us < recent_us) continue;
    ++others;
    if (last->reason != Reason::kDns && last->reason != Reason::kLocal) return;
  }
  if (others == 0) return;
  result.outcome = Outcome::kInconclusive;
  result.reason = Reason::kLocal;
  result.error = "no name can be resolved here: " + result.error;
}

bool Watch::State::is_cut_off() const {
  size_t seen = 0;
  for (const auto& slot : slots) {
    if (slot->watched->is_paused()) continue;
    ++seen;
    if (slot->watched->state() != CheckState::kUnknown || slot->watched->reason() != Reason::kLocal)
      return false;
  }
  return seen > 0;
}

void Watch::State::look_on_and_on(size_t index, const std::stop_token& stop, int64_t first_us) {
  Slot& slot = *slots[index];
  const int64_t interval_us = std::max<int64_t>(1, slot.check.description.interval.count()) * 1000;
  int64_t next_us = first_us;
  while (true) {
    UnderWay under_way{};
    {
      std::unique_lock lock(mutex);
      clock.wait_until(lock, slot.timer, stop, next_us, [] { return false; });
      if (stop.stop_requested()) return;
      const Moment start = now();
      under_way = {start.wall_ms, start.steady_us};
      slot.under_way = under_way;
    }
    CheckResult result = look_at(slot.check, stop);
    if (stop.stop_requested()) return;  // cut short: says nothing about what was looked at

    const std::lock_guard lock(mutex);
    const Moment end = now();
    result.started_ms = slot.under_way->started_ms;
    if (result.duration_us == 0) result.duration_us = end.steady_us - under_way.started_us;
    slot.under_way.reset();
    slot.last_us = end.steady_us;
    judge_reach(index, result, end);
    take(index, slot.watched->result(std::move(result), end.wall_ms), end);
    changed.notify_all();
    // On the grid of the first look; what was missed is skipped.
    next_us = first_us + ((end.steady_us - first_us) / interval_us + 1) * interval_us;
    if (slot.watched->failed_once()) next_us = std::min(next_us, end.steady_us + kSoonUs);
  }
}

// What time alone changes, and what goes to the disk and the webhook.
void Watch::State::keep(Moment now) {
  for (size_t i = 0; i < slots.size(); ++i) {
    Slot& slot = *slots[i];
    if (slot.under_way) {
      const CheckDescription& description = slot.check.description;
      const int64_t patience_ms =
          description.patience.count() > 0
              ? description.patience.count()
              : std::max<int64_t>(description.interval.count(), kLeastPatienceMs);
      const int64_t over = (now.steady_us - slot.under_way->started_us) / 1000 / patience_ms;
      if (over > slot.under_way->unanswered) {
        slot.under_way->unanswered = over;
        take(i, slot.watched->unanswered(slot.under_way->started_ms, now.wall_ms), now);
      }
    }
    if (auto change = slot.watched->tick(now.wall_ms)) take(i, std::move(change), now);
  }
  incidents->tick(now.wall_ms, is_cut_off());

  if (announcements)
    webhook->add(announcements->take_due(now.steady_us / 1000, now.wall_ms, [this](size_t check) {
      return incidents->newest_of(check);
    }));

  const bool is_trusted = now.steady_us >= trusted_from_us;
  const bool forgets = is_trusted && now.steady_us >= next_forget_us;
  if (writer) {
    HistoryBatch batch;
    for (const auto& slot : slots) slot->watched->take_changes(batch);
    for (Incident& incident : incidents->take_changed()) {
      is_changed = true;
      batch.incidents[incident.id] = std::move(incident);
    }
    if (webhook) {
      std::string memory =
          nlohmann::json{{"told", announcements->memory()}, {"outbox", webhook->outbox()}}.dump();
      if (memory != webhook_memory) batch.webhook = webhook_memory = std::move(memory);
    }
    writer->add(std::move(batch));
    if (forgets) writer->prune(now.wall_ms);
    HistoryWriter::Status status = writer->status();
    if (status.is_writing != history_status.is_writing || status.error != history_status.error)
      is_changed = true;
    history_status = std::move(status);
  } else {
    HistoryBatch nobody_keeps_it;
    for (const auto& slot : slots) slot->watched->take_changes(nobody_keeps_it);
    if (!incidents->take_changed().empty()) is_changed = true;
  }
  if (forgets) {
    next_forget_us = now.steady_us + kForgetEveryUs;
    for (const auto& slot : slots) slot->watched->forget(now.wall_ms);
    incidents->forget(now.wall_ms);
  }
  if (clock_moved_ms && now.steady_us - clock_moved_us >= kSayClockMovedUs) {
    clock_moved_ms.reset();
    is_changed = true;
  }
}

std::shared_ptr<const Picture> Watch::State::make_picture(Moment now) {
  const bool is_time = now.steady_us >= next_picture_us;
  auto picture = std::make_shared<Picture>();
  picture->sequence = ++sequence;
  picture->boot = boot;
  picture->started_ms = began_ms;
  picture->taken_ms = now.wall_ms;
  picture->network_name = options.network_name;
  picture->version = options.version;
  std::vector<const RollUps*> inclusion;
  int64_t known_ms = 0, unseen_ms = 0;
  for (const auto& slot : slots) {
    if (slot->is_changed || is_time) slot->picture = slot->watched->picture(now.wall_ms);
    slot->is_changed = false;
    const CheckPicture& check = picture->checks.emplace_back(slot->picture);
    const CheckKind kind = check.description->kind;
    if (kind == CheckKind::kLocalTransaction || kind == CheckKind::kNetworkTransaction)
      inclusion.push_back(&slot->watched->roll_ups());
    known_ms += check.month_availability.known_ms;
    for (const Cell& cell : check.month)
      for (const CheckState state : {CheckState::kUnknown, CheckState::kOverdue})
        unseen_ms += int64_t{1000} * cell.seconds_in[std::to_underlying(state)];
  }
  picture->incidents = incidents->shown(now.wall_ms);
  picture->inclusion = inclusion_bins(inclusion, now.wall_ms);

  MonitorHealth& health = picture->health;
  health.has_history = writer != nullptr;
  health.stores_history = history_status.is_writing;
  health.store_error = history_status.error;
  health.store_write_failures = history_status.failures;
  health.store_size_bytes = history_status.size_bytes;
  health.clock_moved_ms = clock_moved_ms;
  health.clock_jumps = clock_jumps;
  if (known_ms + unseen_ms > 0)
    health.known_ratio = static_cast<double>(known_ms) / static_cast<double>(known_ms + unseen_ms);
  if (webhook) {
    const Webhook::Status status = webhook->status();
    health.webhook_delivered = status.delivered;
    health.webhook_failed = status.failed;
    health.webhook_queue = status.waiting;
  }
  is_changed = false;
  next_picture_us = now.steady_us + kPictureEveryUs;
  return picture;
}

void Watch::State::keep_on(const std::stop_token& stop) {
  int64_t next_us = 0;
  while (!stop.stop_requested()) {
    std::shared_ptr<const Picture> picture;
    {
      std::unique_lock lock(mutex);
      clock.wait_until(lock, changed, stop, next_us, [this] { return is_changed; });
      if (stop.stop_requested()) return;
      const Moment moment = now();
      keep(moment);
      if (is_changed || moment.steady_us >= next_picture_us) picture = make_picture(moment);
      next_us = moment.steady_us + kKeepEveryUs;
    }
    if (picture) publish(std::move(picture));
  }
}

void Watch::State::found_late(const History& history) {
  const std::lock_guard lock(mutex);
  for (const auto& slot : slots) {
    const auto found = history.checks.find(slot->check.description.id);
    if (found == history.checks.end()) continue;
    slot->watched->add_older(found->second, began_ms);
    slot->is_changed = true;
  }
  incidents->add_older(history.incidents, began_ms);
  is_changed = true;
  changed.notify_all();
}

void Watch::State::publish(std::shared_ptr<const Picture> picture) {
  {
    const std::lock_guard lock(published_mutex);
    published.swap(picture);
  }
  published_changed.notify_all();
}

Watch::Watch(std::unique_ptr<State> state) : state_(std::move(state)) {}
Watch::~Watch() = default;

std::unique_ptr<Watch> Watch::start(std::vector<Check> checks, WatchOptions options) {
  return std::unique_ptr<Watch>(
      new Watch(std::make_unique<State>(std::move(checks), std::move(options))));
}

std::shared_ptr<const Picture> Watch::picture() const {
  const std::lock_guard lock(state_->published_mutex);
  return state_->published;
}

std::shared_ptr<const Picture> Watch::wait_for_change(uint64_t sequence,
                                                      std::chrono::milliseconds timeout,
                                                      const std::stop_token& stop) const {
  std::unique_lock lock(state_->published_mutex);
  state_->published_changed.wait_for(lock, stop, timeout,
                                     [&] { return state_->published->sequence > sequence; });
  return state_->published;
}

}  // namespace miden
