# make course · make lab · make test · make test-all · make outputs · make record · make bench · make student · make book ·
# make demo · make release · make lint · make audit · make class-environment · make environments · make clean
# Without make (Windows, Colab, conda) README.md has the same commands by hand.

PYTHON ?= python3
WORKERS ?= 2
# Parallel tests: one thread a process, and no spinning while it waits.
ONE_THREAD = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: course lab test test-all outputs record bench student book demo release lint audit class-environment \
	environments clean

course: .venv/installed
	.venv/bin/python -m harkit course

# No spinning: most lessons import torch before harkit, which is too late for its setting in harkit/__init__.py.
lab: .venv/installed
	.venv/bin/python -m jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"
	OMP_WAIT_POLICY=PASSIVE .venv/bin/python -m jupyter lab notebooks/01_data_preparation.ipynb

PYTEST = $(ONE_THREAD) .venv/bin/python -m pytest tests notebooks --nbval-lax -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# A test that goes on for 25 minutes hangs: then it fails, and shows where it is.
test: lint .venv/book
	$(PYTEST) -m "not slow" --max-worker-restart 0 -o faulthandler_timeout=1500 -o faulthandler_exit_on_timeout=true

# With the slow tests too: lessons on photographs, where HARKIT_PHOTOS names their folder.
test-all: lint .venv/book
	$(PYTEST)

# The outputs stored in the notebooks: of a run in a fresh copy of the course, so that they name no folder of yours.
# Those of one lesson: make outputs LESSON=02. It runs what that lesson needs, too.
outputs: .venv/installed
	rm -rf build/outputs
	mkdir -p build/outputs/results
	cp -R notebooks harkit build/outputs/
	cp -R results/recorded build/outputs/results/
	cd build/outputs && export HARKIT_PROFILE=reduced HARKIT_HAR= HARKIT_FALLS= HARKIT_DATA= HARKIT_RESULTS= && \
		$(if $(LESSON),"$(CURDIR)/.venv/bin/python" -m harkit catch-up $(LESSON) &&) \
		"$(CURDIR)/.venv/bin/python" -m harkit course --jobs 1 $(LESSON:%=--only %)
	.venv/bin/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys metadata.language_info.version \
		build/outputs/results/reduced/executed/$(LESSON)*.ipynb
	cp build/outputs/results/reduced/executed/$(LESSON)*.ipynb notebooks/
	cd build/outputs/notebooks/solutions && "$(CURDIR)/.venv/bin/python" -m nbconvert --log-level=WARN \
		--to notebook --execute --inplace $(LESSON)*.ipynb
	.venv/bin/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys metadata.language_info.version \
		build/outputs/notebooks/solutions/$(LESSON)*.ipynb
	cp build/outputs/notebooks/solutions/$(LESSON)*.ipynb notebooks/solutions/

# A copy to hand out, without solutions and teacher's part: build/student and build/student.zip.
student: .venv/installed
	rm -rf build/student build/student.zip
	.venv/bin/python -m harkit student --to build/student
	cd build && ../.venv/bin/python -m zipfile -c student.zip student

# The runs in results/recorded, on the photographs in the folder HARKIT_PHOTOS: some 18 core-hours. Those at the
# published size need a GPU, and are left out without one.
record: .venv/installed
	@test -n "$(HARKIT_PHOTOS)" || { echo "Name the folder of the photographs: HARKIT_PHOTOS=... make record"; exit 2; }
	.venv/bin/python -m harkit record --data "$(HARKIT_PHOTOS)/human-action-recognition-har-dataset.zip"

# This machine against the published way of reading and training: 20 to 60 minutes, a table in build/bench/speed.md.
bench: .venv/installed
	.venv/bin/python -W ignore bench/speed.py

# The course as a book, from the stored outputs: open build/book/index.html. HUB=https://... adds your class's JupyterHub.
book: .venv/book
	mkdir -p build/book-sources
	PYTHONWARNINGS=ignore .venv/bin/python -m sphinx -q -W --keep-going -c book -d build/book-doctrees build/book-sources build/book
	@echo "Open build/book/index.html"

# A page in the browser: a picture gets an action, a film its alarm.
demo: .venv/demo
	.venv/bin/python -m harkit demo

# Source and wheel in dist/, tested in an environment of their own. CONTRIBUTING.md says what comes before and after.
release: lint
	@test -z "$$(git status --porcelain)" || { echo "Commit first: a release is made of what is committed."; exit 2; }
	rm -rf dist build/lib harkit.egg-info/SOURCES.txt
	$(ONE_THREAD) .venv/bin/python -m pytest -q tests/course/test_release.py
	.venv/bin/python tests/course/test_release.py dist

lint: .venv/installed
	.venv/bin/python -m ruff check .

# Are there known vulnerabilities in the pinned versions? Asks PyPI.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet pip-audit
	build/audit/bin/pip-audit --disable-pip --no-deps -r constraints.txt

# JupyterHub, its proxy and the course's packages where every user of this machine can read them: for the test of a class
# on one server, as root. The Python of the system, because a Python in somebody's home is closed to the others.
CLASS ?= /opt/harkit-class
class-environment:
	/usr/bin/python3 -m venv $(CLASS)
	$(CLASS)/bin/python -m pip install -c constraints.txt ".[lab,offline]" "jupyterhub>=5.2"
	npm install --prefix $(CLASS)/proxy "configurable-http-proxy@>=4.6"

# The course with Colab's versions of its libraries, with the lowest that pyproject.toml allows, and with the newest: one
# environment after the other, a table in build/environments.md.
environments: .venv/installed
	.venv/bin/python -m pip install uv
	nice .venv/bin/python tests/environments.py

# What the course made: results, drawn pictures, the environment. Pictures that you put into data/ stay.
clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache harkit.egg-info
	rm -rf data/drawn-* data/decoded results/reduced

.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv: some minutes, and about 6 GB on Linux, where PyTorch brings its GPU libraries."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -c constraints.txt -e ".[lab,test,offline]"
	touch .venv/installed

.venv/book: .venv/installed
	.venv/bin/python -m pip install -c constraints.txt -e ".[book]"
	touch .venv/book

.venv/demo: .venv/installed
	.venv/bin/python -m pip install -c constraints.txt -e ".[demo]"
	touch .venv/demo
