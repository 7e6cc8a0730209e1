#include "hw/fallback.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "hw/runtime.h"
#include "hw/units.h"

namespace assay {
namespace {

const Link* HostLink(const Target& target) {
  for (const Link& link : target.links) {
    if (link.role == LinkRole::kHost) return &link;
  }
  return nullptr;
}

// Something outside of the target that takes `bytes` so long.
ResourceUse Outside(absl::string_view name, double bytes, double peak, double seconds) {
  return {.name = name,
          .outside = true,
          .amount = bytes,
          .unit = "B",
          .peak = peak,
          .rate = seconds > 0 ? bytes / seconds : 0,
          .seconds = seconds};
}

}  // namespace

bool OperatorList::Lacks(absl::string_view domain, absl::string_view type) const {
  if (names_.empty() || names_.contains(type)) return false;
  return domain.empty() || !names_.contains(absl::StrCat(domain, ".", type));
}

absl::StatusOr<HostSide> HostOf(const Platform& platform, int64_t batch) {
  const Target& target = *platform.target;
  HostSide out;
  out.link = HostLink(target);
  const absl::string_view over = out.link != nullptr ? out.link->name : target.dram().name;
  out.operand_rate =
      out.link != nullptr ? out.link->bandwidth.value : target.Bandwidth(target.dram());
  out.low_factor = platform.low_factor;
  out.high_factor = platform.high_factor;
  if (target.host.empty()) {
    // A host that took no time to start would make what it runs the fastest there is.
    out.launch = target.launch.value_or(0);
    out.assumption = absl::StrCat(
        "no host is named: what ", target.name, " lacks takes a launch",
        out.launch > 0 ? absl::StrCat(" of ", FormatQuantity(out.launch, Unit::kSeconds)) : "",
        " and the time of its operands at ",
        FormatQuantity(out.operand_rate, Unit::kBytesPerSecond), " over ", over);
    return out;
  }
  absl::StatusOr<std::shared_ptr<const Target>> host = FindTarget(target.host);
  if (!host.ok()) return host.status();
  EstimateOptions options{.batch = batch};
  for (absl::string_view name : PrecisionsOf(**host)) {
    if (name == platform.precision->name) options.precision = std::string(name);
  }
  absl::StatusOr<Platform> made = MakePlatform(*std::move(host), nullptr, options);
  if (!made.ok()) return made.status();
  out.assumption = absl::StrCat(
      "what ", target.name, " lacks runs on ", made->target->name, " under ", made->runtime->name,
      ", ", made->calibration_label, ", ",
      out.link == nullptr ? absl::StrCat("in the same ", over) : absl::StrCat("behind ", over));
  out.platform = std::make_shared<const Platform>(*std::move(made));
  return out;
}

KernelEstimate EstimateOnHost(const Kernel& kernel, const Crossing& crossing,
                              const Platform& platform, const HostSide& host) {
  KernelEstimate e;
  e.fallback = true;
  double waiting = 0, moving = 0;
  if (host.link != nullptr && crossing.bytes > 0) {
    const double bandwidth = host.link->bandwidth.value;
    waiting = crossing.tensors * host.link->latency.value_or(0);
    moving = bandwidth > 0 ? crossing.bytes / bandwidth : 0;
    e.crossing_bytes = crossing.bytes;
    e.parts.push_back(Outside(host.link->name, crossing.bytes, bandwidth, waiting + moving));
  }
  double own = 0, low = 0, high = 0, roofline = 0;
  if (host.platform != nullptr) {
    const KernelEstimate there = EstimateKernel(kernel, *host.platform);
    own = std::max(there.seconds, there.host_seconds);
    low = std::min(own, there.low);
    high = std::max(own, there.high);
    roofline = there.roofline;
    e.overhead = there.overhead;
    e.mapping.math = there.mapping.math;
    e.replaced_math = there.replaced_math;
  } else {
    roofline = host.operand_rate > 0 ? kernel.bytes() / host.operand_rate : 0;
    own = host.launch + roofline;
    low = own * std::min(1.0, host.low_factor);
    high = own * std::max(1.0, host.high_factor);
    e.overhead = host.launch;
  }
  e.parts.push_back(Outside("host", kernel.bytes(), 0, own));
  e.seconds = waiting + moving + own;
  e.low = waiting + moving + low;
  e.high = waiting + moving + high;
  e.roofline = moving + roofline;
  e.overhead += waiting;
  const bool link_bound = waiting + moving > own;
  e.limit = link_bound ? absl::string_view(host.link->name) : "host";
  e.bound = link_bound ? Bound::kBandwidth : Bound::kOverhead;
  e.energy = EnergyOf(*platform.target, e.seconds, e.parts);
  return e;
}

}  // namespace assay
