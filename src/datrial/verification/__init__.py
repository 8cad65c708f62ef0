"""Verify on the user's machine: published examples, second engines, identities, hand counts.

``datrial verify`` runs the certificates and writes a page that a report can link.
"""
