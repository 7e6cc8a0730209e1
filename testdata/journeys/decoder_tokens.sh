# Will this decoder of 8 billion parameters run at 20 tokens a second on that card?
. testdata/journeys/steps
model=testdata/models/llama3_8b_kv.onnx
step="--dim batch=1 --dim seq=1 --dim past=2047"

say "One token behind 2,047 others, on an L4 and on a 4090."
run assay fit $model --target l4,rtx-4090 $step --min-throughput 20/s --quiet
conclude "one of the two breaks it" "$status == 3"

say "By hand: 8.03 G parameters in fp16, less the table of embeddings of which a token reads one row"
say "(128256 x 4096), are 15.01 GB; the cache of 2047 tokens is 2 x 32 layers x 8 heads x 128 x 2 B = 131 kB a token,"
say "0.27 GB. An L4 moves 300 GB/s, so 50.9 ms a token at the best: 19.6 tokens a second. A 4090 moves 1,008 GB/s:"
say "15.2 ms, 66 a second."
rate() {
  report=$(mktemp)
  assay analyze $model --target "$1" $2 $step --format json --quiet > "$report"
  field "$report" throughput_per_s
  rm "$report"
}
bytes="((8.03026e9 - 128256 * 4096) * 2 + 2047 * 131072)"
l4=$(rate l4 "")
rtx=$(rate rtx-4090 "")
conclude "the L4 does not" "$l4 < 20 && $l4 > 0.85 * 300e9 / $bytes && $l4 < 300e9 / $bytes"
conclude "the 4090 does" "$rtx > 20 && $rtx > 0.85 * 1008e9 / $bytes && $rtx < 1008e9 / $bytes"

say "And with weights of 4 bits on the L4?"
run assay fit $model --target l4 --precision w4a16 $step --min-throughput 20/s --quiet
l4=$(rate l4 "--precision w4a16")
conclude "then it does" "$status == 0 && $l4 > 40"

say "As the conversation gets longer:"
run assay sweep $model --target l4 --precision w4a16 --tokens 512..8192 --quiet
