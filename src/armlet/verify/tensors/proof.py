"""Where the proof of a build for tensors will stand: there is none yet, and nothing is taken for one."""

from armlet.simulate.tensors.runner import TensorRunner


def unproved(runner: TensorRunner, entry: str) -> str:
    """Why `entry` is not proved to compute the network of its build for every input, in words; empty where it is."""
    return f"there is no proof for {runner.build.target.name} with windows yet: runs alone speak for {entry}"
