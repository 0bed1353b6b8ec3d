"""The lines of code in the documents, so that tests run what they show."""

import re
from pathlib import Path

_DOCUMENTS = Path(__file__).parent.parent.parent / "docs"


def code_in(document: str, word: str, language: str = "c") -> str:
    """The one block of code of a document, such as firmware.md, that holds `word`."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (_DOCUMENTS / document).read_text(), re.S)
    (found,) = [block for block in blocks if word in block]
    return found
