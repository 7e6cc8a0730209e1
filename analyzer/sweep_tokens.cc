// A decoder with a key-value cache over the length of its context.
//
//   context target    prefill   tokens/s    decode  tokens/s     cache   weights  fits
//     1024  h100-sxm  61.2 ms   16.7 k/s  4.88 ms    204.9 /s  134.2 MB  16.06 GB  yes
//
// prefill reads a prompt of that many tokens at once, with an empty cache; decode is the next token
// after that many. Both are full runs (passes/pass_manager.h) with the symbols fixed:
//
//            sequence   past   what both make together (an attention mask)
//   prefill     N         0      N
//   decode      1         N      N + 1
//
// The symbols are found by what the model does: a cache is an input that an output continues
// (passes/cache.h), `past` the symbol of the axis that grows, and the sequence what it grows by. A
// symbol of another input of integers is what both make together.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "analyzer/pipeline.h"
#include "analyzer/report.h"
#include "analyzer/sweep.h"
#include "analyzer/units.h"
#include "passes/evaluate.h"
#include "passes/parallel.h"
#include "passes/pass_manager.h"

namespace assay {
namespace {

struct Decoder {
  std::string sequence;  // empty: one token at a time
  std::string past;
  int64_t least_past = 0;
  std::vector<std::string> total;  // symbols that are past + sequence
  int caches = 0;
};

absl::Status No(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      ShownFile(path), ": --tokens is for decoders with a key-value cache, and ", why,
      "; sweep a sequence with --dim NAME=A..B, or export the model with past and present keys and "
      "values on a dynamic axis"));
}

absl::StatusOr<Decoder> FindDecoder(const std::string& path, const Graph& graph,
                                    const Analysis& a) {
  const Shapes& shapes = *a.shapes;
  DimPool& pool = *shapes.pool;
  Decoder out;
  absl::flat_hash_set<ValueId> caches;
  Dim grown;
  for (const Memory::Cache& c : a.memory->caches) {
    caches.insert(c.past);
    const Type &past = shapes.type(c.past), &present = shapes.type(c.present);
    if (!past.is_tensor() || !past.ranked || !present.ranked || past.rank() != present.rank()) {
      continue;
    }
    for (int i = 0; i < past.rank(); ++i) {
      const int s = pool.SymbolIndex(past.dims[i]);
      if (s < 0 || past.dims[i] == present.dims[i]) continue;
      const SymbolInfo& info = pool.symbols()[static_cast<size_t>(s)];
      if (!out.past.empty() && out.past != info.name) {
        return No(path, absl::StrCat("this one's caches grow along `", out.past, "` and `",
                                     info.name, "`"));
      }
      out.past = info.name;
      out.least_past = info.bounds.low;
      grown = pool.Sub(present.dims[i], past.dims[i]);
      ++out.caches;
    }
  }
  if (a.memory->caches.empty()) return No(path, "no output of this model continues an input");
  if (out.past.empty()) return No(path, "no cache of this model grows along a symbol");
  if (const int s = pool.SymbolIndex(grown); s >= 0) {
    out.sequence = pool.symbols()[static_cast<size_t>(s)].name;
  } else if (!grown.is(1)) {
    return No(path, absl::StrCat("this one's cache grows by ", pool.ToString(grown),
                                 ", which is no symbol"));
  }
  for (ValueId v : graph.region(Graph::kMain).args) {
    const Type& t = shapes.type(v);
    if (!t.is_tensor() || !t.ranked || caches.contains(v) || IsFloat(t.dtype)) continue;
    for (int i = 1; i < t.rank(); ++i) {
      const int s = pool.SymbolIndex(t.dims[i]);
      if (s < 0) continue;
      const std::string& name = pool.symbols()[static_cast<size_t>(s)].name;
      if (name != out.sequence && name != out.past && !absl::c_linear_search(out.total, name)) {
        out.total.push_back(name);
      }
    }
  }
  return out;
}

Bindings At(const Bindings& given, const Decoder& d, int64_t sequence, int64_t past) {
  Bindings out = given;
  // (None of them is given: a name that is would be no symbol here.)
  const auto set = [&](const std::string& name, int64_t value) {
    out.dims.emplace_back(name, value);
  };
  if (!d.sequence.empty()) set(d.sequence, sequence);
  set(d.past, past);
  for (const std::string& name : d.total) set(name, sequence + past);
  return out;
}

// What one run found for one machine.
struct Phase {
  double latency_s = 0, low_s = 0, high_s = 0, tokens_per_s = 0;
  std::string limit;
  double cache_bytes = 0, weights_bytes = 0, memory_bytes = 0;
  std::optional<bool> fits;
};

Phase PhaseOf(const Analysis& a, const ModelEstimate& e, double tokens) {
  Phase p{.latency_s = e.latency_s,
          .low_s = e.latency_low_s,
          .high_s = e.latency_high_s,
          .tokens_per_s = e.throughput_per_s * tokens,
          .limit = e.bounds.empty() ? "" : e.bounds[0].resource,
          .weights_bytes = e.weights_bytes,
          .memory_bytes = e.memory_needed_bytes,
          .fits = e.fits};
  for (const Memory::Cache& c : a.memory->caches) {
    const DType dtype = ElementDType(a.shapes->type(c.past));
    const DType in_force = e.platform->ElementType(dtype, false);
    p.cache_bytes += BytesInForce(c.past_bytes, dtype, in_force);
  }
  return p;
}

}  // namespace

absl::StatusOr<Document> SweepTokens(const std::string& path, const AnalyzeOptions& analyze,
                                     const SweepOptions& options) {
  if (!options.ranges().empty() || !options.vary.empty() || options.max_latency_s > 0) {
    return absl::NotFoundError(absl::StrCat("--tokens sweeps alone; leave out ",
                                            !options.ranges().empty() ? options.ranges()[0]
                                            : !options.vary.empty()   ? "--vary"
                                                                      : "--max-latency"));
  }
  if (options.tokens.values.front() < 1) {
    return absl::NotFoundError(
        absl::StrCat("--tokens ", options.tokens.text, ": a context has at least 1 token"));
  }
  AnalyzeOptions asked = analyze;
  asked.skip_impossible = analyze.targets.size() > 1;
  absl::StatusOr<Plan> plan = MakePlan(asked);
  if (!plan.ok()) return absl::NotFoundError(plan.status().message());
  constexpr size_t kMostLengths = 1000;
  const std::vector<double>& lengths = options.tokens.values;
  if (lengths.size() > kMostLengths) {
    return absl::NotFoundError(absl::StrCat("--tokens ", options.tokens.text, ": ", lengths.size(),
                                            " lengths are more than the ", kMostLengths,
                                            " that are run; take larger steps"));
  }
  absl::StatusOr<Report> model = ImportModel(path, *plan);
  if (!model.ok()) return model.status();
  const Graph& graph = *model->graph;

  PassRequest request = plan->request;
  request.fusions.clear();
  request.wanted = {Fact::kMemory};
  absl::StatusOr<Analysis> free = RunPasses(graph, request);
  if (!free.ok()) return WithFile(path, free.status());
  absl::StatusOr<Decoder> decoder = FindDecoder(path, graph, *free);
  if (!decoder.ok()) return decoder.status();
  const bool reads_prompts = !decoder->sequence.empty();

  // Prefill and decode of each length.
  const size_t machines = request.estimates.size();
  std::vector<Phase> prefill(lengths.size() * machines), decode(lengths.size() * machines);
  std::vector<absl::Status> status(2 * lengths.size());
  std::vector<std::string> assumptions;
  std::vector<std::string> names(machines), runtimes(machines), precisions(machines);
  double batch = 1;
  request.wanted = {Fact::kEstimates};
  request.threads = 1;
  ParallelFor(static_cast<int64_t>(2 * lengths.size()), 1, ResolveThreads(analyze.threads),
              [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i) {
                  const auto at = static_cast<size_t>(i) / 2;
                  const bool first = i % 2 == 0;
                  const auto n = static_cast<int64_t>(lengths[at]);
                  if (first && !reads_prompts) continue;
                  PassRequest own = request;
                  own.bindings = first ? At(analyze.bindings, *decoder, n, decoder->least_past)
                                       : At(analyze.bindings, *decoder, 1, n);
                  absl::StatusOr<Analysis> a = RunPasses(graph, own);
                  if (!a.ok()) {
                    status[static_cast<size_t>(i)] = a.status();
                    continue;
                  }
                  for (size_t m = 0; m < machines; ++m) {
                    (first ? prefill : decode)[at * machines + m] =
                        PhaseOf(*a, *a->estimates[m], first ? static_cast<double>(n) : 1);
                    if (i != 1) continue;
                    const Platform& p = *a->estimates[m]->platform;
                    names[m] = p.target->name;
                    runtimes[m] = p.runtime->name;
                    precisions[m] = std::string(p.precision->name);
                    batch = a->estimates[m]->batch;
                    for (const std::string& text : a->estimates[m]->assumptions) {
                      std::string note = absl::StrCat(names[m], ": ", text);
                      if (!absl::c_linear_search(assumptions, note)) {
                        assumptions.push_back(std::move(note));
                      }
                    }
                  }
                }
              });
  for (const absl::Status& s : status) {
    if (!s.ok()) return WithFile(path, s);
  }

  Document d{.schema = "assay.sweep/1"};
  d.title =
      absl::StrCat(ShownFile(path), ": a decoder with ", Plural(decoder->caches, "growing cache"),
                   ", ", options.tokens.text, " tokens");
  std::vector<std::string> total;
  for (const std::string& name : decoder->total) total.push_back(absl::StrCat("`", name, "`"));
  d.subtitle = absl::StrCat(
      "prefill: a prompt of so many tokens; decode: the next token after so many; batch ",
      Count(batch), "; cache along `", decoder->past, "`",
      reads_prompts ? absl::StrCat(", sequence `", decoder->sequence, "`")
                    : ", one token at a time",
      total.empty() ? "" : absl::StrCat(", together ", absl::StrJoin(total, ", ")));
  const bool several_runtimes =
      absl::flat_hash_set<std::string>(runtimes.begin(), runtimes.end()).size() > 1;
  Table t{.key = "tokens"};
  t.columns = {{"tokens", "context", Quantity::kExact},
               {"target", "target", Quantity::kText},
               {"runtime", "runtime", Quantity::kText, !several_runtimes},
               {"precision", "precision", Quantity::kText},
               {"prefill_s", "prefill", Quantity::kSeconds, !reads_prompts},
               {"prefill_low_s", "at least", Quantity::kSeconds, true},
               {"prefill_high_s", "at most", Quantity::kSeconds, true},
               {"prefill_tokens_per_s", "tokens", Quantity::kPerSecond, !reads_prompts},
               {"prefill_limit", "limited by", Quantity::kText, true},
               {"decode_s", "decode", Quantity::kSeconds},
               {"decode_low_s", "at least", Quantity::kSeconds, true},
               {"decode_high_s", "at most", Quantity::kSeconds, true},
               {"decode_tokens_per_s", "tokens", Quantity::kPerSecond},
               {"decode_limit", "limited by", Quantity::kText},
               {"cache_bytes", "cache", Quantity::kBytes},
               {"weights_bytes", "weights", Quantity::kBytes},
               {"memory_bytes", "memory", Quantity::kBytes},
               {"fits", "fits", Quantity::kText}};
  Chart speed{.key = "tokens_per_s", .title = "tokens per second"};
  speed.x = {"tokens of context", Quantity::kCount, lengths.size() > 2};
  speed.y = {"tokens per second", Quantity::kPerSecond, true};
  Chart memory{.key = "memory", .title = "memory", .x = speed.x};
  memory.y = {"weights, cache and activations", Quantity::kBytes, true};
  for (size_t m = 0; m < machines; ++m) {
    const std::string name = absl::StrCat(names[m], " ", runtimes[m], " ", precisions[m]);
    Series reading{.name = absl::StrCat(name, ", prefill")};
    Series writing{.name = absl::StrCat(name, ", decode")};
    Series needs{.name = name};
    for (size_t i = 0; i < lengths.size(); ++i) {
      const Phase &a = prefill[i * machines + m], &b = decode[i * machines + m];
      std::optional<bool> fits = b.fits;
      if (reads_prompts && a.fits == false) fits = false;
      const double most = std::max(a.memory_bytes, b.memory_bytes);
      auto read = [&](Cell cell) { return reads_prompts ? std::move(cell) : Cell(); };
      TableRow row;
      row.cells = {lengths[i],
                   names[m],
                   runtimes[m],
                   precisions[m],
                   read(a.latency_s),
                   read(a.low_s),
                   read(a.high_s),
                   read(a.tokens_per_s),
                   read(a.limit),
                   b.latency_s,
                   b.low_s,
                   b.high_s,
                   b.tokens_per_s,
                   b.limit,
                   b.cache_bytes,
                   b.weights_bytes,
                   most,
                   fits.has_value() ? Cell(*fits) : Cell("?")};
      if (fits == false) row.ink = Ink::kFaint;
      t.rows.push_back(std::move(row));
      if (reads_prompts) reading.points.push_back({.x = lengths[i], .y = a.tokens_per_s});
      writing.points.push_back({.x = lengths[i], .y = b.tokens_per_s});
      needs.points.push_back({.x = lengths[i], .y = most});
    }
    if (reads_prompts) speed.series.push_back(std::move(reading));
    speed.series.push_back(std::move(writing));
    memory.series.push_back(std::move(needs));
  }
  d.Add(std::move(t));
  d.Add(std::move(speed));
  d.Add(std::move(memory));
  Notes notes{.title = "notes"};
  notes.notes.push_back(
      "cache: keys and values of so many tokens; memory: weights and the most that is alive at "
      "once, "
      "of prefill and decode the larger");
  notes.notes.insert(notes.notes.end(), assumptions.begin(), assumptions.end());
  d.Add(std::move(notes));
  if (!plan->skipped.empty()) {
    d.Add(Notes{.key = "skipped", .title = "left out", .notes = plan->skipped});
  }
  return d;
}

}  // namespace assay
