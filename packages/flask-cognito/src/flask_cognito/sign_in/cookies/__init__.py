"""Write sign-in's cookies: names, sizes, encryption, and adding them to every response.

This subpackage does not know what cookies contain: no login, no session, no Flask.
"""
