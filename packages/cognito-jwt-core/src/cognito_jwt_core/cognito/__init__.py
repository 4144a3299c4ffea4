"""Verify the tokens of Amazon Cognito user pools.

This subpackage knows what claims mean in Cognito. It never fetches keys or verifies a signature itself.
"""
