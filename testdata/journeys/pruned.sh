# Did my pruned model really get cheaper?
. testdata/journeys/steps
old=testdata/models/resnet18.onnx
new=testdata/models/resnet18_pruned.onnx

run assay diff $old $new --target jetson-orin-nano --runtime tensorrt --precision fp16 --top 5 --quiet

say "By hand: each 3 x 3 convolution of a block at full width is 64 * 64 * 9 * 56 * 56 = 115.6 M; there are 4 in the"
say "first stage, and 3.5 in each of the others, where the first one has half the inputs. Half of the channels between"
say "the two of a block leave half of all that: 838.1 M of 1814.1 M MACs go, 46.2 %. Time cannot fall further, as the"
say "launches stay, and the stem, the short cuts and the head."
report=$(mktemp)
latency() {
  assay analyze "$1" --target jetson-orin-nano --runtime tensorrt --precision fp16 --format json \
      --quiet > "$report"
  field "$report" latency_s
}
macs() {
  assay analyze "$1" --format json --quiet > "$report"
  field "$report" macs
}
conclude "the work that went is what the arithmetic says" \
    "$(macs $old) - $(macs $new) == 14.5 * 115605504 / 2"
conclude "it is faster, and by less than the work" \
    "$(latency $new) < $(latency $old) && $(latency $new) > (1 - 0.462) * $(latency $old)"
rm "$report"
