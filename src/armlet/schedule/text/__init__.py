"""Orders, code and their structure as text, printed and parsed."""
