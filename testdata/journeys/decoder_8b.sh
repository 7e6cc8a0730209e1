# Will this 8-billion-parameter decoder run at 20 tokens per second on that card?
#
# By hand: of 8,030,261,248 weights the embedding's 128256 x 4096 are looked up, not read; 7.505 G of
# two bytes are read for every token, and 2048 cached tokens are 0.27 GB more: 15.28 GB. An L4 moves
# 300 GB/s: 50.9 ms at the very best, 19.6 tokens per second. No. An RTX 4090 moves 1008 GB/s: 15.2 ms,
# at most 66 per second. Yes. A T4 has 16.00 GB and the weights alone take 16.06 GB: it does not fit.
set -eu
number() { sed -n 's/.*"'"$1"'": *\([0-9.e+-]*\).*/\1/p' | head -n 1; }
for card in rtx-4090 l4 t4; do
  report=$($ASSAY analyze testdata/models/llama3_8b_kv.onnx --dim batch=1 --dim seq=1 --dim past=2048 \
    --dim total=2049 --target $card --format json)
  seconds=$(echo "$report" | number latency_s)
  fits=$(echo "$report" | sed -n 's/.*"fits": *\([a-z]*\).*/\1/p' | head -n 1)
  awk -v c=$card -v s="$seconds" -v f="$fits" 'BEGIN {
    verdict = f != "true" ? "does not fit" : 1 / s >= 20 ? "yes" : "no"
    printf "%s: at most %.1f tokens/s: %s\n", c, 1 / s, verdict
    bound = c == "rtx-4090" ? 1008e9 / 15.28e9 : c == "l4" ? 300e9 / 15.28e9 : 320e9 / 15.28e9
    wanted = c == "rtx-4090" ? "yes" : c == "l4" ? "no" : "does not fit"
    if (1 / s > bound || 1 / s < 0.8 * bound || verdict != wanted) { print "not as by hand"; exit 1 }
  }'
done
