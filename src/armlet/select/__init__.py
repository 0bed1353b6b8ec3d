"""Instruction selection: scheduled code and a layout become the operations of a target."""
