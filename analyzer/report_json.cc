// The report for programs: schema "assay.report/1". analyzer/README.md documents every field; names
// that stand there stay. Bytes, seconds, joules, watts; null is "not known"; an expression is a
// string.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "analyzer/formats.h"
#include "analyzer/groups.h"
#include "analyzer/json_writer.h"
#include "analyzer/report.h"
#include "analyzer/report_json_plan.h"
#include "hw/fill.h"
#include "ir/graph.h"
#include "ir/type.h"
#include "passes/analysis.h"

namespace assay {
namespace {

class JsonReport : public ReportWriter {
 public:
  JsonReport(const ReportOptions& options, std::string* out) : options_(options), json_(out) {}

  void Begin() override {
    json_.BeginObject().Field("schema", "assay.report/1").Key("models").BeginArray();
  }
  void Model(const Report& report) override;
  void Failed(absl::string_view file, absl::string_view message) override {
    json_.BeginRow().Field("file", file).Field("error", message).EndObject();
  }
  void End() override { json_.EndArray().EndObject(); }

 private:
  void Identity(const Report& r);
  void Signature(const Report& r, absl::string_view key, absl::Span<const ValueId> values);
  void Symbols(const Report& r);
  void Totals(const Report& r);
  void Symbolic(const Report& r);
  void Groups(const Report& r);
  void Ops(const Report& r);
  void Levels(const ModelEstimate& e, absl::string_view policy);
  void WriteFallback(const Fallback& f);
  void Targets(const Report& r);
  void TargetKernels(const Report& r, const ModelEstimate& e);
  void Remarks(const Report& r);

  void Size(Dim d, const DimPool& pool);
  void TypeFields(const Type& type, const DimPool& pool);
  void EnergyParts(const Energy& energy);

  ReportOptions options_;
  JsonWriter json_;
};

void JsonReport::Size(Dim d, const DimPool& pool) {
  if (d.known()) {
    json_.Value(d.value());
  } else if (d.symbolic()) {
    json_.Value(pool.ToString(d));
  } else {
    json_.Null();
  }
}

void JsonReport::TypeFields(const Type& type, const DimPool& pool) {
  json_.FieldIf(type.is_tensor() && type.dtype != DType::kUndefined, "dtype", Name(type.dtype));
  json_.Key("shape");
  if (type.is_tensor() && type.ranked) {
    json_.BeginList();
    for (Dim d : type.dims) Size(d, pool);
    json_.EndArray();
  } else {
    json_.Null();
  }
  // Sequences, optionals and maps are spelled as the text form spells them.
  if (!type.is_tensor() && type.kind != TypeKind::kUnknown) {
    json_.Field("type", ToString(type, pool));
  }
}

void JsonReport::Identity(const Report& r) {
  const SourceInfo& s = r.graph->source();
  json_.Field("file", r.file).Field("name", s.name);
  json_.Field("producer", s.producer).Field("producer_version", s.producer_version);
  json_.Field("ir_version", s.ir_version).Key("opsets").BeginRow();
  for (const auto& [domain, version] : s.opsets) {
    json_.Field(domain.empty() ? "ai.onnx" : absl::string_view(domain), version);
  }
  json_.EndObject();
}

void JsonReport::Signature(const Report& r, absl::string_view key,
                           absl::Span<const ValueId> values) {
  const Shapes& shapes = *r.analysis.shapes;
  json_.Key(key).BeginArray();
  for (ValueId v : values) {
    json_.BeginRow().Field("name", r.graph->name(v));
    TypeFields(shapes.type(v), *shapes.pool);
    json_.EndObject();
  }
  json_.EndArray();
}

void JsonReport::Symbols(const Report& r) {
  json_.Key("symbols").BeginArray();
  for (const SymbolInfo& s : r.analysis.shapes->pool->symbols()) {
    json_.BeginRow().Field("name", s.name).Field("origin", s.origin).Field("low", s.bounds.low);
    json_.FieldIf(s.bounds.high != Bounds::kNoBound, "high", s.bounds.high);
    json_.Field("data_dependent", s.data_dependent).Key("definition");
    Size(s.definition, *r.analysis.shapes->pool);
    json_.EndObject();
  }
  json_.EndArray().Key("dims").BeginRow();
  for (const PointEntry& entry : r.point) json_.Field(entry.symbol, entry.value);
  json_.EndObject().Key("dims_bound").BeginList();
  for (const PointEntry& entry : r.point) {
    if (entry.bound) json_.Value(entry.symbol);
  }
  json_.EndArray();
}

void JsonReport::Totals(const Report& r) {
  const Numbers& n = *r.analysis.numbers;
  const OpNumbers& t = n.total;
  json_.Key("totals").BeginObject();
  json_.Field("ops", r.graph->num_ops()).Field("ops_running", n.running_ops);
  for (int e = 0; e < kNumExecs; ++e) {
    if (static_cast<Exec>(e) == Exec::kRuns) continue;
    json_.Field(absl::StrCat("ops_", Name(static_cast<Exec>(e))), r.analysis.execution->count[e]);
  }
  json_.Field("unknown_ops", n.unknown_ops);
  json_.Field("macs", t.macs).Field("flops", t.flops);
  json_.Field("transcendentals", t.transcendentals).Field("int_ops", t.int_ops);
  json_.Field("comparisons", t.comparisons);
  json_.Field("bytes_in", t.bytes_in).Field("bytes_out", t.bytes_out);
  json_.Field("bytes_weights", t.bytes_weights);
  json_.FieldIf(r.bytes() > 0, "arithmetic_intensity", t.flops / r.bytes());
  json_.EndObject();
}

void JsonReport::Symbolic(const Report& r) {
  const Works& w = *r.analysis.works;
  const DimPool& pool = *r.analysis.shapes->pool;
  const std::pair<absl::string_view, Dim> rows[] = {
      {"macs", w.macs},
      {"flops", w.flops},
      {"transcendentals", w.transcendentals},
      {"int_ops", w.int_ops},
      {"comparisons", w.comparisons},
      {"bytes_in", w.bytes_in},
      {"bytes_out", w.bytes_out},
      {"bytes_weights", w.bytes_weights},
      {"bytes", w.bytes},
  };
  json_.Key("symbolic").BeginObject();
  for (const auto& [name, dim] : rows) {
    json_.FieldIf(!dim.unknown() && !dim.overflow(), name, pool.ToString(dim));
  }
  json_.EndObject();
}

void JsonReport::Groups(const Report& r) {
  auto list = [&](absl::string_view key, const std::vector<Group>& groups) {
    json_.Key(key).BeginArray();
    for (const Group& g : groups) {
      json_.BeginRow().Field("path", g.path).Field("level", g.level).Field("own", g.own);
      json_.Field("ops", g.cost.ops).Field("unknown_ops", g.cost.unknown);
      json_.Field("macs", g.cost.macs).Field("flops", g.cost.flops).Field("bytes", g.cost.bytes);
      if (!r.op_seconds.empty()) json_.Field("seconds", g.cost.seconds);
      json_.EndObject();
    }
    json_.EndArray();
  };
  list("by_type", TypesOf(r));
  if (!options_.by.empty() && options_.by != "type") {
    list(absl::StrCat("by_", options_.by), RollUp(r, options_.by, options_.depth));
  }
}

void JsonReport::Ops(const Report& r) {
  const Graph& g = *r.graph;
  const Analysis& a = r.analysis;
  const DimPool& pool = *a.shapes->pool;
  json_.Key("ops").BeginArray();
  for (int i = 0; i < g.num_ops(); ++i) {
    OpId op(i);
    const Op& o = g.op(op);
    json_.BeginRow().Field("id", i).Field("name", g.str(o.location.name));
    json_.Field("op_type", g.str(o.type)).Field("domain", g.str(o.domain));
    absl::string_view module = g.str(o.location.module);
    json_.FieldIf(!module.empty(), "module", module);
    if (!g.str(o.location.scope).empty()) json_.Field("scope", g.str(o.location.scope));
    if (a.execution != nullptr) {
      json_.Field("execution", Name(a.execution->exec[i])).Key("multiplicity");
      Size(a.execution->multiplicity[i], pool);
    }
    json_.Key("inputs").BeginArray();
    for (ValueId v : g.inputs(op)) {
      if (v.has_value()) {
        json_.Value(g.name(v));
      } else {
        json_.Null();
      }
    }
    json_.EndArray().Key("outputs").BeginArray();
    for (ValueId v : g.outputs(op)) {
      if (!v.has_value()) {
        json_.Null();
        continue;
      }
      json_.BeginObject().Field("name", g.name(v));
      TypeFields(a.shapes->type(v), pool);
      json_.EndObject();
    }
    json_.EndArray();
    if (a.numbers != nullptr) {
      const OpNumbers& n = a.numbers->of(op);
      const std::pair<absl::string_view, double> numbers[] = {
          {"macs", n.macs},
          {"flops", n.flops},
          {"transcendentals", n.transcendentals},
          {"int_ops", n.int_ops},
          {"comparisons", n.comparisons},
          {"bytes_in", n.bytes_in},
          {"bytes_out", n.bytes_out},
          {"bytes_weights", n.bytes_weights},
      };
      bool unknown = a.execution->runs(op) && !n.known;
      for (const auto& [name, number] : numbers) json_.FieldIf(!unknown, name, number);
    }
    if (r.partition != nullptr) {
      int kernel = r.partition->kernel_of[i];
      json_.FieldIf(kernel >= 0, "kernel", kernel);
    }
    json_.EndObject();
  }
  json_.EndArray();
}

void JsonReport::EnergyParts(const Energy& energy) {
  json_.Key("energy").BeginRow();
  for (const EnergyPart& part : energy.parts) json_.Field(part.name, part.joules);
  json_.EndObject();
}

void JsonReport::Levels(const ModelEstimate& e, absl::string_view policy) {
  json_.Key("memory").BeginObject().Field("weights_bytes", e.weights_bytes);
  json_.Field("activation_bytes", e.activation_bytes);
  json_.Field("activations_between", absl::StrCat("kernels of ", policy));
  json_.Key("levels").BeginArray();
  for (const LevelFit& fit : e.levels) {
    const MemoryLevel& level = e.platform->target->memory[static_cast<size_t>(fit.level)];
    json_.BeginRow().Field("name", level.name).Field("role", Name(level.role));
    json_.Field("scope", level.scope).FieldIf(fit.both.has_value(), "bytes", fit.bytes);
    json_.Field("weights", fit.weights).Field("activations", fit.activations);
    json_.Field("both", fit.both).EndObject();
  }
  json_.EndArray().EndObject();
}

void JsonReport::WriteFallback(const Fallback& f) {
  json_.Key("fallback").BeginObject().Key("lacking").BeginRow();
  for (const auto& [type, count] : f.lacking) json_.Field(type, count);
  json_.EndObject().Field("ops", f.ops).Field("share_of_macs", f.mac_share);
  json_.Field("share_of_time", f.time_share).Field("bytes", f.bytes);
  json_.FieldIf(f.host.link != nullptr, "link", f.host.link == nullptr ? "" : f.host.link->name);
  const bool named = f.host.platform != nullptr;
  json_.FieldIf(named, "host", named ? f.host.platform->target->name : "").EndObject();
}

void JsonReport::Targets(const Report& r) {
  json_.Key("targets").BeginArray();
  for (const auto& made : r.analysis.estimates) {
    const ModelEstimate& e = *made;
    const Platform& p = *e.platform;
    const Partition& partition = *r.analysis.partitions[e.partition];
    json_.BeginObject().Field("target", p.target->name).Field("runtime", p.runtime->name);
    json_.Field("precision", p.precision->name).Field("policy", partition.key.policy);
    json_.Field("calibration", p.calibration_label);
    const bool has_cores = p.target->kind == TargetKind::kCpu;
    json_.FieldIf(has_cores, "cores", p.target->unit_count());
    json_.Field("instances", p.share.instances);
    json_.Field("latency_s", e.latency_s).Field("latency_low_s", e.latency_low_s);
    json_.Field("latency_high_s", e.latency_high_s).Field("batch", e.batch);
    json_.Field("throughput_per_s", e.throughput_per_s);
    json_.Field("energy_j", e.energy.joules).Field("energy_complete", e.energy.complete);
    EnergyParts(e.energy);
    json_.Field("power_w", e.power_w).Field("above_design_power", e.above_design_power);
    json_.Field("utilization", e.utilization);
    json_.Key("bound").BeginRow();
    for (const BoundShare& b : e.bounds) json_.Field(b.resource, b.time_share);
    json_.EndObject().Key("bound_ops").BeginRow();
    for (const BoundShare& b : e.bounds) json_.Field(b.resource, b.op_share);
    for (auto [key, shares] :
         {std::pair("bound_class", e.time_share), std::pair("bound_class_ops", e.op_share)}) {
      json_.EndObject().Key(key).BeginRow();
      for (Bound b : {Bound::kCompute, Bound::kBandwidth, Bound::kOverhead}) {
        json_.Field(Name(b), shares[static_cast<int>(b)]);
      }
    }
    json_.EndObject().Key("ridge_points").BeginRow();
    for (Math math : p.target->maths()) json_.Field(Name(math), p.target->RidgePoint(math));
    json_.EndObject().Field("fits", e.fits);
    json_.Field("memory_needed_bytes", e.memory_needed_bytes);
    json_.FieldIf(e.memory_bytes > 0, "memory_bytes", e.memory_bytes);
    Levels(e, partition.key.policy);
    if (e.fill.has_value()) {
      json_.Key("fill").BeginRow().FieldIf(e.fill->batch > 0, "batch", e.fill->batch);
      json_.Field("most_batch", kMostFillBatch).Field("filled_share", kFilledShare);
      json_.Field("share", e.fill->share);
      json_.Field("median_units_used", e.fill->median_units);
      json_.Field("units", e.fill->units).EndObject();
    }
    json_.Field("unknown_kernels", e.unknown_kernels);
    if (e.fallback.has_value()) WriteFallback(*e.fallback);
    TargetKernels(r, e);
    json_.Key("assumptions").BeginArray();
    for (const std::string& text : e.assumptions) json_.Value(text);
    json_.EndArray().EndObject();
  }
  json_.EndArray();
}

void JsonReport::TargetKernels(const Report& r, const ModelEstimate& e) {
  const Partition& partition = *r.analysis.partitions[e.partition];
  json_.Key("kernels").BeginArray();
  for (size_t k = 0; k < partition.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = partition.kernels[k];
    const KernelEstimate& t = e.results[k];
    json_.BeginRow().Field("id", static_cast<int64_t>(k)).Field("name", kernel.name);
    json_.Key("ops").BeginArray();
    for (OpId op : kernel.ops) json_.Value(op.index);
    json_.EndArray().Field("multiplicity", kernel.multiplicity);
    json_.Field("seconds", t.seconds * kernel.multiplicity);
    json_.Field("seconds_low", t.low * kernel.multiplicity);
    json_.Field("seconds_high", t.high * kernel.multiplicity);
    json_.Field("overhead", t.overhead * kernel.multiplicity);
    json_.Field("bound", t.limit).Field("bound_class", Name(t.bound));
    json_.Field("math", Name(t.mapping.math)).Field("units_used", t.units_used);
    json_.Field("waves", t.mapping.waves);
    if (const Occupancy& o = t.mapping.occupancy; o.blocks > 0) {
      json_.Field("resident_blocks", o.blocks).Field("occupancy", o.share);
      json_.Field("occupancy_limit", o.limit);
    }
    json_.Field("utilization", t.utilization);
    json_.Key("factors").BeginObject();
    for (const Factor& f : t.mapping.factors) json_.Field(f.name, f.value);
    json_.EndObject().Key("resources").BeginArray();
    for (const ResourceUse& u : t.parts) {
      json_.BeginObject().Field("name", u.name).Field("amount", u.amount).Field("unit", u.unit);
      json_.Field("rate", u.rate).Field("seconds", u.seconds).EndObject();
    }
    json_.EndArray().Field("energy_j", t.energy.joules);
    if (t.fallback) json_.Field("fallback", true).Field("bytes_crossing", t.crossing_bytes);
    json_.EndObject();
  }
  json_.EndArray();
}

void JsonReport::Remarks(const Report& r) {
  json_.Key("opaque").BeginArray();
  for (const OpaqueOps& o : r.opaque) {
    json_.BeginRow().Field("op_type", o.type).Field("count", o.count);
    json_.Field("first", o.first.index).EndObject();
  }
  json_.EndArray().Key("assumptions").BeginArray();
  for (const Assumption& a : r.analysis.assumptions()) {
    json_.BeginRow().FieldIf(a.op.has_value(), "op", a.op.index);
    json_.Field("text", a.text).EndObject();
  }
  json_.EndArray().Key("diagnostics").BeginArray();
  for (const Diagnostic& d : r.diagnostics) {
    json_.BeginRow().Field("where", d.where).Field("message", d.message).EndObject();
  }
  json_.EndArray();
}

void JsonReport::Model(const Report& r) {
  const Analysis& a = r.analysis;
  json_.BeginObject();
  Identity(r);
  if (a.shapes != nullptr) {
    Signature(r, "inputs", r.graph->region(Graph::kMain).args);
    Signature(r, "outputs", r.graph->region(Graph::kMain).results);
    Symbols(r);
  }
  if (a.works != nullptr) {
    json_.Field("parameters", a.works->parameters).Field("weight_bytes", a.works->weight_bytes);
  }
  if (a.numbers != nullptr) Totals(r);
  if (a.works != nullptr) Symbolic(r);
  if (a.numbers != nullptr) Groups(r);
  if (a.shapes != nullptr) Ops(r);
  WriteFusion(r, &json_);
  WriteConcurrency(r, options_, &json_);
  WriteMemory(r, options_, &json_);
  Targets(r);
  Remarks(r);
  json_.EndObject();
}

}  // namespace

std::unique_ptr<ReportWriter> MakeJsonWriter(const ReportOptions& options, std::string* out) {
  return std::make_unique<JsonReport>(options, out);
}

}  // namespace assay
