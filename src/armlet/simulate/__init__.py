"""A linked program in an emulated core: toolchain, image, machine, trace, cycles, flash."""
