#include "analyzer/document.h"

#include <string>

#include "analyzer/quantity.h"

namespace assay {

std::string Shown(const Cell& cell, Quantity quantity) {
  if (const std::string* text = cell.text()) return *text;
  if (const double* number = cell.number()) return Shown(*number, cell.quantity(quantity));
  if (const bool* yes = cell.yes()) return *yes ? "yes" : "no";
  return "";
}

}  // namespace assay
