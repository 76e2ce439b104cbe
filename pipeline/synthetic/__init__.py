"""Rendered smears: pictures of a stained thin film with the exact truth beside them."""
