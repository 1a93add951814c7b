# SRGAN-MSE: pixel loss + 1e-3 adversarial loss (eq. m).
_base_ = 'srcnn_mse.py'

adam = dict(type='OptimWrapper', optimizer=dict(type='Adam', lr=2e-4, betas=(0.5, 0.999)))
model = dict(
    type='mmsight.AdversarialSuperResolver',
    discriminator=dict(type='mmsight.SRDiscriminator', head='patch'),
    adversarial_loss=dict(type='mmsight.AdversarialLoss', generator='bce', discriminator='bce', loss_weight=1e-3))
optim_wrapper = dict(_delete_=True, constructor='MultiOptimWrapperConstructor', generator=adam, discriminator=adam)
model_wrapper_cfg = dict(type='MMSeparateDistributedDataParallel', broadcast_buffers=False, find_unused_parameters=False)
custom_hooks = [dict(type='mmsight.DiscriminatorWatchHook')]
