#!/usr/bin/env bash
# Test on several GPUs (or CPU processes) of one machine: tools/dist_test.sh CONFIG CHECKPOINT GPUS [OPTIONS]
set -eu
PORT=${PORT:-29500}
cd "$(dirname "$0")/.."
exec torchrun --nproc_per_node "$3" --master_port "$PORT" tools/test.py "$1" "$2" --launcher pytorch "${@:4}"
