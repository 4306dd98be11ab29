"""The command line: call, print. What can go wrong ends in one sentence and exit code 2."""

import json
import logging
import sys
import time
from pathlib import Path

from harkit.options import parser
from harkit.settings import InputError, processes


def main(arguments: list[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 1 something is missing (doctor), 2 bad input."""
    options = parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("harkit").setLevel(logging.INFO)
    logging.getLogger().setLevel(logging.WARNING)
    try:
        if processes()[1] > 1 and options.command != "train":
            raise InputError("Of all commands only train runs in several processes: start this one without torchrun.")
        return COMMANDS[options.command](options) or 0
    except InputError as error:
        print(f"harkit: {error}", file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, a folder that can't be written
        where = error.filename or "the disk"
        print(f"harkit: {where}: {error.strerror or error}; mend that and try again.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("harkit: stopped.", file=sys.stderr)
        return 130


def _doctor(options) -> int:
    from harkit import doctor

    return doctor.run()


def _fetch(options) -> None:
    from harkit import fetch, settings

    to = options.to or settings.load().data
    print(fetch.fetch(options.kind, options.source, to, options.count, options.seed))


def _course(options) -> None:
    from harkit import course, settings

    config = settings.load(options.profile)
    print(f"profile {config.profile}: {config.har} and {config.falls} pictures, {config.side} px", flush=True)
    only = options.only.split(",") if options.only else None
    shared = settings.device() == "cpu" and settings.cores() > 1
    started, jobs = time.perf_counter(), options.jobs or (2 if shared else 1)
    course.run(config, only, report=lambda line: print(line, flush=True), jobs=jobs)
    seconds = time.perf_counter() - started
    print(f"\nall lessons                {seconds:6.1f} s, executed copies in {config.results / 'executed'}")
    from harkit import catalogue, comparison  # torch is imported only now, after the notebooks are done

    table = comparison.results(config)
    catalogue.write_table(table, config.results / "results.csv")
    print(course.as_text(table))


def _catch_up(options) -> None:
    from harkit import course, settings

    source = Path(options.source) if options.source else None
    course.catch_up(options.lesson, settings.load(options.profile), source, lambda line: print(line, flush=True))


def _student(options) -> None:
    from harkit import course

    print(course.student_copy(Path(options.to)))


def _record(options) -> None:
    from harkit import recording, settings

    for folder in recording.record(Path(options.data), settings.load("reduced"), options.study):
        print(folder, flush=True)


def _train(options) -> None:
    from harkit import several

    with several.together():
        _train_together(options)


def _train_together(options) -> None:
    from harkit import catalogue, evaluation, models, precision, recipes, settings, several, splits, training

    if options.model not in models.NETWORKS:
        raise InputError(f"There is no network '{options.model}': choose one of {', '.join(models.NETWORKS)}.")
    started, config = time.perf_counter(), settings.load()
    recipes.get(options.model, options.recipe)  # is there one? before minutes of reading
    sizes = ((config.side, 64, 0),)
    if options.recipe == "improved":
        sizes = recipes.HOUR.get(options.model, ((224, 64, 0),))
    if options.width:  # one row for each side: the one that asks for the fewest epochs
        sizes = list({side: (side, options.width, least) for side, _, least in sizes}.values())
    pictures = several.once(_read, options.data, config)
    split = options.split or ("subject" if (pictures.subject != "").any() else "honest")
    divided = splits.divide(pictures, split, options.seed)
    print(splits.counts(divided).to_string())
    if len(problems := catalogue.problems(pictures).query("files > 0")):
        print(problems.to_string(index=False))

    def left() -> float | None:
        return options.minutes and options.minutes - (time.perf_counter() - started) / 60

    side, width = options.size, sizes[0][1]
    if not side:
        asked = left(), sizes, divided, options.out, options.model, options.recipe
        side, width = several.once(precision.size_within, *asked)
    run = training.fit(
        divided, options.out, options.model, options.recipe, split=split, side=side, width=options.width or width,
        epochs=options.epochs, minutes=left(), seed=options.seed, resume=options.resume,
        cache=config.data / "decoded", download=config.download,
    )  # fmt: skip
    seconds, last = time.perf_counter() - started, training.runs.history(run).iloc[-1]
    found = evaluation.score(evaluation.validation_predictions(run))
    print(
        f"{run}: validation accuracy {found['accuracy']:.3f} after {int(last.epoch)} epochs, "
        f"{last.pictures_per_second:.0f} pictures/s, {seconds:.0f} s in all"
    )
    if not (divided.split == "test").any():
        why = {"frame": "The published split by frame has no", "all": "A split of all pictures has no"}
        print(
            f"{why.get(split, 'There are too few subjects for a')} test part: judge the run on other pictures. The "
            "validation figure may have chosen the weights, and then it flatters."
        )


def _evaluate(options) -> None:
    from harkit import evaluation, runs, settings

    started = time.perf_counter()
    config, plan = settings.load(), runs.settings(options.run)
    pictures = _read(options.data, config)
    labelled = pictures[pictures.status == "labelled"].reset_index(drop=True)
    strangers = sorted(set(labelled.label) - set(plan["classes"]))
    if strangers:
        raise InputError(f"{options.data} holds the label '{strangers[0]}', which {options.run} was not trained on.")
    chosen = labelled if options.all else evaluation.unseen(options.run, pictures)
    left_out = len(labelled) - len(chosen)
    if chosen.empty:
        raise InputError(
            f"{options.run} trained or chose on all {len(labelled)} pictures of {options.data}, so no honest figure is "
            "left: give other pictures, or --all to score them all the same."
        )
    predictions = evaluation.predict(options.run, chosen, config.data / "decoded")
    found = evaluation.score(predictions)
    found |= {"left_out": left_out, "classes": plan["classes"], "seconds": time.perf_counter() - started}
    if options.json:
        print(json.dumps(found))
        return
    print(evaluation.report(predictions).round(3).to_string())
    print(f"\n{left_out} pictures left out: the run trained or chose on them, or on one here that looks the same")
    print(
        f"accuracy {found['accuracy']:.3f} (95 % interval {found['low']:.3f}–{found['high']:.3f}), "
        f"macro F1 {found['macro_f1']:.3f}, {found['n']} pictures, {found['seconds']:.1f} s"
    )


def _predict(options) -> None:
    from harkit import catalogue, evaluation, settings

    cache = settings.load().data / "decoded"
    if options.csv:
        if not options.data or options.pictures:
            raise InputError("--csv goes with --data: give the set whose test pictures want an answer.")
        table = evaluation.submission(options.run, _read(options.data, settings.load()), cache)
        catalogue.write_table(table, options.csv)
        print(f"{options.csv}: {len(table)} rows")
        return
    if options.data or not options.pictures:
        raise InputError("Give one picture or more, or --data together with --csv.")
    answers = evaluation.predict(options.run, catalogue.single_files(options.pictures), cache)
    for path, predicted, probability in zip(
        answers.path, answers.predicted, answers.filter(like="p_").max(axis=1), strict=True
    ):
        print(f"{path}\t{predicted}\t{probability:.3f}")


def _demo(options) -> None:
    from harkit import demo, settings

    demo.serve(options.actions, options.falls, settings.load(), options.host, options.port)


def _read(data: str, config):
    from harkit import catalogue, fetch

    return catalogue.read(fetch.unpack(Path(data), config.data), config.data / "decoded")


COMMANDS = {
    "doctor": _doctor, "fetch": _fetch, "course": _course, "catch-up": _catch_up, "student": _student,
    "record": _record, "train": _train, "evaluate": _evaluate, "predict": _predict, "demo": _demo,
}  # fmt: skip

if __name__ == "__main__":
    sys.exit(main())
