"""The command line: one file a command.

What a command computes lives in `operations`, not here.
"""
