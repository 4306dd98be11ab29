"""What the command line takes: commands, their options, and the numbers that these may be."""

import argparse
import math
from pathlib import Path

from harkit import __version__, exercises


def parser() -> argparse.ArgumentParser:
    """The parser of `harkit`; what it finds names its command as `command`."""
    found = argparse.ArgumentParser(prog="harkit", description="A computer vision course: what is this person doing?")
    found.add_argument("--version", action="version", version=f"harkit {__version__}")
    commands = found.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, help):
        return commands.add_parser(name, help=help, description=help)

    command("doctor", "what works here, what is missing, how to mend it")

    add = command("fetch", "bring pictures onto this machine").add_argument
    add("kind", choices=["har", "falls"])
    add("--from", dest="source", default="drawn", metavar="drawn|DIR|ZIP|kaggle")
    add("--count", type=_positive, help="pictures to draw (har) or subjects (falls)")
    add("--seed", type=_seed, default=0)
    add("--to", help="folder that gets them (default: the course's data folder)")

    add = command("course", "run the lessons and end with the table of results").add_argument
    add("--profile", choices=["reduced", "photos", "full"])
    add("--only", help="lessons by number: 04,05")
    add("--jobs", type=_positive, help="lessons that run at once (default: 2 where there is no GPU but 2 cores)")

    add = command("catch-up", "get what the lessons before this one save").add_argument
    add(
        "lesson",
        type=int,
        choices=exercises.LESSONS,
        metavar="LESSON",
        help=f"the lesson that you want to begin: 1 to {exercises.LESSONS[-1]}",
    )
    add("--from", dest="source", metavar="DIR|ZIP", help="somebody's results folder; without it the lessons are run")
    add("--profile", choices=["reduced", "photos", "full"])

    add = command("student", "a copy of the course for learners, without solutions").add_argument
    add("--to", required=True, metavar="DIR")

    add = command("record", "make the recorded runs that the lessons show, on photographs").add_argument
    add("--data", required=True, metavar="DIR|ZIP", help="the photographs")
    add("--study", action="append", help="only this study (may be given again)")

    added = command("train", "train a network and leave a run folder")
    add = added.add_argument
    add("--data", required=True, metavar="DIR|ZIP")
    add("--model", required=True, metavar="vgg16|resnet|resnet50|efficientnet_lite0")
    add("--recipe", default="published", metavar="published|improved")
    add("--size", type=_positive, metavar="PX", help="side of the squared pictures")
    add("--width", type=_positive, metavar="N", help="channels of the first stage of vgg16 and resnet; 64 as published")
    long = added.add_mutually_exclusive_group()
    long.add_argument("--epochs", type=_positive)
    long.add_argument(
        "--minutes",
        type=_minutes,
        help="as many epochs as fit into this time, with ImageNet's weights at most the recipe's; "
        "a smaller size and width if it is short",
    )
    add("--seed", type=_seed, default=0)
    add("--split", choices=["honest", "leaky", "all", "frame", "subject"])
    add("--out", required=True, metavar="RUN")
    add("--resume", action="store_true", help="go on with a run that was interrupted")

    add = command("evaluate", "score a run on labelled pictures that it has not seen").add_argument
    add("run", metavar="RUN")
    add("--data", required=True, metavar="DIR|ZIP")
    add("--json", action="store_true")
    add("--all", action="store_true", help="keep the pictures that the run trained or chose on")

    add = command("predict", "name the action in pictures, or fill in a submission").add_argument
    add("run", metavar="RUN")
    add("pictures", nargs="*", metavar="PICTURE")
    add("--data", metavar="DIR|ZIP")
    add("--csv", metavar="FILE", help="an answer for every test picture of --data")

    add = command("demo", "a page in the browser: a picture gets an action, a film its alarm").add_argument
    add("--actions", type=Path, metavar="RUN", help="a run that tells actions (default: the one that lesson 5 left)")
    add("--falls", type=Path, metavar="RUN", help="a run that tells falls (default: the one that lesson 6 left)")
    add("--host", default="127.0.0.1", help="0.0.0.0 lets others in your network see the page")
    add("--port", type=_positive, default=7860)
    return found


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:  # NumPy's limit
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def _minutes(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of minutes above zero")
    return number
