"""The drawn world: pictures of fifteen actions and acted falls, in the layouts of the two real data sets.

From the inside out, each importing only from those before it:
luck (chance) · camera, canvas (metres to pixels) · skeleton, poses · body, skull, hair, face, figure · props,
furniture · scenes, rooms, outdoors, backdrop · gestures, hands, actor, groups · actions · photograph, picture ·
acting · workers · har, falls (files).

What can be added is in tables: an action in actions.py, a pose in poses.py, what hands do in gestures.py, a place in
scenes.py.
"""

from harkit.drawn import actions as _actions
from harkit.drawn.falls import draw_falls, draw_film
from harkit.drawn.har import describe_har, draw_har
from harkit.drawn.picture import draw_picture

VERSION = 2  # changes when the same seed gives other bytes

ACTIONS: tuple[str, ...] = tuple(sorted(_actions.TABLE))

__all__ = ["ACTIONS", "VERSION", "describe_har", "draw_falls", "draw_film", "draw_har", "draw_picture"]
