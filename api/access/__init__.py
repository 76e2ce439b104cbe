"""Who may ask the service for what: hosts, origins, keys, and the tokens of its pages."""
