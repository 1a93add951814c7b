import json

from mmsight.engine.report import Entry, draw_losses, read_scalars, write_index


def log(work_dir, stamp, rows):
    path = work_dir / stamp / 'vis_data' / 'scalars.json'
    path.parent.mkdir(parents=True)
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


def test_the_newest_training_run_counts(tmp_path):
    log(tmp_path, '20260101_000000', [dict(loss=9.0, step=1)])
    log(tmp_path, '20260102_000000', [dict(loss=2.0, lr=0.1, epoch=1, step=1), dict(loss=1.0, step=2)])
    log(tmp_path, '20260103_000000', [{'ship/f1': 0.5, 'step': 0}])  # a test run
    assert read_scalars(tmp_path) == {'loss': [(1, 2.0), (2, 1.0)], 'lr': [(1, 0.1)]}
    assert draw_losses(tmp_path, tmp_path / 'loss.png')
    assert (tmp_path / 'loss.png').read_bytes().startswith(b'\x89PNG')


def test_no_log(tmp_path):
    assert read_scalars(tmp_path) == {}
    assert not draw_losses(tmp_path, tmp_path / 'loss.png')


def test_index(tmp_path):
    picture = tmp_path / 'p' / "a'<b>.png"
    picture.parent.mkdir()
    picture.touch()
    record = dict(seed=0, device='<cpu>', expected=[
        {'metric': 'm', 'min': 0.8, 'max': 1.0, 'value': 0.9, 'pass': True},
        {'metric': 'n', 'max': 0.5, 'value': None, 'pass': False}])
    good, failed = Entry('p', 'p/<toy>', record, pictures=[picture], caption='A < B'), Entry('q', 'q/toy', None)
    assert good.rows() == [('p', 'p/<toy>', 'm', '0.9000', '>= 0.8 and <= 1', True),
                           ('p', 'p/<toy>', 'n', 'absent', '<= 0.5', False)]
    assert failed.rows()[0][-1] is False
    write_index([good, failed], tmp_path / 'index.html')
    page = (tmp_path / 'index.html').read_text()
    assert '&lt;cpu&gt;' in page and 'p/&lt;toy&gt;' in page and 'src="p/a&#x27;&lt;b&gt;.png"' in page
    assert 'Predictions: A &lt; B' in page
    assert '<toy>' not in page and '<cpu>' not in page
    assert page.count('class="fail"') == 2 and page.count('class="pass"') == 1
