#include "analyzer/report_json_plan.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "passes/analysis.h"

namespace assay {
namespace {

// What a pass marks as not computed by a negative number.
void NumberOrNull(JsonWriter* json, absl::string_view key, double d) {
  json->FieldIf(d >= 0, key, d);
}

void IdOrNull(JsonWriter* json, absl::string_view key, OpId op) {
  json->FieldIf(op.has_value(), key, op.index);
}

template <class T>
void List(JsonWriter* json, absl::string_view key, const std::vector<T>& values) {
  json->Key(key).BeginList();
  for (const T& v : values) json->Value(v);
  json->EndArray();
}

// Everything but the enclosing object.
void ConcurrencyFields(const Concurrency& c, bool stages, JsonWriter* json) {
  json->Field("stages", c.stages);
  NumberOrNull(json, "width", c.width);
  json->Field("width_at_most", c.width_at_most).Field("widest_stage", c.widest_stage);
  json->Key("critical_path").BeginRow().Field("ops", c.critical_path_ops);
  json->Field("macs", c.critical_macs).Field("flops", c.critical_flops);
  json->Field("bytes", c.critical_bytes).EndObject();
  json->Field("average_parallelism", c.average_parallelism);
  json->Key("speedups").BeginArray();
  for (const Concurrency::Speedup& s : c.speedups) {
    json->BeginRow().Field("processors", s.processors);
    json->Field("at_least", s.at_least).Field("at_most", s.at_most).EndObject();
  }
  json->EndArray();
  if (!stages) return;
  List(json, "critical_nodes", c.critical_nodes);
  json->Key("profile").BeginArray();
  for (const Concurrency::Stage& s : c.profile) {
    json->BeginRow().Field("nodes", s.nodes).Field("macs", s.macs);
    json->Field("flops", s.flops).Field("bytes", s.bytes).EndObject();
  }
  json->EndArray();
}

void MemoryFields(const Report& r, const Memory& m, bool detail, JsonWriter* json) {
  json->Field("peak_activation_bytes", m.peak_activation_bytes);
  IdOrNull(json, "peak_at", m.peak_at);
  json->Field("peak_inplace_bytes", m.peak_inplace_bytes);
  NumberOrNull(json, "arena_bytes", m.arena_bytes);
  NumberOrNull(json, "arena_lower_bound_bytes", m.arena_lower_bound_bytes);
  json->Field("arena_fragmentation",
              m.arena_bytes > 0 ? 1 - m.arena_lower_bound_bytes / m.arena_bytes : 0.0);
  json->Field("arena_heuristic", m.arena_heuristic);
  json->Key("peak_tensors").BeginArray();
  for (int32_t i : m.peak_buffers) {
    const Memory::Buffer& b = m.buffers[i];
    json->BeginRow().Field("name", r.graph->name(b.value)).Field("bytes", b.bytes);
    json->Field("from", b.from).Field("to", b.to).EndObject();
  }
  json->EndArray();
  json->Key("order").BeginObject().Field("peak_activation_bytes", m.best_peak_bytes);
  IdOrNull(json, "peak_at", m.best_peak_at);
  json->Field("least", m.best_is_least);
  if (detail) {
    List(json, "steps", m.best_order);
    List(json, "timeline", m.best_live);
  }
  json->EndObject().Field("unknown_values", m.unknown_values);
  if (!detail) return;
  List(json, "steps", m.order);
  List(json, "timeline", m.live);
  json->Key("buffers").BeginArray();
  for (const Memory::Buffer& b : m.buffers) {
    json->BeginRow().Field("name", r.graph->name(b.value)).Field("bytes", b.bytes);
    json->Field("from", b.from).Field("to", b.to).Field("offset", b.offset);
    json->FieldIf(b.takes_over >= 0, "takes_over", b.takes_over).EndObject();
  }
  json->EndArray();
}

}  // namespace

void WriteFusion(const Report& r, JsonWriter* json) {
  if (r.partition == nullptr) return;
  const Partition& p = *r.partition;
  json->Key("fusion").BeginObject().Field("policy", p.key.policy);
  json->Field("bytes_unfused", p.bytes_unfused).Field("bytes_fused", p.bytes_fused);
  json->Field("bytes_internal", p.bytes_internal);
  json->Field("internal_writes", p.internal_writes).Field("internal_reads", p.internal_reads);
  json->Field("shared_reads", p.shared_reads).Field("extra_reads", p.extra_reads);
  json->Field("inserted", p.inserted);
  json->Field("regions", p.regions).Field("regions_not_exact", p.regions_not_exact);
  json->Key("kernels").BeginArray();
  for (size_t k = 0; k < p.kernels.size(); ++k) {
    const Partition::KernelOps& kernel = p.kernels[k];
    const OpNumbers sum = r.analysis.numbers->Sum(kernel.ops);
    json->BeginRow().Field("id", static_cast<int64_t>(k)).Field("name", kernel.name);
    json->Field("pattern", kernel.pattern).Key("ops").BeginArray();
    for (OpId op : kernel.ops) json->Value(op.index);
    json->EndArray().Field("multiplicity", kernel.multiplicity).Field("known", kernel.known);
    json->Field("macs", sum.macs).Field("flops", sum.flops);
    json->Field("bytes_external", kernel.bytes_external() * kernel.multiplicity);
    json->Field("bytes_internal", kernel.bytes_internal * kernel.multiplicity);
    json->Field("bytes_read", kernel.bytes_read * kernel.multiplicity);
    json->Field("bytes_written", kernel.bytes_written * kernel.multiplicity);
    json->Field("bytes_weights", kernel.bytes_weights * kernel.multiplicity);
    if (r.plan != nullptr) {
      json->Field("stage", r.plan->concurrency.stage_of[k]);
      const KernelPlan::Threads& t = r.plan->threads[k];
      json->Key("threads");
      if (t.all() > 0) {
        json->BeginObject().Field("batch", t.batch).Field("heads", t.heads);
        json->Field("channel", t.channel).Field("space", t.space).EndObject();
      } else {
        json->Null();
      }
    }
    json->EndObject();
  }
  json->EndArray();
  json->Key("inserted_kernels").BeginArray();
  for (const Partition::Inserted& i : p.inserted_kernels) {
    json->BeginRow().Field("what", i.what).Field("value", r.graph->name(i.value));
    IdOrNull(json, "after", i.after);
    IdOrNull(json, "before", i.before);
    json->Field("bytes", i.bytes * i.multiplicity).EndObject();
  }
  json->EndArray();
  if (p.key.explain) {
    json->Key("unfused").BeginArray();
    for (const Partition::Unfused& u : p.unfused) {
      json->BeginRow().Field("value", r.graph->name(u.value));
      json->Field("from", u.from.index).Field("to", u.to.index);
      json->Field("from_kernel", p.kernel_of[u.from.index]);
      json->Field("to_kernel", p.kernel_of[u.to.index]).Field("reason", u.reason).EndObject();
    }
    json->EndArray();
  }
  json->EndObject();
}

void WriteConcurrency(const Report& r, const ReportOptions& options, JsonWriter* json) {
  const Concurrency* c = r.analysis.concurrency.get();
  if (c == nullptr) return;
  json->Key("concurrency").BeginObject();
  ConcurrencyFields(*c, options.stages, json);
  if (r.plan != nullptr) {
    json->Key("kernels").BeginObject();
    ConcurrencyFields(r.plan->concurrency, options.stages, json);
    json->EndObject();
  }
  json->EndObject();
}

void WriteMemory(const Report& r, const ReportOptions& options, JsonWriter* json) {
  const Memory* m = r.analysis.memory.get();
  if (m == nullptr) return;
  json->Key("memory").BeginObject().Field("weights_bytes", m->weights_bytes);
  MemoryFields(r, *m, options.memory, json);
  json->Key("caches").BeginArray();
  for (const Memory::Cache& c : m->caches) {
    json->BeginRow().Field("past", r.graph->name(c.past));
    json->Field("present", r.graph->name(c.present)).Field("past_bytes", c.past_bytes);
    json->Field("present_bytes", c.present_bytes).EndObject();
  }
  json->EndArray();
  if (r.plan != nullptr) {
    json->Key("kernels").BeginObject();
    MemoryFields(r, r.plan->memory, options.memory, json);
    json->EndObject();
  }
  json->EndObject();
}

}  // namespace assay
