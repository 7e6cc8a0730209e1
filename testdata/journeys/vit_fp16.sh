# Where does the time of my exported ViT go, and what would fp16 give?
. testdata/journeys/steps
model=testdata/models/vit_b_16.onnx

say "On the card under my desk, with torch.compile, 32 images at a time."
run assay analyze $model --target rtx-4090 --runtime torch-inductor --batch 32 --by module \
    --depth 3 --top 3 --quiet

say "Half the width, then?"
run assay compare $model --target rtx-4090 --runtime torch-inductor --batch 32 \
    --precision fp32,fp16 --quiet

say "Is that right? 17.56 GMAC an image, two operations each, 32 images: at the 82.58 TFLOP/s that the card"
say "states for fp32 no machine of that kind takes less than 13.6 ms; fp16 halves it at the most, as the"
say "card's fp16 with fp32 sums is 165.2 TFLOP/s; and launches do not get shorter."
report=$(mktemp)
assay analyze $model --target rtx-4090 --runtime torch-inductor --batch 32 --precision fp32 \
    --format json --quiet > "$report"
fp32=$(field "$report" latency_s)
assay analyze $model --target rtx-4090 --runtime torch-inductor --batch 32 --precision fp16 \
    --format json --quiet > "$report"
fp16=$(field "$report" latency_s)
rm "$report"
conclude "fp32 is slower than its peak allows" "$fp32 > 2 * 17.56e9 * 32 / 82.58e12"
conclude "fp32 is within twice that" "$fp32 < 2 * (2 * 17.56e9 * 32 / 82.58e12)"
conclude "fp16 is faster, and by less than the two times of the peaks" \
    "$fp16 < $fp32 / 1.5 && $fp16 > $fp32 / 2"
