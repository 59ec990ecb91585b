/**
 * What a hand does to a chart, in the page itself: a saved chart does it too. Pointing tells of the nearest mark, dragging
 * zooms, a double click shows all. It is the body of an event handler in an attribute, where `this` is the chart's box: front
 * ends put HTML in place without running scripts in it. `data-x` of the drawing has the ends of its x axis, as values and as
 * places in the drawing.
 */
const script = String.raw`
if (this.dataset.on) return;
this.dataset.on = 1;
const box = this;
const svg = box.querySelector('svg');
const tip = box.querySelector('.cs-tip');
if (!svg) return;
const ends = svg.dataset.x;
const [low, high, left, right] = ends ? ends.split(' ').map(Number) : [0, 1, 0, 1];
const first = Math.min(left, right);
const last = Math.max(left, right);
const size = svg.viewBox.baseVal;
let from = low;
let to = high;

const all = (selector) => [...svg.querySelectorAll(selector)];
const make = (name, attributes) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const key in attributes) node.setAttribute(key, attributes[key]);
  return node;
};
const show = (node, on) => node.setAttribute('visibility', on ? 'visible' : 'hidden');
const moveTo = (node, x, rest) => node.setAttribute('transform', 'translate(' + x + rest);
const inDrawing = (x, y) => {
  const place = svg.getBoundingClientRect();
  return [(x - place.left) * size.width / place.width, (y - place.top) * size.height / place.height];
};
const valueAt = (x) => from + (x - left) * (to - from) / (right - left);
const placeOf = (x) => left + (low + (x - left) * (high - low) / (right - left) - from) * (right - left) / (to - from);

const told = all('title').map((title) => {
  const mark = title.parentNode;
  title.remove();
  return { mark, text: title.textContent };
});
const id = 'cs' + Math.random().toString(36).slice(2);
const clip = make('clipPath', { id });
clip.append(make('rect', { x: first - 4, y: 0, width: last - first + 8, height: size.height }));
svg.append(clip);
const groups = (kinds) => all(kinds.map((kind) => 'g[aria-label=' + kind + ']').join(','));
const stretched = groups(['line', 'bar', 'rect', 'area']);
const dots = groups(['dot']).flatMap((group) =>
  [...group.children].map((mark) => ({ mark, x: Number(mark.getAttribute('cx')) })));
const texts = groups(['text']).flatMap((group) =>
  [...group.children].map((mark) => {
    const [, x = '0', rest = ''] = /translate\(([^,)]+)(.*)/.exec(mark.getAttribute('transform')) || [];
    return { mark, x: Number(x), rest };
  }));
for (const group of groups(['line', 'bar', 'rect', 'area', 'dot'])) {
  const frame = make('g', { 'clip-path': 'url(#' + id + ')' });
  group.replaceWith(frame);
  frame.append(group);
  for (const mark of group.children) mark.setAttribute('vector-effect', 'non-scaling-stroke');
}

const ticks = svg.querySelector('g[aria-label="x-axis tick"]');
const labels = svg.querySelector('g[aria-label="x-axis tick label"]');
const whole = [ticks, labels].map((group) => group && [...group.children]);
const drawAxis = () => {
  if (!ticks || !labels) return;
  if (from === low && to === high) {
    ticks.replaceChildren(...whole[0]);
    labels.replaceChildren(...whole[1]);
    return;
  }
  const rest = /,.*/.exec(whole[0][0].getAttribute('transform'))[0];
  const wanted = (to - from) / 7;
  let step = 10 ** Math.floor(Math.log10(wanted));
  for (const factor of [2, 2.5, 2]) if (step * factor <= wanted * 1.01) step *= factor;
  ticks.replaceChildren();
  labels.replaceChildren();
  const start = Math.ceil(from / step);
  for (let n = 0; n < 20 && (start + n) * step <= to; n++) {
    const value = (start + n) * step;
    const x = left + (value - from) * (right - left) / (to - from);
    for (const [group, [model]] of [[ticks, whole[0]], [labels, whole[1]]]) {
      const node = model.cloneNode(true);
      moveTo(node, x, rest);
      if (group === labels) node.textContent = Number(value.toPrecision(8));
      group.append(node);
    }
  }
};
const draw = () => {
  const scale = (high - low) / (to - from);
  for (const group of stretched) {
    if (scale === 1) group.removeAttribute('transform');
    else moveTo(group, placeOf(0), ',0) scale(' + scale + ',1)');
  }
  for (const { mark, x } of dots) mark.setAttribute('cx', placeOf(x));
  for (const { mark, x, rest } of texts) {
    const place = placeOf(x);
    moveTo(mark, place, rest);
    mark.style.display = place < first - 2 || place > last + 2 ? 'none' : '';
  }
  drawAxis();
};

const unseen = { y: 0, 'pointer-events': 'none', visibility: 'hidden' };
const rule = make('line', { ...unseen, y1: 0, y2: size.height, stroke: 'currentColor', 'stroke-opacity': 0.3 });
const brush = make('rect', { ...unseen, height: size.height, fill: 'currentColor', 'fill-opacity': 0.12 });
svg.append(rule, brush);
let begun = null;
let moved = false;

const nearest = (x, y) => {
  let best = null;
  let near = 40;
  for (const { mark, text } of told) {
    const place = mark.getBoundingClientRect();
    const [begin, top] = inDrawing(place.left, place.top);
    const [end, bottom] = inDrawing(place.right, place.bottom);
    if ((begin + end) / 2 < first - 3 || begin > last + 3) continue;
    const isDot = mark.tagName === 'circle';
    const away = isDot
      ? Math.hypot(x - (begin + end) / 2, (y - (top + bottom) / 2) * 0.4)
      : x >= begin && x <= end && y >= top && y <= bottom ? 0 : near;
    if (away >= near) continue;
    near = away;
    best = { text, x: isDot ? (begin + end) / 2 : x, y: (top + bottom) / 2 };
  }
  return best;
};
const hide = () => {
  tip.style.display = 'none';
  show(rule, false);
};
box.addEventListener('pointermove', (event) => {
  const [x, y] = inDrawing(event.clientX, event.clientY);
  if (begun !== null) {
    moved = moved || Math.abs(x - begun) > 4;
    if (!moved) return;
    brush.setAttribute('x', Math.min(x, begun));
    brush.setAttribute('width', Math.abs(x - begun));
    show(brush, true);
    return;
  }
  const found = nearest(x, y);
  if (!found) return hide();
  tip.textContent = found.text;
  tip.style.display = 'block';
  const drawing = svg.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  const scale = drawing.width / size.width;
  const across = found.x * scale + drawing.left - frame.left + 10;
  const down = found.y * scale + drawing.top - frame.top - tip.offsetHeight - 8;
  tip.style.left = Math.min(across, frame.width - tip.offsetWidth - 4) + 'px';
  tip.style.top = Math.max(0, down) + 'px';
  rule.setAttribute('x1', found.x);
  rule.setAttribute('x2', found.x);
  show(rule, true);
});
box.addEventListener('pointerleave', () => {
  hide();
  begun = null;
  show(brush, false);
});
if (!ends) return;
box.addEventListener('pointerdown', (event) => {
  begun = inDrawing(event.clientX, event.clientY)[0];
  moved = false;
  event.preventDefault();
});
box.addEventListener('pointerup', (event) => {
  show(brush, false);
  if (begun !== null && moved) {
    const [x] = inDrawing(event.clientX, event.clientY);
    const [a, b] = [Math.max(first, Math.min(x, begun)), Math.min(last, Math.max(x, begun))].map(valueAt);
    const least = Math.abs(high - low) / 1e6;
    if (Math.abs(b - a) > least) {
      [from, to] = (b > a) === (high > low) ? [a, b] : [b, a];
      draw();
    }
  }
  begun = null;
});
box.addEventListener('dblclick', () => {
  from = low;
  to = high;
  draw();
});
`

/** In one line, as attributes of HTML and markdown take it. */
export const chartScript = script
  .split('\n')
  .map((line) => line.trim())
  .join(' ')
  .trim()
