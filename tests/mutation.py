"""Broken files for the readers: valid bytes with some of them changed, lost, doubled or cut off."""

from hypothesis import strategies as st


@st.composite
def mutations(draw: st.DrawFn, valid: bytes) -> bytes:
    """`valid` after one to five accidents, most of them near its start, where formats keep their headers."""
    content = bytearray(valid)
    for _ in range(draw(st.integers(1, 5))):
        if not content:
            break
        at = draw(st.integers(0, min(160, len(content) - 1)) | st.integers(0, len(content) - 1))
        match draw(st.sampled_from(("change", "cut", "lose", "insert"))):
            case "change":
                content[at] = draw(st.integers(0, 255) | st.sampled_from((0, 1, 127, 255)))
            case "cut":
                del content[at:]
            case "lose":
                del content[at : at + draw(st.integers(1, 8))]
            case _:
                content[at:at] = draw(st.binary(min_size=1, max_size=8))
    return bytes(content)
