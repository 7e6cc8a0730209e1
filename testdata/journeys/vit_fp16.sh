# Where does the time of my exported ViT go, and what would fp16 give?
#
# By hand: ViT-B/16 at 224 x 224 has 12 blocks of 4 x 768^2 + 2 x 768 x 3072 weights in products, met by
# 197 tokens: 12 x 197 x 7,077,888 = 16.73 GMAC; QK^T and PV 12 x 2 x 197^2 x 768 = 0.72 G; patches
# 196 x 768 x 768 = 0.12 G; together 17.56 GMAC, 35.1 GFLOP. An RTX 3090 does 35.58 TFLOP/s in fp32
# and 71 TFLOP/s in fp16 (accumulated in fp32): no less than 0.987 ms and 0.495 ms, and fp16 can give
# at most 71 / 35.58 = 2.0 times; launches do not shrink, so it gives less.
set -eu
number() { sed -n 's/.*"'"$1"'": *\([0-9.e+-]*\).*/\1/p' | head -n 1; }
model=testdata/models/vit_b_16.onnx

echo "where the time goes on an RTX 3090:"
$ASSAY analyze $model --batch 1 --target rtx-3090 --top 0 | sed -n '/^type/,/^total/p' | head -n 4

fp32=$($ASSAY analyze $model --batch 1 --target rtx-3090 --format json | number latency_s)
fp16=$($ASSAY analyze $model --batch 1 --target rtx-3090 --precision fp16 --format json | number latency_s)
awk -v a="$fp32" -v b="$fp16" 'BEGIN {
  printf "fp32 %.2f ms, fp16 %.2f ms: %.1f times as fast\n", a * 1e3, b * 1e3, a / b
  if (a < 0.000987 || b < 0.000495 || a / b < 1.5 || a / b > 2.0) { print "not as by hand"; exit 1 }
}'
