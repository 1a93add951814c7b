#!/usr/bin/env bash
# Train on several GPUs (or CPU processes) of one machine: [RESTARTS=0] tools/dist_train.sh CONFIG GPUS [OPTIONS]
# After RESTARTS failures of a process all start again and resume. Each start has a store of its own, where torchrun would give
# them the first one, with the addresses of dead processes in it.
set -eu
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1
exec python -m torch.distributed.run --standalone --nproc_per_node "$2" --max_restarts "${RESTARTS:-0}" \
    "$TOOLS/train.py" "$1" --launcher pytorch "${@:3}"
