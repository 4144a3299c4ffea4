"""Declare and enforce what a view requires: decorators, protect, and the audit of routes.

This subpackage never reads a credential itself.
"""
