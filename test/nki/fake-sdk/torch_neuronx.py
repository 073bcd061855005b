"""A fake of torch_neuronx, which is imported for what it registers."""
