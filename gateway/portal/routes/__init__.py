"""The portal's addresses, one module per noun: forms become typed inputs, answers become pages.

Every rule is asked of `gateway.actions`, the same functions that the API calls.
"""
