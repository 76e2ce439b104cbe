"""The web service: parse, call one pipeline function, answer."""
