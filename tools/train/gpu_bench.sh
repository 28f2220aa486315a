#!/usr/bin/env bash
# Unattended, on a machine with an accelerator and nothing but Python with torch, transformers and peft: what each way to
# train gives (bench.jsonl, bench.md), then real runs of the same code on a made-up snapshot: one is killed, goes on and
# is handed back, another runs through. Everything is written to OUT. About six minutes. `--tiny` tries it on a CPU.
#     OUT=FOLDER tools/train/gpu_bench.sh [--tiny]
set -u
: "${OUT:?set OUT to the folder for what is measured}"
mkdir -p "$OUT"
cd "$(dirname "$0")" || exit 1
python=${PYTHON:-python3}
processes=${PROCESSES:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
exec > >(tee "$OUT/log.txt") 2>&1
if [ "${1:-}" = --tiny ]; then
    seconds=60 tiny=--tiny
    made=(--samples 300 --width 64 --layers 2 --side 32 --patch 8) batch=(--batch 32 --micro-batch 8 --workers 1)
else
    seconds=${BENCH_SECONDS:-200} tiny=
    made=(--samples 4000 --width 768 --layers 12) batch=(--batch 256 --micro-batch 128 --workers 8)
fi

"$python" -c 'import torch, transformers, peft; print(torch.__version__, transformers.__version__, peft.__version__,
    torch.cuda.get_device_name() if torch.cuda.is_available() else "no accelerator")'
nvidia-smi 2>/dev/null | head -20

"$python" -m reviewtui_train.bench --out "$OUT" --seconds "$seconds" $tiny

echo "== a run on a made-up snapshot"
"$python" -m reviewtui_train.synthetic "$work" "${made[@]}" || exit 1
train() { # ddp|fsdp2
    "$python" -m torch.distributed.run --standalone --nproc-per-node "$processes" -m reviewtui_train \
        --snapshot "$work/snapshot" --checkpoint "$work/checkpoint" --out "$work/$1" --name made-up --parallel "$1" \
        --bf16 --activation-checkpointing --lora 16 --epochs 3 --save-every 2 "${batch[@]}"
}
# A run whose process is killed in the middle of an epoch: torchrun notices and ends.
train fsdp2 >"$work/killed" 2>&1 &
job=$!
for _ in $(seq 1200); do
    ls -d "$work"/fsdp2.training/step-* >/dev/null 2>&1 && break
    kill -0 "$job" 2>/dev/null || break
    sleep 0.1
done
agent=$(pgrep -P "$job" | head -1)
[ -n "$agent" ] && pkill -KILL -P "$agent"
wait "$job"
echo "killed, status $?; states: $(ls "$work/fsdp2.training" | tr '\n' ' ')"
tail -3 "$work/killed"
for kind in fsdp2 ddp; do
    began=$SECONDS
    train "$kind" >"$OUT/$kind.json"
    echo "$kind: status $?, $((SECONDS - began)) s"
    ls -l "$work/$kind"
    cp "$work/$kind/README.md" "$OUT/$kind-card.md"
done
exit 0
