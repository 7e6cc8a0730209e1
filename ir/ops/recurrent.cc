// Recurrent layers: RNN, GRU and LSTM, in one or both directions.
//
//   X [S, B, I] (layout 1: [B, S, I]), W [D, G * H, I], R [D, G * H, H], B [D, 2 * G * H],
//   sequence_lens [B], initial_h [D, B, H]; LSTM: initial_c [D, B, H], P [D, 3 * H]
//   Y [S, D, B, H] (layout 1: [B, S, D, H]), Y_h [D, B, H] (layout 1: [B, D, H]), Y_c as Y_h
//
//   macs = D * S * B * G * H * (I + H)          G gates: RNN 1, GRU 3, LSTM 4
//
// The steps of a direction follow each other; the nest says so with `steps` = S, and gives the gate
// products of one step: M = B, N = G * H, K = I + H, one group per direction. Weights are read
// once, however many steps use them. Sequences shorter than S (sequence_lens) are counted as if of
// length S.
//
// Arithmetic beside, per direction, step, image and hidden unit: 2 additions of biases per gate,
// the gates' activations, and
//
//   LSTM  c = f * c + i * g, h = o * tanh(c)        4 flops; 6 more with peepholes
//   GRU   r * h, h = (1 - z) * n + z * h            5 flops
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ir/ops/activation.h"
#include "ir/ops/families.h"
#include "ir/ops/operands.h"
#include "ir/ops/size.h"

namespace assay {
namespace {

// What differs between the three.
struct Cell {
  int gates;
  int64_t update_flops;  // per hidden unit and step, beside biases and activations
  absl::Span<const absl::string_view> activations;  // the default, per direction
  bool has_cell_state;
};

constexpr absl::string_view kRnnActivations[] = {"Tanh"};
constexpr absl::string_view kGruActivations[] = {"Sigmoid", "Tanh"};
constexpr absl::string_view kLstmActivations[] = {"Sigmoid", "Tanh", "Tanh"};

// How often a step applies each activation: GRU's first to z and r; LSTM's first to i, o and f.
int64_t UsesOfFirst(const Cell& cell) { return cell.gates == 1 ? 1 : cell.gates - 1; }

const Cell& CellOf(OpContext& op) {
  static const Cell kRnn = {1, 0, kRnnActivations, false};
  static const Cell kGru = {3, 5, kGruActivations, false};
  static const Cell kLstm = {4, 4, kLstmActivations, true};
  // com.microsoft has variants of LSTM that run these rules too.
  return absl::EndsWith(op.type(), "LSTM") ? kLstm : op.type() == "GRU" ? kGru : kRnn;
}

struct RecurrentSizes {
  int64_t directions = 1;
  bool batch_first = false;
  Dim steps, batch, input, hidden;
};

absl::StatusOr<RecurrentSizes> ReadSizes(OpContext& op) {
  const Cell& cell = CellOf(op);
  for (int i : {0, 1, 2}) {
    static constexpr absl::string_view kNames[] = {"X", "W", "R"};
    if (absl::Status s = RequireRank(op, i, kNames[i], {3}); !s.ok()) return s;
  }
  RecurrentSizes r;
  const absl::string_view direction = op.string_attr("direction", "forward");
  if (direction == "bidirectional") {
    r.directions = 2;
  } else if (direction != "forward" && direction != "reverse") {
    return OpError(
        absl::StrCat("the direction is `", direction, "`; use forward, reverse or bidirectional"));
  }
  r.batch_first = op.int_attr("layout", 0) != 0;
  r.steps = op.dim(0, r.batch_first ? 1 : 0);
  r.batch = op.dim(0, r.batch_first ? 0 : 1);
  r.input = op.dim(0, 2);
  if (op.has_attr("hidden_size")) {
    const int64_t hidden = op.int_attr("hidden_size", 0);
    if (absl::Status s = RequirePositive(op, "hidden_size", hidden); !s.ok()) return s;
    r.hidden = Dim(hidden);
  }
  Dim directions(r.directions);
  absl::Status s = Merge(op, &r.hidden, op.dim(2, 2), "hidden_size and columns of R");
  if (s.ok()) s = Merge(op, &r.input, op.dim(1, 2), "input size and columns of W");
  Dim gates = cell.gates * Size(op, r.hidden);
  if (s.ok()) s = Merge(op, &gates, op.dim(1, 1), "gates times hidden_size and rows of W");
  if (s.ok()) s = Merge(op, &gates, op.dim(2, 1), "gates times hidden_size and rows of R");
  if (s.ok()) s = Merge(op, &directions, op.dim(1, 0), "directions and first axis of W");
  if (s.ok()) s = Merge(op, &directions, op.dim(2, 0), "directions and first axis of R");
  if (!s.ok()) return s;
  if (r.hidden.unknown() && !gates.unknown()) {
    r.hidden = op.dims().FloorDiv(gates, Dim(cell.gates));
  }
  return r;
}

absl::Status RecurrentShape(OpContext& op) {
  absl::StatusOr<RecurrentSizes> read = ReadSizes(op);
  if (!read.ok()) return read.status();
  const RecurrentSizes& r = *read;
  const DType dtype = op.dtype(0);
  const Dim directions(r.directions);
  const Dims state =
      r.batch_first ? Dims{r.batch, directions, r.hidden} : Dims{directions, r.batch, r.hidden};
  op.SetOut(0, dtype,
            r.batch_first ? Dims{r.batch, r.steps, directions, r.hidden}
                          : Dims{r.steps, directions, r.batch, r.hidden});
  op.SetOut(1, dtype, state);
  if (CellOf(op).has_cell_state) op.SetOut(2, dtype, state);
  return absl::OkStatus();
}

// The activations of all directions, as the attribute or the default gives them, per hidden unit
// and step summed over the directions.
absl::StatusOr<Activation> CountActivations(OpContext& op, int64_t directions) {
  const Cell& cell = CellOf(op);
  const int per_direction = static_cast<int>(cell.activations.size());
  std::vector<absl::string_view> names = op.strings_attr("activations");
  if (names.empty()) {
    for (int64_t d = 0; d < directions; ++d) {
      names.insert(names.end(), cell.activations.begin(), cell.activations.end());
    }
  }
  if (static_cast<int64_t>(names.size()) != directions * per_direction) {
    return OpError(absl::StrCat("attribute `activations` has ", names.size(), " entries for ",
                                directions, " directions of ", per_direction,
                                "; give one per activation and direction"));
  }
  Activation sum;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StatusOr<Activation> a = FindActivation(names[i]);
    if (!a.ok()) return a.status();
    const int64_t uses = i % per_direction == 0 ? UsesOfFirst(cell) : 1;
    sum.flops += uses * a->flops;
    sum.transcendentals += uses * a->transcendentals;
    sum.comparisons += uses * a->comparisons;
  }
  return sum;
}

absl::Status RecurrentWork(OpContext& op) {
  absl::StatusOr<RecurrentSizes> read = ReadSizes(op);
  if (!read.ok()) return read.status();
  const RecurrentSizes& r = *read;
  absl::StatusOr<Activation> activations = CountActivations(op, r.directions);
  if (!activations.ok()) return activations.status();
  const Cell& cell = CellOf(op);

  const Size columns = cell.gates * Size(op, r.hidden);
  const Size depth = Size(op, r.input) + r.hidden;
  const Size units = Size(op, r.steps) * r.batch * r.hidden;  // of one direction
  const Size macs = r.directions * Size(op, r.steps) * r.batch * columns * depth;
  int64_t flops = cell.update_flops;
  if (op.has(3)) flops += 2 * cell.gates;
  if (op.has(7)) flops += 6;  // LSTM's peepholes

  Work& work = op.work();
  work.macs = macs;
  work.flops = 2 * macs + (r.directions * flops + activations->flops) * units;
  work.transcendentals = activations->transcendentals * units;
  // Clipping compares each gate with both bounds.
  const int64_t clip = op.has_attr("clip") ? 2 * cell.gates * r.directions : 0;
  work.comparisons = (activations->comparisons + clip) * units;

  Nest nest;
  nest.kind = Nest::Kind::kRecurrence;
  nest.groups = Dim(r.directions);
  nest.m = r.batch;
  nest.n = columns;
  nest.k = depth;
  nest.steps = r.steps;
  nest.shared_b = true;
  nest.multiply = op.dtype(0);
  nest.accumulate = AccumulateType(nest.multiply);
  work.nest = std::move(nest);
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OpRow> RecurrentOps() {
  static const OpRow kRows[] = {
      {.name = "RNN",
       .versions = "1 7 14 22",
       .family = Family::kRecurrent,
       .role = Role::kContraction,
       .shape = RecurrentShape,
       .work = RecurrentWork,
       .formula =
           "macs = directions * steps * batch * H * (I + H); flops = 2 * macs, per hidden unit and "
           "step 2 for the biases, and the activation"},
      {.name = "GRU",
       .versions = "1 3 7 14 22",
       .family = Family::kRecurrent,
       .role = Role::kContraction,
       .shape = RecurrentShape,
       .work = RecurrentWork,
       .formula =
           "macs = directions * steps * batch * 3 H * (I + H); flops = 2 * macs, per hidden unit "
           "and "
           "step 5, 6 for the biases, and three activations (sigmoid: 2 flops and an exponential)"},
      {.name = "LSTM",
       .versions = "1 7 14 22",
       .family = Family::kRecurrent,
       .role = Role::kContraction,
       .shape = RecurrentShape,
       .work = RecurrentWork,
       .formula = "macs = directions * steps * batch * 4 H * (I + H); flops = 2 * macs, per hidden "
                  "unit and "
                  "step 4, 8 for the biases, 6 for peepholes, and five activations (sigmoid: 2 "
                  "flops and an "
                  "exponential)"},
  };
  return kRows;
}

}  // namespace assay
