"""Sphinx: `make docs` builds the pages of this folder with the READMEs and the API from docstrings into build/docs.

The source folder is the checkout, so that links between documents and files hold on every host.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import mmsight  # noqa: E402
from mmsight import projects  # noqa: E402
from mmsight.engine.documents import with_plots  # noqa: E402


def write_api(page: Path) -> None:
    """List every module: the core's, then those of each paper, under the title of its README."""
    lines = ['API', '===', '', 'From the docstrings. A module of a paper is named after its concept; its README',
             'says which figure or equation that is.', '']
    core = [f'mmsight.{part}{path.stem}' for part in ('', 'apis.', 'engine.')
            for path in sorted((ROOT / 'mmsight' / part.rstrip('.')).glob('[!_]*.py'))]
    sections = {'Core': core}
    for name in projects.names():
        title = (ROOT / 'projects' / name / 'README.md').read_text().splitlines()[0].removeprefix('# ')
        sections[title] = [f'mmsight.projects.{name}'] if name == 'example_project' else [
            f'mmsight.projects.{name}.{path.stem}' for path in sorted((ROOT / 'projects' / name).glob('[!_]*.py'))]
    for title, modules in sections.items():
        lines += [title, '-' * len(title), '']
        for module in modules:
            lines += [f'.. automodule:: {module}', '   :members:', '']
    page.write_text('\n'.join(lines))


def add_plots(app, name, source):
    """Draw the plots of a page, which a page on GitHub leaves out."""
    source[0] = with_plots(source[0], ROOT / 'docs' / '_plots', '_plots')


def setup(app):
    """Called by Sphinx."""
    app.connect('source-read', add_plots)


write_api(ROOT / 'docs' / 'api.rst')

project = 'MMSight'
copyright = 'the MMSight authors'
version = release = mmsight.__version__
extensions = ['myst_parser', 'sphinx.ext.autodoc', 'sphinx.ext.napoleon', 'sphinx_copybutton', 'sphinx_design']
root_doc = 'docs/index'
include_patterns = ['docs/**.md', 'docs/api.rst', '*.md', 'projects/*/README.md', 'projects/*/weights/*.md',
                    'tools/dataset_converters/*.md']
exclude_patterns = ['.*', 'build', 'data', 'work_dirs']  # environments and data are not searched for pages
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
myst_enable_extensions = ['colon_fence', 'deflist']
myst_heading_anchors = 3
autodoc_mock_imports = ['fastapi', 'gradio', 'starlette', 'uvicorn']  # the extra 'web' is not needed to read about it
autodoc_typehints = 'none'  # docstrings say types and shapes
napoleon_use_ivar = True  # a named tuple's fields are members too, and must not be listed twice
autodoc_member_order = 'bysource'
copybutton_exclude = '.linenos, .gp, .go'
html_theme = 'furo'
html_title = 'MMSight'
html_static_path = ['_static']
html_css_files = ['mmsight.css']
html_theme_options = dict(
    light_css_variables={'color-brand-primary': '#1f5f9f', 'color-brand-content': '#1f5f9f'},
    dark_css_variables={'color-brand-primary': '#7ab8f5', 'color-brand-content': '#7ab8f5'})
