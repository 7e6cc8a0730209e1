// Estimates on one machine under one runtime, kept across models: platforms by batch, and on each
// of them what equal kernels cost. A scorer of many models asks for the same few thousand again and
// again. Not for several threads at once.
//
//   EstimateCache cache(8192);
//   auto t4 = cache.PlatformAt(8, [&] { return MakePlatform(target, nullptr, {.batch = 8}); });
//   cache.Estimate(kernel, **t4);  // as EstimateKernel(kernel, **t4)
#ifndef ASSAY_HW_ESTIMATE_CACHE_H_
#define ASSAY_HW_ESTIMATE_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "hw/estimate.h"
#include "hw/kernel.h"

namespace assay {

class EstimateCache {
 public:
  // At most so many kernels are kept (each takes about 2 kB), and the platforms of 256 batches;
  // with one more, all are forgotten.
  explicit EstimateCache(size_t most_kernels) : most_kernels_(most_kernels) {}

  // `make` is asked once per batch, and again after an error.
  absl::StatusOr<std::shared_ptr<const Platform>> PlatformAt(
      int64_t batch, absl::FunctionRef<absl::StatusOr<Platform>()> make);
  // `platform`: one that PlatformAt gave.
  KernelEstimate Estimate(const Kernel& kernel, const Platform& platform);

  size_t asked() const { return asked_; }
  size_t known() const { return known_; }  // of those, answered from the cache

 private:
  void Forget();

  const size_t most_kernels_;
  size_t kept_ = 0, asked_ = 0, known_ = 0;
  // Platforms stay: names in an estimate are views of their target's.
  absl::flat_hash_map<int64_t, std::shared_ptr<const Platform>> platforms_;  // by batch
  absl::flat_hash_map<const Platform*, absl::flat_hash_map<Kernel, KernelEstimate>> kernels_;
};

}  // namespace assay

#endif  // ASSAY_HW_ESTIMATE_CACHE_H_
