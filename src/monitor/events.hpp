// The page's live updates, as text of an event stream (`/events`).
//
// hello {boot, build, server_ms} · snapshot {seq, html_by_id}, all fragments · update {seq,
// html_by_id}, those that changed · tick {seq, server_ms}, a sign of life · bye.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "monitor/page.hpp"

namespace miden {

// Knows what pages have been told. Its id of an event names everything up to it; there is no log of
// earlier events, whoever has another id gets a snapshot.
class EventFeed {
 public:
  EventFeed(std::string boot, std::string build);

  // What pages look like now. The event that brings those up to date that had the state before;
  // empty where nothing changed.
  std::string update(std::vector<Fragment> fragments);

  // Of the newest state: "<boot>-<seq>".
  std::string id() const;
  std::string hello(int64_t server_ms) const;
  std::string snapshot() const;
  std::string tick(int64_t server_ms) const;
  static std::string bye();

 private:
  const std::string boot_, build_;
  uint64_t sequence_ = 0;
  std::map<std::string, std::string> html_by_id_;
};

}  // namespace miden
