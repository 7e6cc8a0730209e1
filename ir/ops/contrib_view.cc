// Rows, views and activations that the files of com.microsoft share; see contrib.h.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ir/ops/activation.h"
#include "ir/ops/contrib.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// [N, D..., C] to [N, C, D...] and back; types of rank below 3 stay.
Type ChannelsFirst(Type type) {
  if (!type.is_tensor() || !type.ranked || type.rank() < 3) return type;
  const Dim channels = type.dims.back();
  type.dims.pop_back();
  type.dims.insert(type.dims.begin() + 1, channels);
  return type;
}

Type ChannelsLast(Type type) {
  if (!type.is_tensor() || !type.ranked || type.rank() < 3) return type;
  const Dim channels = type.dims[1];
  type.dims.erase(type.dims.begin() + 1);
  type.dims.push_back(channels);
  return type;
}

// Forwards everything, but shows some values with another type.
class ViewEnvironment : public OpEnvironment {
 public:
  ViewEnvironment(OpContext& op, View view) : inner_(op.env()), view_(std::move(view)) {
    if (!view_.channels_last_results) return;
    for (int i = 0; i < op.num_outputs(); ++i) {
      if (op.has_out(i)) results_.emplace_back(op.output_id(i), Type());
    }
  }

  DimPool& pool() override { return inner_.pool(); }
  const Type& TypeOf(ValueId v) override {
    for (const auto& [id, type] : view_.operands) {
      if (id == v) return type;
    }
    for (auto& [id, type] : results_) {
      if (id == v) return type = ChannelsFirst(inner_.TypeOf(v));
    }
    return inner_.TypeOf(v);
  }
  const TensorValue* ValueOf(ValueId v) override { return seen(v) ? nullptr : inner_.ValueOf(v); }
  bool MayHaveValue(ValueId v) override { return !seen(v) && inner_.MayHaveValue(v); }
  absl::Status InferRegion(RegionId region, absl::Span<const Type> args,
                           absl::Span<const TensorValue* const> values) override {
    return inner_.InferRegion(region, args, values);
  }
  void SetType(ValueId v, Type type) override {
    // Rules make types for nothing but the op's own results.
    inner_.SetType(v, view_.channels_last_results ? ChannelsLast(std::move(type)) : type);
  }
  // Contents are laid out as their tensor is; what a rule makes of another layout is dropped.
  void SetValue(ValueId v, TensorValue contents) override {
    if (!view_.channels_last_results) inner_.SetValue(v, std::move(contents));
  }
  void SetStoredValue(ValueId v, const Constant& contents) override {
    if (!view_.channels_last_results) inner_.SetStoredValue(v, contents);
  }
  void DecideBranch(OpId op, int branch) override { inner_.DecideBranch(op, branch); }
  bool TakesSmallerRank() override { return inner_.TakesSmallerRank(); }
  void SetTrips(OpId op, Dim trips) override { inner_.SetTrips(op, trips); }
  std::optional<Type> ClaimOf(ValueId v) override { return inner_.ClaimOf(v); }
  absl::StatusOr<Dim> Unify(OpId op, Dim a, Dim b, absl::string_view why) override {
    return inner_.Unify(op, a, b, why);
  }
  void Assume(OpId op, std::string text) override { inner_.Assume(op, std::move(text)); }

 private:
  bool seen(ValueId v) const {
    for (const auto& [id, type] : view_.operands) {
      if (id == v) return true;
    }
    return false;
  }

  OpEnvironment& inner_;
  View view_;
  std::vector<std::pair<ValueId, Type>> results_;
};

}  // namespace

OpRow Contrib(absl::string_view name, Family family, Role role, Rule shape, Rule work,
              absl::string_view formula) {
  return {.name = name,
          .domain = "com.microsoft",
          .family = family,
          .role = role,
          .shape = shape,
          .work = work,
          .formula = formula,
          .source = "ONNX Runtime ContribOperators.md"};
}

OpRow ContribPointwise(absl::string_view name, Rule shape, PerElement per,
                       absl::string_view formula) {
  OpRow row = Contrib(name, Family::kElementwise, Role::kPointwise, shape, nullptr, formula);
  row.per_element = per;
  return row;
}

View ChannelsFirstView(OpContext& op, absl::Span<const int> activations) {
  View view;
  view.channels_last_results = true;
  for (int i : activations) {
    if (op.has(i)) view.operands.emplace_back(op.input_id(i), ChannelsFirst(op.in(i)));
  }
  return view;
}

absl::Status RunShape(OpContext& op, Rule rule, View view) {
  ViewEnvironment env(op, std::move(view));
  OpContext seen(op.graph(), op.id(), env);
  return rule(seen);
}

absl::Status RunWork(OpContext& op, Rule rule, View view) {
  if (rule == nullptr) return absl::OkStatus();
  ViewEnvironment env(op, std::move(view));
  OpContext seen(op.graph(), op.id(), env);
  seen.work() = op.work();
  absl::Status s = rule(seen);
  op.work() = std::move(seen.work());
  return s;
}

absl::Status AddActivation(OpContext& op) {
  const absl::string_view name = op.string_attr("activation", "");
  if (name.empty()) return absl::OkStatus();
  absl::StatusOr<Activation> a = FindActivation(name);
  if (!a.ok()) return a.status();
  const Size out(op, op.out_elements(0));
  AddFlops(op, a->flops * out);
  AddTranscendentals(op, a->transcendentals * out);
  AddComparisons(op, a->comparisons * out);
  return absl::OkStatus();
}

}  // namespace assay
