"""Find who lacks broadband or mobile coverage, what a fix costs, and which projects to fund first.

The journey of one business: `study` reads a register row into a *place*; `overlay` gives it its *service*; `gaps`
holds the service against a dated policy; `areas` groups eligible places that share a trench; `routes` finds the
fibre route; `costs` prices the technologies; `subsidy` is the funding gap and who pays; `priority` ranks and
selects under the budget; `reports` writes it down. `pipeline.assess` is the only composer of these stages.

The name is also that of a test tool's package: run from the project's root, and never install that tool beside it.
"""
