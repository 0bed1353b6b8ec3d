"""What is linked is the build and nothing else: text, object, sections placed apart."""
