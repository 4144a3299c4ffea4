"""Verify the tokens that an Application Load Balancer signs for the app behind it (``x-amzn-oidc-data``).

This subpackage knows only load balancers' tokens. Of user pools, it knows only the issuers.
"""
