"""A fake of torch_xla."""
