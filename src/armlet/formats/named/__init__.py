"""Files of arrays by name, .npz and safetensors, to a network: the names tell what each array is."""
