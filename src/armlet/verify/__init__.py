"""The last word: assemble, link, emulate, compare, count. Shares nothing with emit but the files that it wrote."""
