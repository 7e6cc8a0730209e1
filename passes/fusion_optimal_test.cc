#include "passes/fusion_optimal.h"

#include <limits>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "passes/fusion.h"
#include "passes/kernel_rules.h"
#include "passes/kernel_space.h"
#include "passes/partition_test_util.h"
#include "passes/passes_test_util.h"

namespace assay {
namespace {

PassRequest Optimal(FusionKey key = {}) {
  PassRequest request;
  key.policy = "optimal";
  request.fusions = {{.policy = "none"}, {.policy = "greedy"}, key};
  request.verify = true;  // each op in one kernel, no cycle, traffic adds up
  return request;
}

// Index of the partition by `optimal` in the above.
constexpr int kOptimal = 2;

// What of an analysed graph the policy needs.
struct Parts {
  explicit Parts(const Analyzed& run)
      : run(run),
        flow(*run->flow),
        apart(GroupingOf(*run->partitions[0], flow)),
        space(KernelSpace::Build(run.graph(), *run->shapes, *run->execution, *run->works,
                                 *run->numbers, flow, apart)) {}

  LeastTraffic Minimize(const LeastTrafficEffort& effort, const FusionKey& key = {}) const {
    return MinimizeTraffic(run.graph(), *run->shapes, *run->execution, *run->works, *run->numbers,
                           flow, key, apart, effort);
  }
  Partition Finish(const Grouping& grouping) const {
    return FinishPartition(run.graph(), *run->execution, *run->numbers, flow, {}, grouping);
  }

  const Analyzed& run;
  const Flow& flow;
  Grouping apart;  // every op by itself
  KernelSpace space;
};

// The slow twin: every set partition of the nodes, each judged and measured as a whole.
class AllPartitions {
 public:
  AllPartitions(const Parts& parts, const FusionKey& key) : parts_(parts), key_(key) {}

  double Best() {
    kernel_.assign(parts_.space.nodes.size(), -1);
    Try(0, 0);
    return best_;
  }

 private:
  void Try(size_t node, int kernels) {
    if (node == kernel_.size()) {
      Grouping grouping;
      for (int32_t n : parts_.space.node_of) grouping.kernel_of.push_back(kernel_[n]);
      for (int k = 0; k < kernels; ++k) {
        if (!Legal(k)) return;
      }
      if (!CanRun(kernels)) return;
      grouping.groups.resize(kernels);
      const Partition p = parts_.Finish(grouping);
      for (const Partition::KernelOps& k : p.kernels) {
        if (k.ops.size() < 2) continue;
        if (key_.scratchpad_bytes > 0 && k.bytes_internal > key_.scratchpad_bytes) return;
        if (key_.max_inputs > 0 && static_cast<int>(k.reads.size()) > key_.max_inputs) return;
      }
      best_ = std::min(best_, p.bytes_fused);
      return;
    }
    for (int k = 0; k <= kernels; ++k) {
      kernel_[node] = k;
      Try(node + 1, std::max(kernels, k + 1));
    }
    kernel_[node] = -1;
  }

  bool Legal(int kernel) const {
    const std::vector<KernelNode>& nodes = parts_.space.nodes;
    std::vector<int32_t> in;
    std::vector<uint8_t> leaves;
    for (size_t n = 0; n < nodes.size(); ++n) {
      if (kernel_[n] != kernel) continue;
      in.push_back(static_cast<int32_t>(n));
      leaves.push_back(0);
      for (const KernelNode::Write& w : nodes[n].writes) {
        leaves.back() |= w.escapes;
        for (int32_t slot : parts_.flow.readers(w.value)) {
          leaves.back() |= kernel_[parts_.space.node_of[slot]] != kernel;
        }
      }
    }
    if (in.size() < 2) return true;
    // Which of them hang together, and all edges among them.
    std::vector<uint8_t> met(in.size(), 0);
    met[0] = 1;
    for (size_t round = 0; round < in.size(); ++round) {
      for (size_t a = 0; a < in.size(); ++a) {
        for (size_t b = a + 1; b < in.size(); ++b) {
          const KernelNode &from = nodes[in[a]], &to = nodes[in[b]];
          if (NeverTogether(from, to)) return false;
          bool pair = false;
          for (const KernelNode::Read& r : to.reads) {
            if (r.writer == in[a]) {
              if (!MayPass(from, to, r)) return false;
              pair = true;
            }
            for (const KernelNode::Read& q : from.reads) {
              pair |= q.value == r.value && MayShare(from, q, to, r);
            }
          }
          if (pair && (met[a] != 0 || met[b] != 0)) met[a] = met[b] = 1;
        }
      }
    }
    for (uint8_t m : met) {
      if (m == 0) return false;
    }
    return LegalKernel(parts_.space, in, leaves);
  }

  bool CanRun(int kernels) const {
    std::vector<uint8_t> done(kernels, 0);
    int left = kernels;
    for (bool ran = true; ran;) {
      ran = false;
      for (int k = 0; k < kernels; ++k) {
        if (done[k] != 0) continue;
        bool ready = true;
        for (size_t n = 0; n < kernel_.size(); ++n) {
          if (kernel_[n] != k) continue;
          for (int32_t p : parts_.space.preds[n]) {
            ready &= kernel_[p] == k || done[kernel_[p]] != 0;
          }
        }
        if (!ready) continue;
        done[k] = 1;
        ran = true;
        --left;
      }
    }
    return left == 0;
  }

  const Parts& parts_;
  const FusionKey key_;
  std::vector<int32_t> kernel_;  // by node
  double best_ = std::numeric_limits<double>::infinity();
};

// A random graph of a few ops over [8, 8] and its rows; with `parts` many of them read or make the
// upper or the lower half of a tensor.
std::string RandomGraph(int seed, int ops, bool parts) {
  std::mt19937 random(seed);
  std::string text =
      "arg %x: f32[8, 8]\narg %y: f32[8, 8]\nweight %w = f32[8, 8]\n"
      "weight %at0 = i64[1] {0}\nweight %at4 = i64[1] {4}\nweight %at8 = i64[1] {8}\n"
      "weight %some = i64[4] {0, 2, 4, 6}\n";
  std::vector<std::string> full = {"%x", "%y"}, rows, halves;
  std::vector<std::string> unused;
  for (int i = 0; i < ops; ++i) {
    auto pick = [&](std::vector<std::string>& from) {
      // Mostly what is new.
      const size_t back =
          random() % 3 == 0 ? random() % from.size() : random() % std::min<size_t>(from.size(), 3);
      return from[from.size() - 1 - back];
    };
    const std::string name = absl::StrCat("%v", i);
    std::string rest, more;
    bool row = false, half = false;
    switch (random() % (parts ? 16 : 9)) {
      case 0:
        rest = absl::StrCat("MatMul(", pick(full), ", %w)");
        break;
      case 1:
        rest = absl::StrCat("Softmax(", pick(full), ")");
        break;
      case 2:
        rest = absl::StrCat("ReduceMean(", pick(full), ") {axes = [-1]}");
        row = true;
        break;
      case 3:
        rest = absl::StrCat("Transpose(", pick(full), ") {perm = [1, 0]}");
        break;
      case 4:
        rest = absl::StrCat("Sigmoid(", pick(full), ")");
        break;
      case 5:
        row = !rows.empty();
        rest = absl::StrCat("Sqrt(", row ? pick(rows) : pick(full), ")");
        break;
      case 6:
        if (!rows.empty()) {
          rest = absl::StrCat("Sub(", pick(full), ", ", pick(rows), ")");
          break;
        }
        [[fallthrough]];
      case 7:
      case 8:
        rest = absl::StrCat("Add(", pick(full), ", ", pick(full), ")");
        break;
      case 9:
        half = true;
        rest = absl::StrCat("Gather(", pick(full), ", %some) {axis = 0}");
        break;
      case 10:
        half = true;
        more = absl::StrCat(name, "b");
        rest = absl::StrCat("Split(", pick(full), ") {axis = 0}");
        break;
      case 11:
      case 12:
        if (!halves.empty()) {
          half = random() % 2 == 0;
          rest = absl::StrCat(half ? "Add(" : "Concat(", pick(halves), ", ", pick(halves), ")",
                              half ? "" : " {axis = 0}");
          break;
        }
        [[fallthrough]];
      default:
        half = true;
        rest = absl::StrCat("Slice(", pick(full),
                            random() % 2 == 0 ? ", %at0, %at4" : ", %at4, %at8", ", %at0)");
    }
    absl::StrAppend(&text, name, more.empty() ? "" : ", ", more, " = ", rest, "\n");
    std::vector<std::string>& made = row ? rows : half ? halves : full;
    made.push_back(name);
    if (!more.empty()) made.push_back(more);
    absl::StrAppend(&unused.emplace_back(), name);
  }
  // The last results, and now and then one in the middle, go out.
  std::string out = unused.back();
  for (int i = 0; i + 1 < ops; ++i) {
    if (text.find(absl::StrCat("v", i, ",")) == std::string::npos &&
        text.find(absl::StrCat("v", i, ")")) == std::string::npos) {
      absl::StrAppend(&out, ", ", unused[i]);
    } else if (random() % 6 == 0) {
      absl::StrAppend(&out, ", ", unused[i]);
    }
  }
  return absl::StrCat(text, "return ", out, "\n");
}

TEST(FusionOptimal, IsTheBestOfAllSetPartitions) {
  int better = 0;
  for (int seed = 0; seed < 240; ++seed) {
    const std::string text = RandomGraph(seed, 4 + seed % 4, /*parts=*/seed >= 120);
    SCOPED_TRACE(text);
    Analyzed run(text, Optimal());
    ASSERT_TRUE(run.ok());
    const Parts parts(run);
    FusionKey key;
    if (seed % 4 == 1) key.max_inputs = 1 + seed % 3;
    if (seed % 4 == 2) key.scratchpad_bytes = 256 * (1 + seed % 3);  // tensors of 8 x 8 floats
    const LeastTraffic least = parts.Minimize({}, key);
    EXPECT_EQ(least.regions_not_exact, 0);
    const Partition p = parts.Finish(least.grouping);
    EXPECT_TRUE(VerifyPartition(run.graph(), *run->execution, p).ok());
    EXPECT_EQ(p.bytes_fused, AllPartitions(parts, key).Best());
    better += p.bytes_fused < p.bytes_unfused;
  }
  EXPECT_GT(better, 80);
}

// %q may be with %p, in front of it, or with %c, behind it, but six inputs are too few for both.
// Were the halves of %x read once where they are read together, it would be with %p.
TEST(FusionOptimal, PartsOfOneTensorAreNotReadOnce) {
  Analyzed run(R"(
    arg %x: f32[16, 8]
    arg %u: f32[8, 1]
    arg %v: f32[8, 1]
    arg %w: f32[8, 1]
    weight %at0 = i64[1] {0}
    weight %at8 = i64[1] {8}
    weight %at16 = i64[1] {16}
    %uv = Add(%u, %v)
    %upper = Slice(%x, %at0, %at8, %at0)
    %r = ReduceMean(%upper) {axes = [-1]}
    %p = Add(%uv, %r)
    %lower = Slice(%x, %at8, %at16, %at0)
    %s = ReduceMean(%lower) {axes = [-1]}
    %q = Add(%p, %s)
    %c = Add(%q, %w)
    return %p, %c
  )",
               Optimal());
  ASSERT_TRUE(run.ok());
  const Parts parts(run);
  const FusionKey key{.max_inputs = 6};
  const Partition p = parts.Finish(parts.Minimize({}, key).grouping);
  EXPECT_EQ(p.bytes_fused, AllPartitions(parts, key).Best());
  const double row = 4 * 8, half = 4 * 8 * 8, index = 8;
  // u, v, upper by its two indices, p; p, lower by its three, w, c.
  EXPECT_EQ(p.bytes_fused,
            (row + row + half + 2 * index + row) + (row + half + 3 * index + row + row));
}

TEST(FusionOptimal, AResidualIsAnEpilogue) {
  Analyzed run(R"(
    arg %x: f32[1, 8, 4, 4]
    weight %w1 = f32[8, 8, 3, 3]
    weight %w2 = f32[8, 8, 3, 3]
    %c1 = Conv(%x, %w1) {pads = [1, 1, 1, 1]}
    %r1 = Relu(%c1)
    %c2 = Conv(%r1, %w2) {pads = [1, 1, 1, 1]}
    %a = Add(%c2, %x)
    %r2 = Relu(%a)
    return %r2
  )",
               Optimal());
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run.kernels(kOptimal), "Conv+Relu Conv+Add+Relu");
  const Partition& p = *run->partitions[kOptimal];
  EXPECT_EQ(p.kernels[1].pattern, kLeastTrafficPattern);
  EXPECT_EQ(p.kernels[1].anchor, run.op("Conv", 1));
  const double t = 4 * 8 * 4 * 4, w = 4 * 8 * 8 * 9;
  // x, w1 in, r1 out; r1, w2, x in, r2 out.
  EXPECT_EQ(p.bytes_fused, (t + w + t) + (t + w + t + t));
  EXPECT_EQ(p.regions_not_exact, 0);
}

TEST(FusionOptimal, AKernelHasOneAnchorAndNothingComputedInFrontOfIt) {
  Analyzed run(R"(
    arg %x: f32[16, 8]
    weight %w = f32[8, 8]
    %s = Sigmoid(%x)
    %m = MatMul(%s, %w)
    %n = MatMul(%m, %w)
    %e = Exp(%n)
    return %e
  )",
               Optimal());
  EXPECT_EQ(run.kernels(kOptimal), "Sigmoid MatMul MatMul+Exp");
}

TEST(FusionOptimal, MovementAndConversionsGoIntoTheOperandOfAnAnchor) {
  Analyzed run(R"(
    arg %x: f32[8, 16]
    arg %q: i8[8, 8]
    weight %scale = f32[] {0.5}
    %t = Transpose(%x) {perm = [1, 0]}
    %d = DequantizeLinear(%q, %scale)
    %m = MatMul(%t, %d)
    return %m
  )",
               Optimal());
  EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 1u);
  // x, q, the scale; the result.
  EXPECT_EQ(run->partitions[kOptimal]->bytes_fused, 4 * 8 * 16 + 8 * 8 + 4 + 4 * 16 * 8);
}

TEST(FusionOptimal, MovementThatOthersNeedStaysApart) {
  Analyzed run(R"(
    arg %x: f32[8, 16]
    weight %w = f32[8, 8]
    %t = Transpose(%x) {perm = [1, 0]}
    %m = MatMul(%t, %w)
    return %m, %t
  )",
               Optimal());
  EXPECT_EQ(run.kernels(kOptimal), "Transpose MatMul");
}

TEST(FusionOptimal, MovementInTheMiddleEndsAKernel) {
  // Either Transpose is at the edge of a kernel; Relu and Tanh run over the elements in another
  // order and never share one.
  Analyzed run(R"(
    arg %x: f32[8, 16]
    %r = Relu(%x)
    %t = Transpose(%r) {perm = [1, 0]}
    %h = Tanh(%t)
    return %h
  )",
               Optimal());
  EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 2u);
  EXPECT_EQ(run->partitions[kOptimal]->bytes_fused, 2 * 2 * 4 * 8 * 16);
}

TEST(FusionOptimal, ARowStaysInItsBlock) {
  // Exp and what its mean over a row divides are one kernel; a mean over a column needs every block
  // of it, and what it divides needs the mean.
  Analyzed run(R"(
    arg %x: f32[32, 64]
    %e = Exp(%x)
    %s = ReduceMean(%e) {axes = [1]}
    %d = Div(%e, %s)
    %f = Exp(%d)
    %c = ReduceMean(%f) {axes = [0]}
    %g = Div(%f, %c)
    return %g
  )",
               Optimal());
  const double t = 4 * 32 * 64, c = 4 * 64;
  EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 3u);
  EXPECT_EQ(run->partitions[kOptimal]->bytes_fused, (t + t) + (t + c) + (t + c + t));
}

TEST(FusionOptimal, ARowTooLongForABlockEndsAKernel) {
  for (int length : {65536, 65537}) {
    Analyzed run(absl::StrCat(R"(
      arg %x: f32[4, )",
                              length, R"(]
      weight %last = i64[1] {-1}
      %s = ReduceSum(%x, %last)
      %q = Sqrt(%s)
      %d = Sub(%x, %q)
      return %d
    )"),
                 Optimal());
    EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), length > kRowElements ? 2u : 1u);
  }
}

TEST(FusionOptimal, SiblingsReadTheirInputOnce) {
  Analyzed run(R"(
    arg %x: f32[16, 8]
    %a = Relu(%x)
    %b = Tanh(%x)
    %m = ReduceMax(%x) {axes = [-1]}
    return %a, %b, %m
  )",
               Optimal());
  EXPECT_EQ(run.kernels(kOptimal), "Relu+Tanh+ReduceMax");
  EXPECT_EQ(run->partitions[kOptimal]->bytes_fused, 4 * (16 * 8 * 3 + 16));
}

TEST(FusionOptimal, AKernelNeverWaitsForItself) {
  // Relu and Add may be one kernel along %r, but for the MatMul between them.
  Analyzed run(R"(
    arg %x: f32[8, 8]
    weight %w = f32[8, 8]
    %r = Relu(%x)
    %m = MatMul(%r, %w)
    %a = Add(%m, %r)
    return %a
  )",
               Optimal());
  EXPECT_EQ(run.kernels(kOptimal), "Relu MatMul+Add");
}

// Two pairs of siblings, of which either may be one kernel, but not both: each would wait for the
// other. Their regions meet in no tensor, so they are solved apart first.
TEST(FusionOptimal, RegionsThatWaitForEachOtherAreSolvedAsOne) {
  Analyzed run(R"(
    arg %x: f32[32, 8]
    arg %y: f32[8, 8]
    weight %tall = f32[32, 8]
    weight %wide = f32[8, 32]
    %a1 = Relu(%x)
    %b1 = Relu(%y)
    %m = MatMul(%wide, %a1)
    %n = MatMul(%tall, %b1)
    %b2 = Add(%m, %y)
    %a2 = Add(%n, %x)
    return %a2, %b2
  )",
               Optimal());
  ASSERT_TRUE(run.ok());
  const Parts parts(run);
  const LeastTraffic least = parts.Minimize({});
  EXPECT_EQ(least.regions_not_exact, 0);
  const Partition p = parts.Finish(least.grouping);
  EXPECT_TRUE(VerifyPartition(run.graph(), *run->execution, p).ok());
  EXPECT_EQ(p.bytes_fused, AllPartitions(parts, {}).Best());
}

TEST(FusionOptimal, LimitsBind) {
  constexpr absl::string_view kChain = R"(
    arg %x: f32[16]
    arg %y: f32[16]
    arg %z: f32[16]
    %a = Add(%x, %y)
    %b = Mul(%a, %z)
    %c = Exp(%b)
    return %c
  )";
  const double t = 4 * 16;
  EXPECT_EQ(Analyzed(kChain, Optimal()).kernels(kOptimal), "Add+Mul+Exp");
  // Three inputs are too many, and so are two inner tensors; what is left saves one of them.
  for (const FusionKey& key : {FusionKey{.max_inputs = 2}, FusionKey{.scratchpad_bytes = t}}) {
    Analyzed run(kChain, Optimal(key));
    EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 2u);
    EXPECT_EQ(run->partitions[kOptimal]->bytes_fused,
              run->partitions[kOptimal]->bytes_unfused - 2 * t);
  }
}

TEST(FusionOptimal, ControlFlowAndOtherMultiplicitiesStayApart) {
  Analyzed run(R"(
    arg %x: f32[4]
    weight %n = i64[] {5}
    weight %yes = bool[] {1}
    %r = Relu(%x)
    %y = Loop(%n, %yes, %r) {
      body = {
        arg %i: i64[]
        arg %c: bool[]
        arg %s: f32[4]
        %v = Exp(%s)
        %u = Add(%v, %r)
        return %c, %u
      }
    }
    %z = Tanh(%y)
    return %z
  )",
               Optimal());
  ASSERT_TRUE(run.ok());
  for (const Partition::KernelOps& k : run->partitions[kOptimal]->kernels) {
    EXPECT_TRUE(k.ops.size() == 1 || k.multiplicity == 5) << k.name;
  }
  EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 4u);  // Relu, Exp+Add, Loop, Tanh
}

TEST(FusionOptimal, ALoopWaitsForABranchInItsBody) {
  Analyzed run(kBranchInLoop, Optimal());
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->partitions[kOptimal]->kernels.size(), 4u);  // Exp and Add would be one
}

// A region larger than a piece is solved piece by piece, and counted.
TEST(FusionOptimal, SaysWhenItGivesUp) {
  std::string text = "arg %x: f32[64]\n%v0 = Relu(%x)\n";
  constexpr int kOps = 40;
  for (int i = 1; i < kOps; ++i) absl::StrAppend(&text, "%v", i, " = Exp(%v", i - 1, ")\n");
  absl::StrAppend(&text, "return %v", kOps - 1, "\n");
  Analyzed run(text, Optimal());
  ASSERT_TRUE(run.ok());
  const Parts parts(run);
  const LeastTraffic whole = parts.Minimize({});
  EXPECT_EQ(whole.regions, 1);
  EXPECT_EQ(whole.regions_not_exact, 0);
  EXPECT_EQ(parts.Finish(whole.grouping).kernels.size(), 1u);
  const LeastTraffic pieces = parts.Minimize({.region_nodes = 8});
  EXPECT_EQ(pieces.regions_not_exact, 1);
  const size_t kernels = parts.Finish(pieces.grouping).kernels.size();
  EXPECT_EQ(kernels, kOps / 8);
  const LeastTraffic nothing = parts.Minimize({.steps_per_kernel = 0, .steps_at_least = 0});
  EXPECT_EQ(nothing.regions_not_exact, 1);
  EXPECT_EQ(parts.Finish(nothing.grouping).kernels.size(), static_cast<size_t>(kOps));
}

}  // namespace
}  // namespace assay
