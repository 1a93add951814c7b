#!/usr/bin/env bash
# Train on several GPUs (or CPU processes) of one machine: tools/dist_train.sh CONFIG GPUS [OPTIONS]
set -eu
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"
exec python -m torch.distributed.run --nproc_per_node "$2" --master_port "${PORT:-29500}" \
    "$TOOLS/train.py" "$1" --launcher pytorch "${@:3}"
