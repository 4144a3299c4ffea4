"""Sign users in with Cognito: login, callback, logout, sessions and their refresh.

Tokens never reach scripts. The app keeps them in encrypted cookies that scripts cannot read, or in a store.
"""
