"""The road graph: what can be dug along, where places and existing networks meet it, and shortest links on it.

The room below `areas` and `routes`: `graph` turns lines into nodes and edges, `attach` puts places and networks on
it (`access` those grid cells that lie off every road), `served` makes starts of places that have fibre, `spanning`
finds the minimum spanning tree of the road distances between many nodes, and the tree along roads that it stands for,
in one run; `trees` grows one for each of many groups.
"""

from coverage.roads.attach import Attached, attach
from coverage.roads.graph import ACCESS, DETOUR, FERRY, PRIVATE, ROAD, SPUR, RoadGraph, add_up, build_graph, remarks
from coverage.roads.served import SERVED, with_served
from coverage.roads.spanning import Links, span, spanning_forest, steiner_tree, walk_to_sources
from coverage.roads.trees import Trees, grow_joint_tree, grow_trees

__all__ = [
    "ACCESS",
    "DETOUR",
    "FERRY",
    "PRIVATE",
    "ROAD",
    "SERVED",
    "SPUR",
    "Attached",
    "Links",
    "RoadGraph",
    "Trees",
    "add_up",
    "attach",
    "build_graph",
    "grow_joint_tree",
    "grow_trees",
    "remarks",
    "span",
    "spanning_forest",
    "steiner_tree",
    "walk_to_sources",
    "with_served",
]
