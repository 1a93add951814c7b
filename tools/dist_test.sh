#!/usr/bin/env bash
# Test on several GPUs (or CPU processes) of one machine: tools/dist_test.sh CONFIG CHECKPOINT GPUS [OPTIONS]
set -eu
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"
exec python -m torch.distributed.run --standalone --nproc_per_node "$3" \
    "$TOOLS/test.py" "$1" "$2" --launcher pytorch "${@:4}"
