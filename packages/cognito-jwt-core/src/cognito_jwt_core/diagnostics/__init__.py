"""Explain tokens, check a set-up, and print both on a command line.

This subpackage decides nothing: every result comes from the verifier's own checks.
"""
