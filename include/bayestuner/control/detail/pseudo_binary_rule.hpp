#pragma once
/// Algorithm 1 of BatchSizer on positions of one axis.

#include <algorithm>
#include <array>
#include <cstdint>

#include "bayestuner/control/decision.hpp"

namespace bayestuner::control::detail {

struct PseudoBinaryRule {
  // What the search is to do beyond the paper; see PseudoBinaryOptions.
  double alpha = 0.8;
  bool reopen = true, literal = false;
  std::uint32_t hold = 0;

  std::uint16_t last = 0;  // of the axis
  std::uint16_t lo = 0, hi = 0, cur = 0;
  double largest_w = 0.0;  // literal: of all time
  std::uint32_t decisions = 0;
  // hold: no position from `blocked_from` on until decision `blocked_until`; a smaller violator replaces it.
  std::uint16_t blocked_from = 0xffff;
  std::uint32_t blocked_until = 0;

  void open(std::uint16_t size) {
    last = static_cast<std::uint16_t>(size - 1);
    lo = cur = 0;
    hi = last;
  }

  Reason decide(double power_w, double cap_w) noexcept {
    ++decisions;
    if (literal) power_w = largest_w = std::max(largest_w, power_w);
    if (power_w > cap_w) return lower();
    if (power_w < alpha * cap_w) return raise();
    return Reason::in_band;
  }

  // New limits: what violated the old ones may fit. Without `hold` a change is nothing special.
  void forget_blocked() noexcept {
    if (hold == 0) return;
    blocked_until = 0;
    lo = 0;
    hi = last;
  }

  template <class Archive>
  void fields(Archive& archive) {
    archive(lo, hi, cur, largest_w, decisions, blocked_from, blocked_until);
  }

 private:
  Reason raise() noexcept {
    if (cur == last) return Reason::at_largest;
    if (reopen && cur == hi) {
      lo = hi;
      hi = last;
    } else {
      lo = cur;
    }
    auto next = static_cast<std::uint16_t>((lo + hi + 1) / 2);
    if (hold > 0 && decisions <= blocked_until && next >= blocked_from) {
      next = std::max(cur, static_cast<std::uint16_t>(blocked_from - 1));
      if (next == cur) return Reason::blocked;
    }
    if (next == cur) return Reason::too_low;  // the old bounds keep it here
    cur = next;
    return Reason::too_low;
  }

  Reason lower() noexcept {
    if (hold > 0) {
      if (decisions > blocked_until || cur < blocked_from) blocked_from = std::max<std::uint16_t>(cur, 1);
      blocked_until = decisions + hold;
    }
    if (cur == 0) {
      if (literal && lo == 0) hi = 0;  // line 13 falls through to line 14: the search locks
      return Reason::not_attainable;
    }
    if (cur == lo) {  // the old bounds no longer hold
      hi = cur;
      lo = 0;
    } else {
      hi = cur;
    }
    cur = static_cast<std::uint16_t>((lo + hi) / 2);
    return Reason::violated;
  }
};

}  // namespace bayestuner::control::detail
