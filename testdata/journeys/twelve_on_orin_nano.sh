# Which of these twelve models fit a Jetson Orin Nano under 20 ms and 2 GB?
. testdata/journeys/steps
models=
for name in mobilenet_v2 mnasnet1_0 efficientnet_b0 efficientnet_b4 resnet18 resnet50 resnet152 \
    resnext101_32x8d convnext_base convnext_tiny yolov8n yolov8x; do
  models="$models testdata/zoo/$name.onnx"
done

say "All twelve at the size of my camera's crops, as TensorRT would run them in fp16."
run assay fit $models --target jetson-orin-nano --runtime tensorrt --precision fp16 --batch 1 \
    --dim height=640 --dim width=640 --max-latency 20ms --max-memory 2GB --quiet

say "By hand: 10.24 TFLOP/s of fp16 do 102 GMAC in 20 ms at their peak. At 640 x 640, (640/224)^2 = 8.16 times"
say "the work of the published sizes: ResNeXt-101 32x8d (16.41 GMAC at 224) needs 134 GMAC and ConvNeXt-B (15.36) 125:"
say "neither can fit. YOLOv8x is 128.9 GMAC at 640 as published (257.8 GFLOP): neither. MobileNetV2 (0.30, so 2.5) must."
report=$(mktemp)
status=0
assay fit $models --target jetson-orin-nano --runtime tensorrt --precision fp16 --batch 1 \
    --dim height=640 --dim width=640 --max-latency 20ms --max-memory 2GB --quiet \
    --format csv > "$report" || status=$?
verdict() { grep "$1," "$report" | grep -o 'PASS\|PARTIAL\|FAIL' | head -n 1; }
for model in resnext101_32x8d convnext_base yolov8x; do
  conclude "$model does not fit" "\"$(verdict $model.onnx)\" == \"FAIL\""
done
conclude "mobilenet_v2 fits" "\"$(verdict mobilenet_v2.onnx)\" != \"FAIL\""
conclude "and the shell is told" "$status == 3"
rm "$report"
