#!/usr/bin/env bash
# Train on several GPUs (or CPU processes) of one machine: tools/dist_train.sh CONFIG GPUS [OPTIONS]
set -eu
PORT=${PORT:-29500}
cd "$(dirname "$0")/.."
exec torchrun --nproc_per_node "$2" --master_port "$PORT" tools/train.py "$1" --launcher pytorch "${@:3}"
