/** Python that finds the NeuronCore from torch: in the script of an emitted package, and beside a kernel to be measured. */
export const TORCH_DEVICE = `def torch_device():
    """The device, and a function that waits for it: of torch itself, or of PyTorch/XLA."""
    import torch
    import torch_neuronx  # noqa: F401  (it registers the device)

    if hasattr(torch, "neuron"):
        return torch.device("neuron"), torch.neuron.synchronize
    import torch_xla.core.xla_model as xm

    def synchronize():
        xm.mark_step()
        xm.wait_device_ops()

    return xm.xla_device(), synchronize
`
