"""Letters that the papers' fonts lack become boxes, so that a name in any script leaves the paper whole."""

from __future__ import annotations

import typst

from coverage.reports.pdf import STANDARDS
from coverage.reports.printable import STAND_IN, _shown, printable


def test_letters_of_other_scripts_and_pictures_become_boxes() -> None:
    assert printable("Råarvihke – «ok» 10 m²") == "Råarvihke – «ok» 10 m²"
    assert printable({"a": ["北 🌲", 3, None], "b": ("\u0007x\ty",)}) == {
        "a": [f"{STAND_IN} {STAND_IN}", 3, None],
        "b": ["x y"],
    }
    assert printable("❤\ufe0f") == STAND_IN


def test_every_letter_that_is_kept_can_be_typeset() -> None:
    text = "".join(sorted(_shown() | {STAND_IN})).replace("\\", "").replace('"', "")
    main = f'#set document(title: "x")\n#set text(font: "Libertinus Serif", lang: "en")\n#text("{text}")'
    made = typst.compile({"main": main.encode()}, format="pdf", ignore_system_fonts=True, pdf_standards=STANDARDS)
    assert made.startswith(b"%PDF")
