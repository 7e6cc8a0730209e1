#include "passes/kernel_rules.h"

#include <algorithm>
#include <cstdint>

#include "absl/container/inlined_vector.h"

namespace assay {
namespace {

bool IsBarrier(const KernelNode& n) {
  return n.kind == KernelKind::kAnchor || n.kind == KernelKind::kStencil;
}
bool IsMovement(const KernelNode& n) { return n.kind == KernelKind::kMovement; }
bool IsPointwise(const KernelNode& n) { return n.kind == KernelKind::kPointwise; }

// Over the elements of the space, or over one element per row of it.
bool Runs(const KernelNode& space, double elements) {
  return elements == space.elements || (space.rows > 0 && elements == space.rows);
}

}  // namespace

bool MayPass(const KernelNode& from, const KernelNode& to, const KernelNode::Read& read) {
  if (IsMovement(from)) return true;
  if (IsMovement(to)) {
    if (from.converts) return true;
    return to.stores && read.use == KernelUse::kAligned && Runs(from, read.elements);
  }
  switch (read.use) {
    case KernelUse::kAny:
      return from.converts;
    case KernelUse::kRowScalar:
      if (from.kind == KernelKind::kRow) {
        return from.on_chip && read.elements == from.rows && to.elements == from.elements;
      }
      return IsPointwise(from);
    case KernelUse::kAligned:
      if (IsPointwise(from)) return true;
      if (IsBarrier(from)) return IsPointwise(to) && read.elements == from.elements;
      if (from.kind != KernelKind::kRow) return false;
      if (read.elements == from.elements) return from.on_chip && to.elements == from.elements;
      return read.elements == from.rows && (IsPointwise(to) || from.on_chip);
  }
  return false;
}

bool MayShare(const KernelNode& a, const KernelNode::Read& of_a, const KernelNode& b,
              const KernelNode::Read& of_b) {
  auto in_order = [](const KernelNode& n, const KernelNode::Read& r) {
    return (IsPointwise(n) || n.kind == KernelKind::kRow) && r.use == KernelUse::kAligned &&
           r.elements == n.elements && !r.weight;
  };
  return in_order(a, of_a) && in_order(b, of_b) && a.elements == b.elements;
}

bool NeverTogether(const KernelNode& a, const KernelNode& b) {
  if (a.kind == KernelKind::kAlone || b.kind == KernelKind::kAlone) return true;
  if (a.region != b.region || a.multiplicity != b.multiplicity) return true;
  if (IsMovement(a) || IsMovement(b)) return false;
  const bool a_leads = !IsPointwise(a), b_leads = !IsPointwise(b);
  if (a_leads && b_leads) {
    // Rows may go together when they are the same rows.
    return IsBarrier(a) || IsBarrier(b) || !a.on_chip || !b.on_chip || a.rows != b.rows ||
           a.elements != b.elements;
  }
  if (a_leads) return !b.converts && !Runs(a, b.elements);
  if (b_leads) return !a.converts && !Runs(b, a.elements);
  return false;
}

bool LegalKernel(const KernelSpace& space, absl::Span<const int32_t> nodes,
                 absl::Span<const uint8_t> leaves) {
  const int n = static_cast<int>(nodes.size());
  auto node = [&](int i) -> const KernelNode& { return space.nodes[nodes[i]]; };
  auto index = [&](int32_t id) {
    const auto it = std::lower_bound(nodes.begin(), nodes.end(), id);
    return it != nodes.end() && *it == id ? static_cast<int>(it - nodes.begin()) : -1;
  };
  // Movement and conversions that can happen where their result is read: nothing in the kernel
  // computes what they take. And the node whose space is the kernel's.
  absl::InlinedVector<uint8_t, 64> at_load(n, 0);
  int lead = -1;
  for (int i = 0; i < n; ++i) {
    const KernelNode& it = node(i);
    at_load[i] = IsMovement(it) || it.converts;
    for (const KernelNode::Read& r : it.reads) {
      const int w = r.writer < 0 ? -1 : index(r.writer);
      if (w >= 0 && at_load[w] == 0) at_load[i] = 0;
    }
    if (IsMovement(it) || it.converts) continue;
    if (lead < 0 || (IsPointwise(node(lead)) && !IsPointwise(it))) lead = i;
  }
  const KernelNode& all = node(lead < 0 ? n - 1 : lead);
  for (int i = 0; i < n; ++i) {
    const KernelNode& it = node(i);
    const bool fits = &it == &all || Runs(all, it.elements);
    if (IsMovement(it)) {
      if (at_load[i] != 0 ? leaves[i] != 0 && !fits : !it.stores || !fits) return false;
    } else if (!fits && (at_load[i] == 0 || leaves[i] != 0)) {
      return false;
    }
    for (const KernelNode::Read& r : it.reads) {
      const int w = r.writer < 0 ? -1 : index(r.writer);
      if (w < 0) continue;
      const bool hidden = at_load[w] != 0 && leaves[w] == 0;  // computed at every reader
      if (IsMovement(node(w)) && at_load[w] == 0) {
        if (!IsMovement(it)) return false;  // what is stored elsewhere is not at hand any more
      } else if (IsMovement(it)) {
        if (at_load[i] != 0 && !hidden) return false;
      } else if (r.use == KernelUse::kAny) {
        if (!hidden) return false;
      } else if (r.use == KernelUse::kRowScalar && !hidden) {
        if (!all.on_chip || r.elements != all.rows) return false;
      }
    }
  }
  return true;
}

}  // namespace assay
