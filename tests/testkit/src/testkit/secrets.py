"""Secrets as services take them, and the operator whom they know."""

from shared.secrets import token_hash

KEY = "sample-key-of-the-tests"
OPERATORS = {"ana": token_hash("sample-ops-token")}
AS_OPERATOR = {"Authorization": "Bearer sample-ops-token"}
