"""The report's metric on results whose quality is known."""

import importlib.util

import cv2
import numpy as np
import pytest

TOOL = 'projects/super_resolution/tools/report_metric.py'


def test_what_the_report_measured(root):
    spec = importlib.util.spec_from_file_location('report_metric', root / TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    original = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    results = tool.candidates(original)
    perfect, = (tool.report_metric(original, results[name]) for name in results if name == 'the original itself')
    error = np.mean((original[2].astype(float) - original[1])**2)
    assert perfect[0] == pytest.approx(10 * np.log10(255**2 / error)) and perfect[1] < 0.1
    noise = tool.report_metric(original, next(results[name] for name in results if name.startswith('noise')))
    assert noise == (pytest.approx(10 * np.log10(255**2 / 100)), pytest.approx(1))


@pytest.mark.slow
def test_page(run, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8))
    run(TOOL, tmp_path, '--out-dir', tmp_path / 'out')
    page = (tmp_path / 'out' / 'index.html').read_text()
    assert page.count('<tr>') == 6 and '<td>the original itself</td><td>inf</td><td>1.000</td>' in page
    assert cv2.imread(str(tmp_path / 'out' / 'a.png')).shape == (544, 1024, 3)
    done = run(TOOL, tmp_path / 'none', check=False)
    assert done.returncode == 1 and 'no png, jpg or bmp was found' in done.stderr
