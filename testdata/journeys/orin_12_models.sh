# Which of these 12 models fit a Jetson Orin Nano, in the 7 W mode and fp32, under 20 ms and 2 GB?
#
# By hand: 1024 CUDA cores x 2 x 204 MHz = 0.418 TFLOP/s, so 20 ms are 8.4 GFLOP or 4.2 GMAC at the very
# best. VGG-16 (15.5 GMAC), ViT-B/16 (17.6), Inception-v3 (5.7) and ConvNeXt-Tiny (4.5) cannot be fast
# enough; ResNet-18 (1.8), MobileNet-V2 (0.3), EfficientNet-B0 (0.4) and GoogLeNet (1.5) have three
# times that and more to spare. None has 500 million weights of four bytes: memory is no limit.
set -eu
number() { sed -n 's/.*"'"$1"'": *\([0-9.e+-]*\).*/\1/p' | head -n 1; }
table=$(mktemp)
trap 'rm "$table"' EXIT
for name in resnet18 resnet34 resnet50 vgg16 mobilenet_v2 efficientnet_b0 densenet121 googlenet \
    inception_v3 convnext_tiny vit_b_16 swin_t; do
  report=$($ASSAY analyze testdata/models/$name.onnx --batch 1 \
    --target jetson-orin-nano@7w --format json)
  seconds=$(echo "$report" | number latency_s)
  bytes=$(echo "$report" | number memory_needed_bytes)
  awk -v n=$name -v s="$seconds" -v b="$bytes" 'BEGIN {
    printf "%-16s %6.1f ms %5.0f MB  %s\n", n, s * 1e3, b / 1e6, s < 0.020 && b < 2e9 ? "fits" : "too slow"
  }'
done | sort -k 2 -n > "$table"
cat "$table"
for name in resnet18 mobilenet_v2 efficientnet_b0 googlenet; do
  grep -q "^$name .*fits" "$table"
done
for name in vgg16 vit_b_16 inception_v3 convnext_tiny; do
  grep -q "^$name .*too slow" "$table"
done
