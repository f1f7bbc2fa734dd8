"""The one gate between an assessment and who is looking: what an audience must not see is not behind it.

| | internal | council | operator X | public |
|---|---|---|---|---|
| name, address, postcode, organisation number of homes and of persons' firms | yes | no | no | no |
| where those stand | yes | yes | yes | centre of a 250 m cell |
| their ids and rows in the register | yes | yes | yes | no |
| plans: that one counts, and by which clause | yes | yes | yes | yes |
| plans: whose, when, how fast, where it is written | yes | no | its own | no |
| who gives service, and whose customer a place is | yes | who gives | its own | no |
| speeds measured | yes | yes | where it gives service | not of homes and persons' firms |
| who claimed what in the hearing | yes | no | its own | no |
| corrections: what was changed | yes | yes | yes | yes |
| corrections: office, address, row | yes | yes | no | no |
| corrections: comment | yes | no | no | no |
| what a vendor asks for; what-ifs per operator; rejected rows; checks of rows; policies compared | yes | no | no | no |
| mobile coverage by operator | yes | yes | yes | yes |

Mobile coverage stays by name: the operators publish those maps. A day on which an existing offer closes stays: its
customers are told. Whose firm it is, is guessed as coverage/disclosure/persons.py says, and in doubt withheld.

What is left, and known: line of business, headcount and locality of a firm whose name is withheld; how many networks
reach a place or are to; areas' ids, which are short digests of the id of one of their premises; the order of the rows;
and with two operators in a study, that another one is the other one. A file with these is no anonymous data set.
"""

from coverage.disclosure.gate import shown_to
from coverage.disclosure.names import operators

__all__ = ["operators", "shown_to"]
