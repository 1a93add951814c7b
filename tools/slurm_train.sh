#!/usr/bin/env bash
# Train on a Slurm cluster: [GPUS=8 GPUS_PER_NODE=8 CPUS_PER_TASK=5] tools/slurm_train.sh [--requeue] PARTITION JOB CONFIG [OPTIONS]
# --requeue submits a job that saves itself two minutes before its time is over, or when it is preempted, and is queued again.
set -eu
TOOLS=$(dirname "$0")
export PYTHONPATH="$TOOLS/..${PYTHONPATH:+:$PYTHONPATH}"
GPUS=${GPUS:-8}
GPUS_PER_NODE=${GPUS_PER_NODE:-8}
REQUEUE=
if [ "$1" = --requeue ]; then
    REQUEUE=1
    shift
fi
JOB=(-p "$1" --job-name="$2" --gres=gpu:"$GPUS_PER_NODE" --ntasks="$GPUS" --ntasks-per-node="$GPUS_PER_NODE"
    --cpus-per-task="${CPUS_PER_TASK:-5}")
STEP=(--kill-on-bad-exit=1 python -u "$TOOLS/train.py" "${@:3}" --launcher slurm)
if [ -z "$REQUEUE" ]; then
    exec srun "${JOB[@]}" "${STEP[@]}"
fi
# 75: train.py was stopped and goes on with --resume (mmsight/errors.py); 138: the signal came before it listened
exec sbatch "${JOB[@]}" --requeue --open-mode=append --signal=USR1@120 --wrap "#!/usr/bin/env bash
trap : TERM
status=0
srun $(printf '%q ' "${STEP[@]}") --resume || status=\$?
if [ \$status -eq 75 ] || [ \$status -eq 138 ]; then scontrol requeue \"\$SLURM_JOB_ID\"; fi
exit \$status"
