"""Turn each error into a response, a log record and the headers that caches need.

This subpackage decides nothing about tokens.
"""
