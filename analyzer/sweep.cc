// A sweep's document:
//
//   resnet50.onnx over batch, on h100-sxm
//   batch = 1..256
//
//   batch  target    precision   latency  throughput  limit        fits
//       1  h100-sxm  fp16       231.0 us     4.3 k/s  HBM3         yes
//   ...
//   in words
//     target    precision  limits            grows until  fills  best       under 10 ms
//     h100-sxm  fp16       HBM3, from 16 on  64           32     128 ...
//
// Curves stand behind as charts. Points are estimated by passes/resample.h.
#include "analyzer/sweep.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/figures.h"
#include "analyzer/group_table.h"
#include "analyzer/pipeline.h"
#include "analyzer/report.h"
#include "analyzer/units.h"
#include "hw/fill.h"
#include "hw/runtime.h"
#include "hw/target.h"
#include "hw/vary.h"
#include "ir/suggest.h"
#include "passes/pass_manager.h"
#include "passes/resample.h"

namespace assay {

std::vector<std::string> SweepOptions::ranges() const {
  std::vector<std::string> out;
  for (const SweepAxis& a : dims) out.push_back(absl::StrCat("--dim ", a.name, "=", a.text));
  if (!batch.empty()) out.push_back(absl::StrCat("--batch ", batch.text));
  return out;
}

namespace {

constexpr size_t kMostSeries = 40;  // in one chart

// One column of the grid: a target under a runtime in a precision, some of its data changed.
struct Machine {
  size_t base = 0;              // index of the request that it is without `factors`
  std::vector<double> factors;  // by --vary
};

struct Grid {
  std::vector<SweepAxis> sizes;         // dimensions, --batch among them
  std::vector<int> symbols;             // of each, in the model
  std::vector<std::vector<double>> at;  // by point: a value of each of `sizes`
  std::vector<Point> points;
  std::vector<Machine> machines;  // by request of the resampler
  size_t bases = 0;               // requests without changed data
};

// All combinations, the last axis fastest; one empty one when there is no axis.
std::vector<std::vector<double>> Product(const std::vector<SweepAxis>& axes) {
  std::vector<std::vector<double>> out = {{}};
  for (const SweepAxis& axis : axes) {
    std::vector<std::vector<double>> longer;
    longer.reserve(out.size() * axis.values.size());
    for (const std::vector<double>& head : out) {
      for (double v : axis.values) {
        longer.push_back(head);
        longer.back().push_back(v);
      }
    }
    out = std::move(longer);
  }
  return out;
}

absl::Status TooMany(double points) {
  return absl::NotFoundError(
      absl::StrCat("the ranges make ", Count(points), " points, more than the ",
                   Exact(static_cast<int64_t>(kMostSweepPoints)),
                   " that a sweep may have; take larger steps or fewer targets"));
}

// Symbols of the model by the names of the axes, and the points of the grid.
absl::Status PlacePoints(const std::string& path, const Resampler& r, Grid* grid) {
  const DimPool& pool = *r.shapes().pool;
  for (const SweepAxis& axis : grid->sizes) {
    const std::optional<Dim> symbol = pool.FindSymbol(axis.name);
    const int s = symbol.has_value() ? pool.SymbolIndex(*symbol) : -1;
    if (s >= 0) {
      const auto same = absl::c_find(grid->symbols, s);
      if (same != grid->symbols.end()) {
        const SweepAxis& other = grid->sizes[static_cast<size_t>(same - grid->symbols.begin())];
        return absl::NotFoundError(absl::StrCat(ShownFile(path), ": the ranges ", other.name, "=",
                                                other.text, " and ", axis.name, "=", axis.text,
                                                " are of one dimension; leave one out"));
      }
      grid->symbols.push_back(s);
      continue;
    }
    if (symbol.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat(ShownFile(path), ": `", axis.name, "` cannot be swept: the model makes it ",
                       pool.ToString(*symbol),
                       symbol->known() ? "; export it with that axis dynamic"
                                       : "; sweep the symbols in that instead"));
    }
    std::vector<absl::string_view> names;
    for (const SymbolInfo& info : pool.symbols()) {
      if (info.definition.unknown() && names.size() < 12) names.push_back(info.name);
    }
    return absl::NotFoundError(absl::StrCat(
        ShownFile(path), ": --dim ", axis.name, ": no dimension of that name",
        DidYouMean(axis.name, names), "; ",
        names.empty() ? "the model has no symbolic dimensions; --batch A..B sweeps axis 0 of its "
                        "inputs"
                      : absl::StrCat("it has ", absl::StrJoin(names, ", "))));
  }
  const Point base = DefaultPoint(r.shapes());
  for (const std::vector<double>& at : grid->at) {
    Point p = base;
    for (size_t i = 0; i < at.size(); ++i) {
      p[static_cast<size_t>(grid->symbols[i])] = static_cast<int64_t>(at[i]);
    }
    grid->points.push_back(std::move(p));
  }
  return absl::OkStatus();
}

// "batch=8, seq=128" of all axes but one.
std::string Rest(const std::vector<SweepAxis>& axes, const std::vector<double>& at, size_t but,
                 bool factor) {
  std::vector<std::string> parts;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (i == but || axes[i].values.size() < 2) continue;
    parts.push_back(absl::StrCat(axes[i].name, "=", Count(at[i]), factor ? "x" : ""));
  }
  return absl::StrJoin(parts, ", ");
}

// The samples of one curve, along the swept axis.
struct Curve {
  size_t request = 0;
  std::string where;  // what else is swept and stays the same along it
  std::vector<double> x;
  std::vector<const Sample*> samples;
};

class Writer {
 public:
  Writer(const std::string& path, const Graph& graph, const SweepOptions& options, const Grid& grid,
         const Resampler& resampler, const std::vector<Sample>& samples,
         const std::vector<std::unique_ptr<const ModelEstimate>>& reference)
      : path_(path),
        graph_(graph),
        options_(options),
        grid_(grid),
        resampler_(resampler),
        samples_(samples),
        reference_(reference) {
    // The first range of more than one value is what curves go along.
    for (size_t i = 0; i < grid.sizes.size() && along_size_ < 0; ++i) {
      if (grid.sizes[i].values.size() > 1) along_size_ = static_cast<int>(i);
    }
    for (size_t i = 0; i < options.vary.size() && along_size_ < 0 && along_vary_ < 0; ++i) {
      if (options.vary[i].values.size() > 1) along_vary_ = static_cast<int>(i);
    }
  }

  Document Write() {
    Document d{.schema = "assay.sweep/1"};
    d.title = absl::StrCat(ShownFile(path_), ": ",
                           Plural(static_cast<int64_t>(samples_.size()), "point"));
    d.subtitle = Where();
    d.Add(Rows());
    MakeCurves();
    if (along() != nullptr) {
      d.Add(Answers());
      d.Add(Changes());
      AddCharts(&d);
    }
    d.Add(AllNotes());
    return d;
  }

 private:
  const SweepAxis* along() const {
    if (along_size_ >= 0) return &grid_.sizes[static_cast<size_t>(along_size_)];
    if (along_vary_ >= 0) return &options_.vary[static_cast<size_t>(along_vary_)];
    return nullptr;
  }
  const Sample& at(size_t point, size_t request) const {
    return samples_[point * grid_.machines.size() + request];
  }
  const Platform& platform(size_t request) const { return resampler_.platform(request); }

  std::string Where() const {
    std::vector<std::string> parts;
    for (const SweepAxis& a : grid_.sizes) parts.push_back(absl::StrCat(a.name, " = ", a.text));
    for (const SweepAxis& a : options_.vary) parts.push_back(absl::StrCat(a.name, " x ", a.text));
    // What else numbers need.
    const absl::Span<const SymbolInfo> symbols = resampler_.shapes().pool->symbols();
    std::vector<std::string> assumed;
    for (size_t s = 0; s < symbols.size(); ++s) {
      if (!symbols[s].definition.unknown() || symbols[s].data_dependent ||
          absl::c_linear_search(grid_.symbols, static_cast<int>(s))) {
        continue;
      }
      assumed.push_back(absl::StrCat(symbols[s].name, " = ", grid_.points[0][s]));
    }
    std::string text = absl::StrJoin(parts, ", ");
    if (!assumed.empty()) {
      absl::StrAppend(&text, text.empty() ? "" : "; ", "assumed ", absl::StrJoin(assumed, ", "),
                      "; --dim NAME=N sets one");
    }
    return text;
  }

  Table Rows() const {
    Table t{.key = "rows"};
    for (const SweepAxis& a : grid_.sizes) {
      t.columns.push_back({absl::StrCat("dim.", a.name), a.name, Quantity::kExact});
    }
    for (const SweepAxis& a : options_.vary) {
      t.columns.push_back({absl::StrCat("vary.", a.name), a.name, Quantity::kFactor});
    }
    absl::flat_hash_set<std::string> runtimes, precisions;
    for (size_t r = 0; r < grid_.machines.size(); ++r) {
      runtimes.insert(platform(r).runtime->name);
      precisions.insert(std::string(platform(r).precision->name));
    }
    // What is the same in all rows stands in the table of answers.
    const bool alone = along() == nullptr;
    const bool redone = absl::c_any_of(samples_, [](const Sample& s) { return s.redone; });
    const bool energy = absl::c_any_of(samples_, [](const Sample& s) { return s.energy_j; });
    t.columns.insert(t.columns.end(),
                     {{"target", "target", Quantity::kText, false, true},
                      {"runtime", "runtime", Quantity::kText, runtimes.size() < 2 && !alone},
                      {"precision", "precision", Quantity::kText, precisions.size() < 2 && !alone},
                      {"latency_s", "latency", Quantity::kSeconds},
                      {"latency_low_s", "at least", Quantity::kSeconds, true},
                      {"latency_high_s", "at most", Quantity::kSeconds, true},
                      {"throughput_per_s", "throughput", Quantity::kPerSecond},
                      {"energy_j", "energy", Quantity::kJoules, !energy},
                      {"power_w", "power", Quantity::kWatts, true},
                      {"utilization", "of peak", Quantity::kShare},
                      {"limit", "limited by", Quantity::kText},
                      {"limit_share", "of time", Quantity::kShare, true},
                      {"bound", "bound", Quantity::kText, true},
                      {"memory_bytes", "memory", Quantity::kBytes},
                      {"fits", "fits", Quantity::kText},
                      {"redone", "redone", Quantity::kText, !redone}});
    for (size_t r = 0; r < grid_.machines.size(); ++r) {
      for (size_t p = 0; p < grid_.points.size(); ++p) {
        const Sample& s = at(p, r);
        TableRow row;
        for (double v : grid_.at[p]) row.cells.emplace_back(v);
        for (double v : grid_.machines[r].factors) row.cells.emplace_back(v);
        const Platform& on = platform(r);
        for (Cell cell : std::initializer_list<Cell>{
                 NameOf(on), on.runtime->name, on.precision->name, s.latency_s, s.latency_low_s,
                 s.latency_high_s, s.throughput_per_s, Known(s.energy_j), Known(s.power_w),
                 s.utilization, s.limit, s.limit_share, Name(s.bound), s.memory_needed_bytes,
                 s.fits.has_value() ? Cell(*s.fits) : Cell("?"), s.redone}) {
          row.cells.push_back(std::move(cell));
        }
        if (s.fits == false) row.ink = Ink::kFaint;
        t.rows.push_back(std::move(row));
      }
    }
    return t;
  }

  static Cell Known(const std::optional<double>& value) {
    return value.value_or(std::numeric_limits<double>::quiet_NaN());
  }

  void MakeCurves() {
    if (along_size_ >= 0) {
      const auto i = static_cast<size_t>(along_size_);
      for (size_t r = 0; r < grid_.machines.size(); ++r) {
        const std::string machine =
            Rest(options_.vary, grid_.machines[r].factors, options_.vary.size(), true);
        absl::flat_hash_map<std::string, size_t> seen;
        for (size_t p = 0; p < grid_.points.size(); ++p) {
          std::string where = Rest(grid_.sizes, grid_.at[p], i, false);
          if (!machine.empty()) absl::StrAppend(&where, where.empty() ? "" : ", ", machine);
          const auto [it, fresh] = seen.try_emplace(where, curves_.size());
          if (fresh) curves_.push_back({.request = r, .where = where});
          Curve& curve = curves_[it->second];
          curve.x.push_back(grid_.at[p][i]);
          curve.samples.push_back(&at(p, r));
        }
      }
    } else if (along_vary_ >= 0) {
      const auto i = static_cast<size_t>(along_vary_);
      absl::flat_hash_map<std::pair<size_t, std::string>, size_t> seen;
      for (size_t r = 0; r < grid_.machines.size(); ++r) {
        const Machine& m = grid_.machines[r];
        const std::string where = Rest(options_.vary, m.factors, i, true);
        const auto [it, fresh] = seen.try_emplace({m.base, where}, curves_.size());
        if (fresh) curves_.push_back({.request = r, .where = where});
        Curve& curve = curves_[it->second];
        curve.x.push_back(m.factors[i]);
        curve.samples.push_back(&at(0, r));
      }
    }
  }

  std::string NameOfCurve(const Curve& c) const {
    const Platform& p = platform(c.request);
    return absl::StrCat(NameOf(p), " ", p.runtime->name, " ", p.precision->name,
                        c.where.empty() ? "" : ", ", c.where);
  }

  std::string ShownX(double x) const { return absl::StrCat(Count(x), along_size_ >= 0 ? "" : "x"); }

  // "HBM3; matrix fp16 from 16 on".
  std::string Limits(const Curve& c) const {
    std::vector<std::string> parts;
    absl::string_view now;
    for (size_t i = 0; i < c.x.size(); ++i) {
      if (c.samples[i]->limit == now) continue;
      now = c.samples[i]->limit;
      parts.push_back(parts.empty() ? std::string(now)
                                    : absl::StrCat(now, " from ", ShownX(c.x[i])));
    }
    if (parts.size() > 4) {
      const size_t more = parts.size() - 3;
      parts.resize(3);
      parts.push_back(absl::StrCat(more, " more changes"));
    }
    return absl::StrJoin(parts, ", ");
  }

  Table Answers() const {
    const std::string& x = along()->name;
    const Quantity quantity = along_size_ >= 0 ? Quantity::kExact : Quantity::kFactor;
    const bool fill = Filled();
    const bool limit = options_.max_latency_s > 0;
    Table t{.key = "answers", .title = absl::StrCat("along ", x)};
    const bool any_where = absl::c_any_of(curves_, [](const Curve& c) { return !c.where.empty(); });
    t.columns = {{"target", "target", Quantity::kText, false, true},
                 {"runtime", "runtime", Quantity::kText},
                 {"precision", "precision", Quantity::kText},
                 {"at", "at", Quantity::kText, !any_where},
                 {"limits", "limited by", Quantity::kText, true},
                 {"knee", "grows until", quantity},
                 {"fill_batch", "filled at", Quantity::kCount, !fill},
                 {"best", "best at", quantity},
                 {"best_throughput_per_s", "throughput", Quantity::kPerSecond}};
    const std::string under = absl::StrCat("under ", Seconds(options_.max_latency_s));
    t.columns.push_back({"best_under_limit", under, quantity, !limit});
    t.columns.push_back(
        {"throughput_under_limit_per_s", "throughput", Quantity::kPerSecond, !limit});
    for (const Curve& c : curves_) {
      const Platform& p = platform(c.request);
      size_t best = 0;
      int64_t under_limit = -1;
      for (size_t i = 0; i < c.x.size(); ++i) {
        const Sample& s = *c.samples[i];
        if (s.fits == false) continue;
        if (c.samples[best]->fits == false ||
            s.throughput_per_s > c.samples[best]->throughput_per_s) {
          best = i;
        }
        if (limit && s.latency_s <= options_.max_latency_s &&
            (under_limit < 0 ||
             s.throughput_per_s > c.samples[static_cast<size_t>(under_limit)]->throughput_per_s)) {
          under_limit = static_cast<int64_t>(i);
        }
      }
      const bool any_fits = c.samples[best]->fits != false;
      size_t knee = best;
      for (size_t i = c.x.size(); i-- > 0;) {
        const Sample& s = *c.samples[i];
        if (s.fits != false &&
            s.throughput_per_s >= kKneeShare * c.samples[best]->throughput_per_s) {
          knee = i;
        }
      }
      TableRow row;
      row.cells = {NameOf(p), p.runtime->name, p.precision->name, c.where, Limits(c)};
      row.cells.push_back(any_fits ? Cell(c.x[knee]) : Cell());
      const std::optional<Fill>& filled = reference_[grid_.machines[c.request].base]->fill;
      row.cells.push_back(fill && filled.has_value() && filled->batch > 0 ? Cell(filled->batch)
                                                                          : Cell());
      row.cells.push_back(any_fits ? Cell(c.x[best]) : Cell("nothing fits"));
      row.cells.push_back(any_fits ? Cell(c.samples[best]->throughput_per_s) : Cell());
      if (limit && under_limit < 0) {
        row.cells.push_back(Cell("none"));
      } else if (limit) {
        row.cells.push_back(Cell(c.x[static_cast<size_t>(under_limit)]));
        row.cells.push_back(c.samples[static_cast<size_t>(under_limit)]->throughput_per_s);
      }
      t.rows.push_back(std::move(row));
    }
    return t;
  }

  // For people; a column of the answers for programs.
  Notes Changes() const {
    Notes n{.key = "limits", .title = "limited by"};
    for (const Curve& c : curves_) {
      n.notes.push_back(absl::StrCat(NameOfCurve(c), ": ", Limits(c)));
    }
    return n;
  }

  // The smallest batch that fills a machine is asked for where batch is swept alone.
  bool Filled() const {
    const auto ranges =
        absl::c_count_if(grid_.sizes, [](const SweepAxis& a) { return a.values.size() > 1; });
    if (along_size_ < 0 || ranges > 1 || !options_.vary.empty()) return false;
    const Dim batch = BatchOf(graph_, resampler_.shapes());
    return resampler_.shapes().pool->SymbolIndex(batch) ==
           grid_.symbols[static_cast<size_t>(along_size_)];
  }

  void AddCharts(Document* d) const {
    const SweepAxis& axis = *along();
    // Powers of two are evenly spaced on a logarithm.
    const bool log = axis.values.size() > 2 && axis.values.front() > 0 &&
                     axis.values.back() > 8 * axis.values.front();
    const Axis x{axis.name, along_size_ >= 0 ? Quantity::kCount : Quantity::kFactor, log};
    Chart latency{.key = "latency", .title = "latency", .x = x};
    latency.y = {"latency", Quantity::kSeconds, true};
    Chart throughput{.key = "throughput", .title = "throughput", .x = x};
    throughput.y = {"samples per second", Quantity::kPerSecond, true};
    for (const Curve& c : curves_) {
      if (latency.series.size() == kMostSeries) break;
      Series a{.name = NameOfCurve(c)}, b{.name = NameOfCurve(c)};
      for (size_t i = 0; i < c.x.size(); ++i) {
        a.points.push_back({.x = c.x[i], .y = c.samples[i]->latency_s});
        b.points.push_back({.x = c.x[i], .y = c.samples[i]->throughput_per_s});
      }
      latency.series.push_back(std::move(a));
      throughput.series.push_back(std::move(b));
    }
    d->Add(std::move(latency));
    d->Add(std::move(throughput));
  }

  Notes AllNotes() const {
    Notes n{.title = "notes"};
    if (along() != nullptr) {
      n.notes.push_back(absl::StrCat(
          "grows until: the smallest ", along()->name, " that reaches ", Percent(kKneeShare),
          " of the best throughput of its row; what does not fit into memory does not count"));
      if (Filled()) {
        n.notes.push_back(absl::StrCat("filled at: the smallest power of two that gives ",
                                       Percent(kFilledShare),
                                       " of the units work, contractions weighted by MACs"));
      }
    }
    if (along_size_ >= 0) {
      n.notes.push_back(absl::StrCat(
          along()->name,
          " stays a symbol, as in the model; `analyze --dim` also fixes it, so that masks and "
          "tables that follow from it become constants, and may then say less"));
    }
    size_t redone = 0;
    for (const Sample& s : samples_) redone += s.redone ? 1 : 0;
    if (redone > 0) {
      n.notes.push_back(absl::StrCat(
          redone, " of ", samples_.size(),
          " points are redone: a fusion or a branch is decided otherwise there than at the first "
          "point"));
    }
    absl::flat_hash_set<std::string> seen;
    auto add = [&](const std::string& text) {
      if (seen.insert(text).second) n.notes.push_back(text);
    };
    if (curves_.size() > kMostSeries) {
      n.notes.push_back(absl::StrCat("charts show the first ", kMostSeries, " of ", curves_.size(),
                                     " curves; the table has them all"));
    }
    std::vector<MachineGaps> gaps;
    for (size_t base = 0; base < grid_.bases; ++base) {
      const std::string name = NameOf(*reference_[base]->platform);
      gaps.push_back({name, EnergyGaps(*reference_[base])});
      for (const std::string& text : reference_[base]->assumptions) {
        add(absl::StrCat(name, ": ", text));
      }
      if (const int unknown = reference_[base]->unknown_kernels; unknown > 0) {
        add(absl::StrCat(
            name, ": ", unknown,
            " kernels whose work is not known: only their overhead is in the latency"));
      }
    }
    if (std::string note = EnergyNote(gaps); !note.empty()) n.notes.push_back(std::move(note));
    return n;
  }

 private:
  const std::string& path_;
  const Graph& graph_;
  const SweepOptions& options_;
  const Grid& grid_;
  const Resampler& resampler_;
  const std::vector<Sample>& samples_;
  const std::vector<std::unique_ptr<const ModelEstimate>>& reference_;
  int along_size_ = -1, along_vary_ = -1;
  std::vector<Curve> curves_;
};

// At the reference, a column per machine without changed data.
Table ByGroup(const Report& reference, const std::string& by, int depth) {
  GroupTable groups(by, depth);
  std::vector<GroupTable::Shown> shown;
  for (const auto& estimate : reference.analysis.estimates) {
    groups.Add(reference, SecondsByOp(reference, *estimate));
    const Platform& on = *estimate->platform;
    shown.push_back(
        {absl::StrCat(NameOf(on), " ", on.runtime->name, " ", on.precision->name), shown.size()});
  }
  Table table = groups.AsTable(shown, /*seconds=*/true);
  absl::StrAppend(&table.title, ", at the first point");
  return table;
}

}  // namespace

absl::StatusOr<Document> Sweep(const std::string& path, const AnalyzeOptions& analyze,
                               const SweepOptions& options, const std::string& by, int depth) {
  // Names first: the command line's errors come before the model's.
  AnalyzeOptions asked = analyze;
  asked.skip_impossible = analyze.targets.size() > 1;
  absl::StatusOr<Plan> plan = MakePlan(asked);
  if (!plan.ok()) return absl::NotFoundError(plan.status().message());

  Grid grid;
  grid.sizes = options.dims;
  Bindings bindings = analyze.bindings;
  if (!options.batch.empty()) {
    bindings.free_batch = true;
    grid.sizes.push_back(options.batch);
  }
  double points = static_cast<double>(plan->request.estimates.size());
  for (const std::vector<SweepAxis>* axes : {&std::as_const(grid.sizes), &options.vary}) {
    for (const SweepAxis& axis : *axes) points *= static_cast<double>(axis.values.size());
  }
  if (points > static_cast<double>(kMostSweepPoints)) return TooMany(points);
  grid.at = Product(grid.sizes);

  // Machines: those asked for, and each with its data changed.
  std::vector<EstimateRequest> requests;
  grid.bases = plan->request.estimates.size();
  const std::vector<std::vector<double>> factors = Product(options.vary);
  for (size_t base = 0; base < grid.bases; ++base) {
    const EstimateRequest& request = plan->request.estimates[base];
    for (const std::vector<double>& f : factors) {
      EstimateRequest changed = request;
      for (size_t i = 0; i < f.size(); ++i) {
        absl::StatusOr<std::shared_ptr<const Target>> varied =
            Varied(*changed.target, options.vary[i].name, f[i]);
        if (!varied.ok()) {
          return absl::NotFoundError(absl::StrCat("--vary ", varied.status().message()));
        }
        changed.target = *std::move(varied);
      }
      requests.push_back(std::move(changed));
      grid.machines.push_back({.base = base, .factors = f});
    }
  }

  absl::StatusOr<Report> model = ImportModel(path, *plan);
  if (!model.ok()) return model.status();
  const Graph& graph = *model->graph;
  absl::StatusOr<std::unique_ptr<Resampler>> resampler =
      Resampler::Make(graph, bindings, std::move(requests));
  if (!resampler.ok()) return WithFile(path, resampler.status());
  if (!options.batch.empty()) {
    // It may have a name of its own.
    const DimPool& pool = *(*resampler)->shapes().pool;
    const Region& main = graph.region(Graph::kMain);
    for (ValueId v : main.args) {
      const Type& t = (*resampler)->shapes().type(v);
      if (!t.is_tensor() || !t.ranked || t.rank() == 0) continue;
      if (const int s = pool.SymbolIndex(t.dims[0]); s >= 0) {
        grid.sizes.back().name = pool.symbols()[static_cast<size_t>(s)].name;
      }
      break;
    }
  }
  if (absl::Status s = PlacePoints(path, **resampler, &grid); !s.ok()) return s;
  absl::StatusOr<std::vector<Sample>> samples = (*resampler)->Run(grid.points, analyze.threads);
  if (!samples.ok()) return WithFile(path, samples.status());

  // The reference in full: what it assumes, and the batch that fills each machine.
  PassRequest reference = plan->request;
  reference.bindings = bindings;
  reference.fusions.clear();
  reference.wanted = {Fact::kEstimates};
  reference.point = grid.points[0];
  for (EstimateRequest& request : reference.estimates) request.fill = true;
  absl::StatusOr<Analysis> full = RunPasses(graph, reference);
  if (!full.ok()) return WithFile(path, full.status());

  Writer writer(path, graph, options, grid, **resampler, *samples, full->estimates);
  Document document = writer.Write();
  if (!by.empty()) {
    model->analysis = *std::move(full);
    document.Add(ByGroup(*model, by, depth));
  }
  if (!plan->skipped.empty()) {
    document.Add(Notes{.key = "skipped", .title = "left out", .notes = plan->skipped});
  }
  return document;
}

}  // namespace assay
