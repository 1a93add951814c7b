# The report's 201 epochs for a CPU, each of 9 steps at batch 10. An epoch is one line of the log, the mean of its losses.
_base_ = 'super_resolution_201e.py'

log_processor = dict(window_size=9)
default_hooks = dict(logger=dict(interval=9), visualization=dict(number=5, side=96))
