"""The last word: assemble, link, prove, emulate, compare, count.

The proof shares nothing with emit but the files that it wrote; docs/trust.md says what the other checks share."""
