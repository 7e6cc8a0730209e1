# What bandwidth would our NPU need for YOLOv8n at 60 frames per second?
#
# Our NPU is a KPU-T64 with slower memory. By hand: the weights, 3.2 million, take 3.2 MB in int8 and
# are read once a frame, so 60 frames are 0.19 GB/s at least; every activation that does not stay on the
# chip comes on top. With W bytes a frame through memory, 60 x W is what a run that only memory limits
# needs: assay must say no below it, and yes where it is ample.
set -eu
number() { sed -n 's/.*"'"$1"'": *\([0-9.e+-]*\).*/\1/p' | head -n 1; }
npu=$(mktemp -d)
trap 'rm -r "$npu"' EXIT
needed=
for gigabytes in 0.1 0.25 0.5 1 2 4 8 16; do
  cat > "$npu/our-npu.yaml" <<YAML
schema: target/1
extends: kpu-t64
sources:
  ours: "what if"
name: our-npu
title: "Our NPU"
memory:
  LPDDR5:
    role: dram
    scope: shared
    size: {value: 8 GiB, source: ours}
    bandwidth: {value: $gigabytes GB/s, source: ours}
YAML
  seconds=$($ASSAY analyze testdata/models/yolov8n.onnx --target "$npu/our-npu.yaml" --precision int8 \
    --batch 1 --dim height=640 --dim width=640 --format json | number latency_s)
  rate=$(awk -v s="$seconds" 'BEGIN { printf "%.1f", 1 / s }')
  echo "$gigabytes GB/s: $rate frames/s"
  if [ -z "$needed" ] && awk -v r="$rate" 'BEGIN { exit r < 60 }'; then needed=$gigabytes; fi
done
echo "60 frames per second need $needed GB/s"
awk -v g="$needed" 'BEGIN { exit !(g > 0.19 && g <= 8) }'
