#include "hw/estimate_cache.h"

#include <utility>

namespace assay {
namespace {

constexpr size_t kMostPlatforms = 256;

}  // namespace

absl::StatusOr<std::shared_ptr<const Platform>> EstimateCache::PlatformAt(
    int64_t batch, absl::FunctionRef<absl::StatusOr<Platform>()> make) {
  const auto at = platforms_.find(batch);
  if (at != platforms_.end()) return at->second;
  absl::StatusOr<Platform> made = make();
  if (!made.ok()) return made.status();
  auto platform = std::make_shared<const Platform>(*std::move(made));
  if (platforms_.size() == kMostPlatforms) Forget();
  platforms_.emplace(batch, platform);
  return platform;
}

KernelEstimate EstimateCache::Estimate(const Kernel& kernel, const Platform& platform) {
  ++asked_;
  auto& kernels = kernels_[&platform];
  if (const auto at = kernels.find(kernel); at != kernels.end()) {
    ++known_;
    return at->second;
  }
  KernelEstimate estimate = EstimateKernel(kernel, platform);
  if (kept_ == most_kernels_) {
    for (auto& [of, all] : kernels_) all.clear();
    kept_ = 0;
  }
  ++kept_;
  kernels.emplace(kernel, estimate);
  return estimate;
}

void EstimateCache::Forget() {
  platforms_.clear();
  kernels_.clear();
  kept_ = 0;
}

}  // namespace assay
