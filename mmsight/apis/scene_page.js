// The view of a scene: drag to move, turn the wheel to zoom, click a ship or its row.
(() => {
  const svg = document.getElementById('scene');
  const [width, height] = [svg.dataset.width, svg.dataset.height].map(Number);
  const rows = [...document.querySelectorAll('#ships tbody tr')];
  let view = {x: 0, y: 0, w: width, h: height};

  const show = () => svg.setAttribute('viewBox', `${view.x} ${view.y} ${view.w} ${view.h}`);

  // the scene's pixel below a place of the window
  const pixel = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY);
    return point.matrixTransform(svg.getScreenCTM().inverse());
  };

  const zoom = (factor, at) => {
    const w = Math.min(Math.max(view.w * factor, 24), 4 * Math.max(width, height));
    const used = w / view.w;
    view = {x: at.x - (at.x - view.x) * used, y: at.y - (at.y - view.y) * used, w, h: view.h * used};
    show();
  };
  const middle = () => ({x: view.x + view.w / 2, y: view.y + view.h / 2});

  svg.addEventListener('wheel', (event) => {
    event.preventDefault();
    zoom(Math.exp(event.deltaY / 400), pixel(event));
  }, {passive: false});

  let grip = null, moved = false;
  svg.addEventListener('pointerdown', (event) => { grip = pixel(event); moved = false; });
  window.addEventListener('pointermove', (event) => {
    if (!grip) return;
    const now = pixel(event);
    moved ||= Math.hypot(now.x - grip.x, now.y - grip.y) > view.w / 200;
    view = {...view, x: view.x - now.x + grip.x, y: view.y - now.y + grip.y};
    show();
  });
  window.addEventListener('pointerup', () => { grip = null; });

  const all = () => { view = {x: 0, y: 0, w: width, h: height}; show(); };
  document.getElementById('closer').onclick = () => zoom(0.5, middle());
  document.getElementById('farther').onclick = () => zoom(2, middle());
  document.getElementById('all').onclick = all;

  const mark = (id) => {
    document.querySelectorAll('.chosen').forEach((part) => part.classList.remove('chosen'));
    const box = document.getElementById(`box${id}`), row = document.getElementById(`row${id}`);
    [box, row].forEach((part) => part.classList.add('chosen'));
    return [box, row];
  };
  svg.addEventListener('click', (event) => {
    const box = event.target.closest('polygon');
    if (!box || moved) return;
    const row = mark(box.id.slice(3))[1], table = document.querySelector('.table');
    table.scrollTop = row.offsetTop - table.clientHeight / 2;  // the scene stays where it is
  });
  rows.forEach((row) => {
    const go = () => {
      const around = mark(row.id.slice(3))[0].getBBox();
      const side = Math.max(around.width, around.height) * 5;
      const ratio = height / width;
      view = {x: around.x + around.width / 2 - side / 2, y: around.y + around.height / 2 - side * ratio / 2, w: side,
              h: side * ratio};
      show();
      svg.scrollIntoView({block: 'nearest'});
    };
    row.addEventListener('click', go);
    row.addEventListener('keydown', (event) => { if (event.key === 'Enter') go(); });
  });

  // a second click on a column turns its order round; what is unknown comes last
  document.querySelectorAll('#ships th button').forEach((button) => {
    button.onclick = () => {
      const head = button.parentElement, column = head.cellIndex;
      const down = head.getAttribute('aria-sort') !== 'descending';
      document.querySelectorAll('#ships th').forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const value = (row) => {
        const text = row.cells[column].textContent;
        return text !== '' && !isNaN(text) ? Number(text) : text;
      };
      rows.sort((first, second) => {
        const [a, b] = [value(first), value(second)];
        if (a === '' || b === '') return (a === '') - (b === '');
        return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
      });
      document.querySelector('#ships tbody').append(...rows);
    };
  });
})();
