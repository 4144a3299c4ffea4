"""Tools for tests of the documentation: run its code blocks, read its tables, and check the commands in it."""
