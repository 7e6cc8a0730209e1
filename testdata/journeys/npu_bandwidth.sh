# What bandwidth would our NPU need for YOLOv8n at 60 frames a second?
. testdata/journeys/steps
model=testdata/models/yolov8n.onnx
npu=testdata/journeys/our_npu.yaml
sizes="--batch 1 --dim height=640 --dim width=640"

say "The plan has 1 GB/s."
run assay fit $model --target $npu --precision int8 $sizes --min-throughput 60/s --quiet
conclude "the plan does not do" "$status == 3"

say "How does it go with the bandwidth?"
run assay sweep $model --target $npu --precision int8 $sizes --vary dram.bandwidth=1x..16x --quiet

say "By hand: 3.15 MB of int8 weights at least once a frame and the frame itself, 1.2 MB: 60 times 4.4 MB are"
say "0.26 GB/s, which no order of the layers gets below; all tensors between the kernels as well would be"
say "some 30 MB a frame, 2 GB/s. What it needs lies between."
report=$(mktemp)
assay fit $model --target $npu --precision int8 $sizes --min-throughput 60/s --quiet --format json \
    > "$report" || true
needed=$(grep '"change": "dram.bandwidth"' "$report" | grep -o '"to": [0-9.e+]*' | head -n 1 | cut -d' ' -f2)
rm "$report"
conclude "the bandwidth that it names is possible" "$needed > 0.26e9 && $needed < 4e9"
