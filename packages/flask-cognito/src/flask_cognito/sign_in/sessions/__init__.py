"""Keep the tokens of signed-in users, in cookies or in a store, and refresh them.

This subpackage knows no login, no Flask and no page.
"""
