# Which models of my folder are worth a T4, what is broken in it, and can two machines share the work?
. testdata/journeys/steps
work=$(mktemp -d)
cp testdata/zoo/resnet*.onnx testdata/zoo/mobilenet*.onnx testdata/zoo/yolov8n.onnx testdata/zoo/vgg16.onnx "$work"
head -c 3000 testdata/zoo/resnet50.onnx > "$work/resnet50_half.onnx"
echo "labels" > "$work/labels.txt"
sizes="--dim height=224 --dim width=224"
files=$(ls "$work"/*.onnx | wc -l)

say "A folder of $files models, one of which was cut off on its way here. The budget: 4 ms in fp16, at 224 x 224."
status=0
assay score "$work" --root "$work" --target t4 --runtime tensorrt --precision fp16 $sizes --max-latency 4ms --quiet \
    -o "$work/zoo.db" || status=$?
conclude "the shell is told of the broken one" "$status == 1"
echo '$ assay zoo zoo.db --top 3'
assay zoo "$work/zoo.db" --top 3 | sed "s|$work/||g"
rows=$(assay zoo "$work/zoo.db" --top 0 --format csv | tail -n +2 | wc -l)
conclude "every sound model has a row" "$rows == $files - 1"

say "The same as two halves, on two machines, and joined."
for half in 1 2; do
  assay score "$work" --root "$work" --target t4 --runtime tensorrt --precision fp16 $sizes --max-latency 4ms --quiet \
      --shard $half/2 -o "$work/half$half.db" || true
  assay zoo merge "$work/joined.db" "$work/half$half.db" > "$work/said"
done
assay zoo "$work/zoo.db" --top 0 --format csv > "$work/whole.csv"
assay zoo "$work/joined.db" --top 0 --format csv > "$work/joined.csv"
same=0
cmp -s "$work/whole.csv" "$work/joined.csv" && same=1
conclude "the joined table is the whole one" "$same == 1"

say "By hand: VGG-16 has 15.47 GMAC and 138 M parameters; ResNet-18 1.81 GMAC and 11.7 M; MobileNetV2 0.30 and 3.5 M."
say "So MobileNetV2 is on the front of little work and few parameters, and VGG-16 is not on it."
assay zoo "$work/zoo.db" --pareto macs,parameters --format json > "$work/front.json"
front=$(sed -n '/"pareto": \[/,/\]/p' "$work/front.json")
on() { echo "$front" | grep -c "\"$1\"" || true; }
conclude "MobileNetV2 is on it" "$(on mobilenet_v2.onnx) == 1"
conclude "VGG-16 is not" "$(on vgg16.onnx) == 0"
rm -r "$work"
