# make course · make lab · make test · make test-all · make outputs · make record · make bench · make student · make lint ·
# make audit · make clean
# Without make (Windows, Colab, conda) README.md has the same commands by hand.

PYTHON ?= python3
WORKERS ?= 2
# Parallel tests: one thread a process, and no spinning while it waits.
ONE_THREAD = OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: course lab test test-all outputs record bench student lint audit clean

course: .venv/installed
	.venv/bin/python -m harkit course

# No spinning: most lessons import torch before harkit, which is too late for its setting in harkit/__init__.py.
lab: .venv/installed
	.venv/bin/python -m jupyter labextension disable --level=sys_prefix "@jupyterlab/apputils-extension:announcements"
	OMP_WAIT_POLICY=PASSIVE .venv/bin/python -m jupyter lab notebooks/01_data_preparation.ipynb

PYTEST = $(ONE_THREAD) .venv/bin/python -m pytest tests notebooks --nbval-lax -n $(WORKERS) --dist loadfile --no-loadscope-reorder

test: lint
	$(PYTEST) -m "not slow"

# With the slow tests too: lessons on photographs, where HARKIT_PHOTOS names their folder.
test-all: lint
	$(PYTEST)

# The outputs stored in the notebooks: of a run in a fresh copy of the course, so that they name no folder of yours.
outputs: .venv/installed
	rm -rf build/outputs
	mkdir -p build/outputs/results
	cp -R notebooks harkit build/outputs/
	cp -R results/recorded build/outputs/results/
	cd build/outputs && HARKIT_PROFILE=reduced HARKIT_HAR= HARKIT_FALLS= HARKIT_DATA= HARKIT_RESULTS= \
		"$(CURDIR)/.venv/bin/python" -m harkit course
	.venv/bin/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys metadata.language_info.version \
		build/outputs/results/reduced/executed/*.ipynb
	cp build/outputs/results/reduced/executed/*.ipynb notebooks/
	cd build/outputs/notebooks/solutions && "$(CURDIR)/.venv/bin/python" -m nbconvert --log-level=WARN \
		--to notebook --execute --inplace *.ipynb
	.venv/bin/python -m nbstripout --keep-output --keep-count --keep-id --extra-keys metadata.language_info.version \
		build/outputs/notebooks/solutions/*.ipynb
	cp build/outputs/notebooks/solutions/*.ipynb notebooks/solutions/

# A copy to hand out, without solutions and teacher's part: build/student and build/student.zip.
student: .venv/installed
	rm -rf build/student build/student.zip
	.venv/bin/python -m harkit student --to build/student
	cd build && ../.venv/bin/python -m zipfile -c student.zip student

# The runs in results/recorded, on the photographs in the folder HARKIT_PHOTOS: about three hours on 2 cores.
record: .venv/installed
	@test -n "$(HARKIT_PHOTOS)" || { echo "Name the folder of the photographs: HARKIT_PHOTOS=... make record"; exit 2; }
	.venv/bin/python -m harkit record --data "$(HARKIT_PHOTOS)/human-action-recognition-har-dataset.zip"

# This machine against the published way of reading and training: about 20 minutes, a table in build/bench/speed.md.
bench: .venv/installed
	.venv/bin/python -W ignore bench/speed.py

lint: .venv/installed
	.venv/bin/python -m ruff check .

# Are there known vulnerabilities in the pinned versions? Asks PyPI.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/python -m pip install --quiet pip-audit
	build/audit/bin/pip-audit --disable-pip --no-deps -r constraints.txt

# What the course made: results, drawn pictures, the environment. Pictures that you put into data/ stay.
clean:
	rm -rf .venv build .pytest_cache .ruff_cache harkit.egg-info
	rm -rf data/drawn-* data/decoded results/reduced

.venv/installed: pyproject.toml constraints.txt
	@echo "Installing into .venv: some minutes, and about 6 GB on Linux, where PyTorch brings its GPU libraries."
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install -c constraints.txt -e ".[lab,test,offline]"
	touch .venv/installed
