"""The teacher's part and the glossary say what the lessons say: sections, minutes, goals, exercises, terms.

After a lesson has changed, `python tests/course/test_teaching.py` brings the pages in `notebooks/teaching/` and the
glossary into step. It rewrites what stands between `<!-- made: … -->` and `<!-- end -->`, renumbers sections that are
named with their title, as in `4.5 *Batch normalisation has two faces*`, and moves a term of the glossary to the section
where it stands now. What a person decides is kept: the columns "how", "long day" and "challenge" of the schedule,
"taught" and "tested" of the goals. A new section or exercise goes into class if it fits, else home.
"""

import itertools
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

from harkit import exercises

ROOT = Path(__file__).parents[2]
TEACHING = ROOT / "notebooks" / "teaching"
GLOSSARY = ROOT / "notebooks" / "glossary.md"
NAMES = ["README", "schedule", "goals", "misconceptions", "room", "marking", "exam"]
PAGES = [TEACHING / f"{name}.md" for name in NAMES]
MEND = "run `python tests/course/test_teaching.py`, read what it changed, then test again"

CLASS, QUIZ = 90, 5  # minutes of a lesson in class, of which the last are for the quiz
LONGEST = 15  # minutes in class without a challenge
LONG_DAY = 8 * 60  # minutes, breaks included
START, OPENING, CLOSING = 9 * 60, 15, 10  # of the long day
BREAKS = {2: ("coffee", 15), 4: ("lunch", 45), 6: ("coffee", 15)}  # after which lesson
HOWS = {"before", "live", "pairs", "home"}
IN_CLASS = {"live", "pairs"}
LETTERS = "abcdefgh"  # of the goals of a lesson
FEWEST_TERMS, FEWEST_QUESTIONS = 60, 14

BLOCK = re.compile(r"(<!-- made: ([\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
NAMED_SECTION = re.compile(r"\b([1-9])\.(\d{1,2}) \*([^*\n]+)\*")
SNIPPET = re.compile(r"\b([1-9])\.(\d{1,2}) \*([^*\n]+)\*, cell `([^`\n]+)`")
PREDICTION = re.compile(r"\*\*(?:Before you|On paper|By hand|Ask yourself|Stop and)")
TERM = re.compile(r"^\*\*(.+?)\*\*(?: \(also: (.+?)\))?: (.+?) \[lesson (\d), section (\d+)\]\((\S+?)\)$")


@dataclass
class Exercise:
    number: str  # "4.1"
    stars: str
    minutes: int


@dataclass
class Section:
    lesson: int
    number: int
    title: str
    minutes: int
    trains: bool  # its minutes don't count the training
    source: str = ""  # all its cells
    exercises: list[Exercise] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.lesson}.{self.number} *{self.title}*"


@dataclass
class Lesson:
    number: int
    file: str
    title: str
    goals: list[str]
    sections: list[Section]
    source: str


@dataclass
class Row:
    """One line of a lesson's table: a section or an exercise."""

    name: str
    minutes: int
    how: str
    long_day: bool
    challenge: str


# --- tests ------------------------------------------------------------------------------------------------------------


def test_the_pages_are_there():
    assert [path.name for path in [*PAGES, GLOSSARY] if not path.exists()] == []


@pytest.mark.parametrize("path", [*PAGES, GLOSSARY], ids=lambda path: path.stem)
def test_what_is_made_from_the_lessons_is_up_to_date(path):
    old, new = read(path).splitlines(), in_step(path, read(path), lessons()).splitlines()
    changed = [f"has   {a}\nwants {b}" for a, b in zip(old, new, strict=False) if a != b]
    assert old == new, f"{path.name} is out of step with the lessons: {MEND}.\n" + "\n".join(changed[:4])


@pytest.mark.parametrize("number", exercises.LESSONS)
def test_every_section_is_in_the_schedule_with_its_minutes(number):
    lesson = lessons()[number - 1]
    found = {row.name: row.minutes for row in table(read(TEACHING / "schedule.md"), number)}
    wanted = {section.name: section.minutes for section in lesson.sections}
    wanted |= {f"Exercise {e.number}": e.minutes for section in lesson.sections for e in section.exercises}
    for name, minutes in wanted.items():
        assert name in found, f"schedule.md, lesson {number}: {name} is missing; {MEND}"
        assert found[name] == minutes, (
            f"schedule.md gives {name} {found[name]} minutes, {lesson.file} has {minutes}; {MEND}"
        )
    assert set(found) == set(wanted), f"schedule.md, lesson {number}: the lesson lacks {set(found) - set(wanted)}"


@pytest.mark.parametrize("number", exercises.LESSONS)
def test_a_lesson_fits_into_90_minutes_and_says_what_is_for_home(number):
    text = read(TEACHING / "schedule.md")
    rows = table(text, number)
    assert {row.how for row in rows} <= HOWS
    inside = sum(row.minutes for row in rows if row.how in IN_CLASS)
    assert inside + QUIZ <= CLASS, (
        f"lesson {number}: {inside} minutes in class and {QUIZ} for the quiz are more than {CLASS}: "
        "in schedule.md, set `how` of a section or an exercise to home"
    )
    outside = sum(row.minutes for row in rows if row.how not in IN_CLASS)
    assert f"In class {inside} + {QUIZ} minutes, outside {outside}" in text


@pytest.mark.parametrize("number", exercises.LESSONS)
def test_in_class_a_challenge_comes_every_15_minutes(number):
    passed = 0
    asked = {s.name: len(re.findall(PREDICTION, s.source)) for s in lessons()[number - 1].sections}
    for row in table(read(TEACHING / "schedule.md"), number):
        if row.how in IN_CLASS:  # a section that asks several times shares its minutes among its questions
            passed = row.minutes / max(1, asked.get(row.name, 0)) if row.challenge else passed + row.minutes
            assert passed <= LONGEST, f"lesson {number}: {passed:.0f} minutes without a challenge, up to {row.name}"


def test_the_long_day_is_no_longer_than_a_day():
    minutes = sum(
        row.minutes for n in exercises.LESSONS for row in table(read(TEACHING / "schedule.md"), n) if row.long_day
    )
    minutes += OPENING + CLOSING + sum(length for _, length in BREAKS.values())
    assert minutes <= LONG_DAY, f"the long day has {minutes} minutes: take ticks out of the column 'long day'"


def test_a_lesson_that_stops_early_says_where():
    parts = re.split(r"^## Lesson \d", read(TEACHING / "schedule.md"), flags=re.MULTILINE)[1:]
    assert len(parts) == len(exercises.LESSONS)
    for number, part in enumerate(parts, start=1):
        for word in ("**Before**", "**Live**", "**In pairs**", "**At home**", "**Where to stop**"):
            assert word in part, f"schedule.md, lesson {number}: {word} is missing"


@pytest.mark.parametrize("path", [*PAGES, GLOSSARY], ids=lambda path: path.stem)
def test_every_named_section_exists(path):
    names = {(s.lesson, s.number): s.title for lesson in lessons() for s in lesson.sections}
    for lesson, number, title in NAMED_SECTION.findall(read(path)):
        assert names.get((int(lesson), int(number))) == title, f"{path.name}: no section {lesson}.{number} *{title}*"
    for lesson, number in re.findall(r"\bsections? (\d)\.(\d+)", read(path)):
        assert (int(lesson), int(number)) in names, f"{path.name}: there is no section {lesson}.{number}"
    for lesson, number in re.findall(r"\blesson (\d), section (\d+)", read(path)):
        assert (int(lesson), int(number)) in names, f"{path.name}: lesson {lesson} has no section {number}"


@pytest.mark.parametrize("path", [*PAGES, GLOSSARY], ids=lambda path: path.stem)
def test_every_link_leads_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", read(path)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.exists(), f"{path.name} links to {link}, which is not there"
        if anchor:
            assert anchor in anchors(read(target)), f"{path.name} links to {link}: no such heading"


def test_every_goal_is_taught_and_tested():
    rows = goals(read(TEACHING / "goals.md"))
    wanted = [(f"{n.number}{letter}", goal) for n in lessons() for letter, goal in zip(LETTERS, n.goals, strict=False)]
    assert [(number, goal) for number, goal, *_ in rows] == wanted, MEND
    questions = set(re.findall(r"^## Question (\d+)", read(TEACHING / "exam.md"), flags=re.MULTILINE))
    for number, goal, taught, _, tested in rows:
        sections = NAMED_SECTION.findall(taught)
        inside = sections and all(lesson == number[0] for lesson, *_ in sections)
        assert inside, f"goals.md, {number} ({goal}): taught where?"
        assert re.search(r"exam|quiz", tested), f"goal {number} ({goal}): tested where?"
        for question in re.findall(r"exam ([\d, ]+)", tested):
            assert set(re.findall(r"\d+", question)) <= questions, f"goal {number}: no such exam question"


def test_every_misconception_names_a_cell_that_is_there():
    text = read(TEACHING / "misconceptions.md")
    for number, part in enumerate(re.split(r"^## Lesson \d", text, flags=re.MULTILINE)[1:], start=1):
        cells = SNIPPET.findall(part)
        assert len(cells) >= 3, f"misconceptions.md, lesson {number}: {len(cells)} cells named"
        for lesson, section, _, snippet in cells:
            source = section_of(int(lesson), int(section)).source
            assert snippet in source, f"misconceptions.md: no cell of section {lesson}.{section} holds `{snippet}`"


def test_every_exam_question_has_points_and_a_folded_answer():
    parts = re.split(r"^## Question (\d+)", read(TEACHING / "exam.md"), flags=re.MULTILINE)[1:]
    numbers, texts = [int(n) for n in parts[::2]], parts[1::2]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) >= FEWEST_QUESTIONS
    points = []
    for number, text in zip(numbers, texts, strict=True):
        heading = re.match(r" · lessons? [\d, and–]+ · (\d+) points", text)
        assert heading, f"exam.md, question {number}: no lesson or no points in its heading"
        assert "<details><summary>Model answer</summary>\n\n" in text and "\n\n</details>" in text
        points.append(int(heading[1]))
        given = [int(n) for n in re.findall(r"\((\d+)\)", text.split("</summary>")[1].split("</details>")[0])]
        assert sum(given) == points[-1], f"exam.md, question {number}: {sum(given)} of {points[-1]} points given"
    assert f"{sum(points)} points" in read(TEACHING / "exam.md"), f"the questions have {sum(points)} points in all"
    asked = {lesson for text in texts for lesson in re.findall(r"[1-9]", text.split("points")[0].split("·")[1])}
    assert asked == set(map(str, exercises.LESSONS)), "exam.md: each lesson has a question"


def test_the_rubric_adds_up():
    text = read(TEACHING / "marking.md")
    rows = [int(n) for n in re.findall(r"^\| [^|]+ \| (\d+) \|", text.split("## Final report")[1], flags=re.MULTILINE)]
    assert sum(rows) == 100, f"the rubric of the final report gives {sum(rows)} points"


def test_glossary_is_alphabetical_and_names_no_term_twice():
    names = [name for name, *_ in terms(read(GLOSSARY))]
    assert len(names) >= FEWEST_TERMS
    keys = [order(name) for name in names]
    for one, other in itertools.pairwise(keys):
        assert one < other, f"glossary.md: '{other}' stands after '{one}'"


def test_glossary_has_one_line_a_term():
    body = read(GLOSSARY).split("## Terms")[1]
    odd = [line for line in body.splitlines() if line.startswith("**") and not TERM.match(line)]
    assert not odd, f"not of the form **term** (also: …): text. [lesson 4, section 3](file): {odd}"


def test_every_term_stands_where_the_glossary_says():
    files = {lesson.number: lesson.file for lesson in lessons()}
    for name, also, text, lesson, section, file in terms(read(GLOSSARY)):
        assert file == files[lesson], f"glossary.md, {name}: lesson {lesson} is {files[lesson]}"
        assert occurs(name, also, section_of(lesson, section).source), (
            f"glossary.md: '{name}' does not occur in lesson {lesson}, section {section}; {MEND}"
        )
        assert len(text.split()) <= 60, f"glossary.md, {name}: too long"


def test_the_pages_do_not_speak_of_how_the_course_is_made():
    folders = [f"{folder}/" for folder in ROOT.parents if folder.name]  # of this machine
    for path in [*PAGES, GLOSSARY]:
        assert not re.search(r"\.\./shared|\bissue #|\bCI\b", read(path)), path.name
        assert not [folder for folder in folders if folder in read(path)], path.name


# --- the lessons ------------------------------------------------------------------------------------------------------


def lessons(cached: list = []) -> list[Lesson]:  # noqa: B006 (read once)
    if not cached:
        cached += [read_lesson(path) for path in sorted((ROOT / "notebooks").glob("0*.ipynb"))]
    return cached


def read_lesson(path: Path) -> Lesson:
    cells = nbformat.read(path, as_version=4).cells
    number, title = re.match(r"# Lesson (\d) · (.+)", cells[0].source).groups()
    lesson, section = Lesson(int(number), path.name, title, [], [], "\n".join(c.source for c in cells)), None
    for cell in cells:
        if cell.cell_type == "markdown":
            if cell.source.startswith("**You will be able to**"):
                lesson.goals = [goal.rstrip(";.") for goal in re.findall(r"^- (.+)$", cell.source, flags=re.MULTILINE)]
            for heading in re.findall(r"^## (.+)$", cell.source, flags=re.MULTILINE):
                numbered = re.match(r"(\d+) · (.+)", heading)
                section = read_section(lesson, cell.source, *numbered.groups()) if numbered else None
                lesson.sections += [section] if section else []
            found = re.match(r"### Exercise (\d\.\d+) · ([●○]{3}) · (\d+) min", cell.source)
            if found:
                home = section or lesson.sections[-1]
                home.exercises.append(Exercise(found[1], found[2], int(found[3])))
        if section:
            section.source += cell.source + "\n"
    return lesson


def read_section(lesson: Lesson, source: str, number: str, title: str) -> Section:
    minutes = re.search(r"^\*(\d+) minutes( and the training)?[^*]*\*", source, flags=re.MULTILINE)
    assert minutes, f"{lesson.file}, section {number}: no line `*12 minutes · you need: …*`"
    return Section(lesson.number, int(number), title.strip(), int(minutes[1]), bool(minutes[2]))


def section_of(lesson: int, number: int) -> Section:
    found = [s for s in lessons()[lesson - 1].sections if s.number == number]
    assert found, f"lesson {lesson} has no section {number}"
    return found[0]


# --- the pages --------------------------------------------------------------------------------------------------------


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def cells_of(text: str, block: str) -> list[list[str]]:
    """The rows of the table in a made block, without its head."""
    found = [match for match in BLOCK.finditer(text) if match[2] == block]
    rows = re.findall(r"^\|(.+)\|$", found[0][0], flags=re.MULTILINE)[2:] if found else []
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in rows]


def table(text: str, lesson: int) -> list[Row]:
    """A lesson's table as it stands in the schedule."""
    return [
        Row(re.sub(r" [●○]{3}$", "", name), int(minutes), how, bool(day), challenge)
        for _, name, minutes, how, day, challenge in cells_of(text, f"lesson {lesson}")
    ]


def goals(text: str) -> list[list[str]]:
    return cells_of(text, "goals")


def terms(text: str) -> list[tuple]:
    found = [TERM.match(line) for line in text.splitlines() if line.startswith("**")]
    return [(m[1], m[2] or "", m[3], int(m[4]), int(m[5]), m[6]) for m in found if m]


def occurs(name: str, also: str, source: str) -> bool:
    words = [name, *(word.strip() for word in also.split(",") if word.strip())]
    plain = re.sub(r"\s+", " ", source.replace("**", "").replace("`", "")).lower()
    return any(re.search(rf"(?<![\w-]){re.escape(word.replace('`', '').lower())}(?!\w)", plain) for word in words)


def order(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9 ]", "", plain.replace("-", " "))


def anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


# --- bring the pages into step ----------------------------------------------------------------------------------------


def in_step(path: Path, text: str, all_lessons: list[Lesson]) -> str:
    """The page as it should be for these lessons."""
    if path == GLOSSARY:
        return "".join(_placed(line, all_lessons) for line in text.splitlines(keepends=True))
    text = _renumbered(text, all_lessons)
    made = {f"lesson {lesson.number}": lambda t, lesson=lesson: _lesson_table(t, lesson) for lesson in all_lessons}
    made |= {"overview": _overview, "long day": _long_day, "goals": lambda t: _goals(t, all_lessons)}
    made = {name: made[name] for name in sorted(made, key=lambda name: name in ("overview", "long day"))}
    for name, make in made.items():  # the last two read the others' tables
        for match in [m for m in BLOCK.finditer(text) if m[2] == name]:
            text = text.replace(match[0], match[1] + make(text) + match[3])
    return text


def _renumbered(text: str, all_lessons: list[Lesson]) -> str:
    numbers = {(s.lesson, s.title): s.name for lesson in all_lessons for s in lesson.sections}
    return NAMED_SECTION.sub(lambda match: numbers.get((int(match[1]), match[3]), match[0]), text)


def _lesson_table(text: str, lesson: Lesson) -> str:
    old, rows = {row.name: row for row in table(text, lesson.number)}, []
    names = [s.name for s in lesson.sections] + [f"Exercise {e.number}" for s in lesson.sections for e in s.exercises]
    used = sum(row.minutes for row in old.values() if row.how in IN_CLASS and row.name in names)
    ticked = any(row.long_day for row in old.values() if row.name.startswith("Exercise"))
    for section in lesson.sections:
        row = old.get(section.name) or _renamed(old, section, names)
        if not row:
            fits = used + section.minutes + QUIZ <= CLASS
            row, used = Row(section.name, 0, "live" if fits else "home", False, ""), used + fits * section.minutes
        row.minutes = section.minutes
        rows.append((row, row.name))
        for exercise in section.exercises:
            name, in_day = f"Exercise {exercise.number}", row.long_day
            done = old.get(name)
            if not done:
                fits = used + exercise.minutes + QUIZ <= CLASS and row.how in IN_CLASS
                day = in_day and not ticked and exercise.minutes <= 10
                done, ticked = Row(name, 0, "pairs" if fits else "home", day, "its check cell"), ticked or day
                used += fits * exercise.minutes
            done.minutes = exercise.minutes
            rows.append((done, f"{name} {exercise.stars}"))
    lines, clock = ["| clock | section | minutes | how | long day | challenge |", "|---|---|---|---|---|---|"], 0
    for row, name in rows:
        inside = row.how in IN_CLASS
        shown = f"0:{clock:02d}" if clock < 60 else f"1:{clock - 60:02d}"
        day = "✓" if row.long_day else ""
        lines.append(f"| {shown if inside else '–'} | {name} | {row.minutes} | {row.how} | {day} | {row.challenge} |")
        clock += row.minutes if inside else 0
    outside = sum(row.minutes for row, _ in rows if row.how not in IN_CLASS)
    lines.append(f"\nIn class {clock} + {QUIZ} minutes, outside {outside}. " + _trainings(lesson))
    return "\n".join(lines) + "\n"


def _renamed(old: dict[str, Row], section: Section, names: list[str]) -> Row | None:
    """The row of this number, where its title has gone from the lesson: the section was renamed."""
    number = f"{section.lesson}.{section.number} "
    gone = [row for name, row in old.items() if name not in names and name.startswith(number)]
    return Row(section.name, 0, gone[0].how, gone[0].long_day, gone[0].challenge) if gone else None


def _trainings(lesson: Lesson) -> str:
    trains = [f"{s.lesson}.{s.number}" for s in lesson.sections if s.trains]
    if not trains:
        return "No training in this lesson."
    one = len(trains) == 1
    return f"Section{'' if one else 's'} {' and '.join(trains)} train{'s' if one else ''}: the minutes leave that out."


def _overview(text: str) -> str:
    lines = [
        "| lesson | sections | exercises | together | in class | outside | long day |",
        "|---|---|---|---|---|---|---|",
    ]
    total = [0] * 6
    for lesson in lessons():
        rows = table(text, lesson.number)
        practice = sum(row.minutes for row in rows if row.name.startswith("Exercise"))
        everything = sum(row.minutes for row in rows)
        inside = sum(row.minutes for row in rows if row.how in IN_CLASS)
        day = sum(row.minutes for row in rows if row.long_day)
        numbers = [everything - practice, practice, everything, inside, everything - inside, day]
        total = [a + b for a, b in zip(total, numbers, strict=True)]
        link = f"[{lesson.number} {lesson.title}](../{lesson.file})"
        lines.append(f"| {link} | " + " | ".join(map(str, numbers)) + " |")
    lines.append("| all, in minutes | " + " | ".join(map(str, total)) + " |")
    return "\n".join(lines) + "\n"


def _long_day(text: str) -> str:
    lines, clock = ["| clock | what | minutes |", "|---|---|---|"], START

    def add(what: str, minutes: int) -> None:
        nonlocal clock
        lines.append(f"| {clock // 60}:{clock % 60:02d} | {what} | {minutes} |")
        clock += minutes

    add("welcome, `harkit doctor`, the question of the course", OPENING)
    for lesson in lessons():
        rows = [row for row in table(text, lesson.number) if row.long_day]
        sections = [row.name.split(" ")[0] for row in rows if not row.name.startswith("Exercise")]
        practice = [row.name for row in rows if row.name.startswith("Exercise")]
        if not rows:
            continue
        add(f"lesson {lesson.number}: " + " · ".join(sections + practice), sum(row.minutes for row in rows))
        if lesson.number in BREAKS:
            add(*BREAKS[lesson.number])
    add("each learner says one figure of today that they trust, and one that they don't", CLOSING)
    return "\n".join(lines) + f"\nThe day ends at {clock // 60}:{clock % 60:02d}.\n".replace("\nThe", "\n\nThe", 1)


def _goals(text: str, all_lessons: list[Lesson]) -> str:
    old = {row[1]: row for row in goals(text)} | {row[0]: row for row in goals(text)}
    lines = ["| goal | you can | taught | exercised | tested |", "|---|---|---|---|---|"]
    for lesson in all_lessons:
        for letter, goal in zip(LETTERS, lesson.goals, strict=False):
            row = old.get(goal) or old.get(f"{lesson.number}{letter}") or [""] * 5
            sections = [section_of(int(a), int(b)) for a, b, _ in NAMED_SECTION.findall(row[2])]
            lines.append(f"| {lesson.number}{letter} | {goal} | {row[2]} | {_exercised(sections)} | {row[4]} |")
    return "\n".join(lines) + "\n"


def _exercised(sections: list[Section]) -> str:
    """The exercises of these sections, and how often the learner predicts before a cell runs."""
    practice = [e.number for s in sections for e in s.exercises]
    predictions = sum(len(re.findall(PREDICTION, s.source)) for s in sections)
    parts = [f"exercise{'s' * (len(practice) > 1)} {', '.join(practice)}"] if practice else []
    parts += [f"{predictions} prediction{'s' * (predictions > 1)}"] if predictions else []
    return "; ".join(parts) or "run and discuss"


def _placed(line: str, all_lessons: list[Lesson]) -> str:
    """A line of the glossary, with the section where its term stands: the one named, else the first in this lesson."""
    match = TERM.match(line.rstrip("\n"))
    if not match:
        return line
    name, also, lesson = match[1], match[2] or "", all_lessons[int(match[4]) - 1]
    holds = [s.number for s in lesson.sections if occurs(name, also, s.source)]
    if not holds or int(match[5]) in holds:
        return line
    return line.replace(f"section {match[5]}]({match[6]})", f"section {holds[0]}]({match[6]})")


def main() -> int:
    changed = []
    for path in [*PAGES, GLOSSARY]:
        old, new = read(path), in_step(path, read(path), lessons())
        if new != old:
            path.write_text(new, encoding="utf-8", newline="\n")
            changed.append(path.relative_to(ROOT).as_posix())
    print("changed:", ", ".join(changed) or "nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main())
