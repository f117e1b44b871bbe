// Line charts as SVG: a small one without axes and a large one with them. Values are null where nothing is known.
'use strict';

const SVG = 'http://www.w3.org/2000/svg';

function svg(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes))
    node.setAttribute(key, value);
  return node;
}

// "M x y L x y ...", with a new beginning behind each gap. `values` fill the width from the right.
function linePath(values, room, width, height, top) {
  let path = '';
  let pen = 'M';
  values.forEach((value, i) => {
    if (value === null) {
      pen = 'M';
      return;
    }
    const x = width - (values.length - 1 - i) * width / (room - 1);
    const y = height - (top > 0 ? value / top : 0) * height;
    path += `${pen}${x.toFixed(1)} ${y.toFixed(1)}`;
    pen = 'L';
  });
  return path;
}

// The smallest of 1, 2, 5 times a power of ten that is not below `value`.
function roundUp(value) {
  if (!(value > 0))
    return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value * 0.9999);
}

const topOf = (lists) => Math.max(0, ...lists.flat().filter((value) => value !== null));

class Spark {
  constructor(element, room) {
    this.room = room;
    this.area = svg('path', { class: 'area' });
    this.line = svg('path', { class: 'line' });
    const frame = svg('svg', { viewBox: '0 0 100 32', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    frame.append(this.area, this.line);
    element.append(frame);
  }

  // `least` is the least top: what is small beside it is to look small.
  draw(values, least = 0) {
    const shown = values.slice(-this.room);
    const top = Math.max(topOf([shown]) * 1.1, least);
    const path = linePath(shown, this.room, 100, 30, top);
    this.line.setAttribute('d', path);
    const first = shown.findIndex((value) => value !== null);
    const whole = first >= 0 && !shown.slice(first).includes(null);
    const left = 100 - (shown.length - 1 - first) * 100 / (this.room - 1);
    this.area.setAttribute('d', whole ? `${path}L100 32L${left.toFixed(1)} 32Z` : '');
  }
}

class Chart {
  // `names` are the classes of the lines; `format` turns a value into words; `told` gets what is under the pointer.
  constructor(element, room, stepMs, names, format, told) {
    Object.assign(this, { room, stepMs, names, format, told, values: names.map(() => []), at: null });
    this.frame = svg('svg', { viewBox: '0 0 600 160', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.grid = svg('path', { class: 'grid', d: 'M0 1H600M0 80H600M0 159H600' });
    this.cross = svg('path', { class: 'cross' });
    this.lines = names.map((name) => svg('path', { class: `line ${name}` }));
    this.frame.append(this.grid, ...this.lines, this.cross);
    this.labels = ['top', 'middle', 'past'].map((name) => {
      const label = document.createElement('span');
      label.className = `label ${name}`;
      return label;
    });
    this.labels[2].textContent = `${room * stepMs / 60000} min ago`;
    element.append(this.frame, ...this.labels);
    element.addEventListener('pointermove', (event) => {
      const box = element.getBoundingClientRect();
      this.at = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      this.tell();
    });
    element.addEventListener('pointerleave', () => {
      this.at = null;
      this.tell();
    });
  }

  draw(lists) {
    this.values = lists.map((list) => list.slice(-this.room));
    const top = roundUp(Math.max(topOf(this.values), 10)); // below that both labels would be rounded to one
    this.values.forEach((list, i) => this.lines[i].setAttribute('d', linePath(list, this.room, 600, 158, top)));
    this.labels[0].textContent = this.format(top);
    this.labels[1].textContent = this.format(top / 2);
    this.tell();
  }

  tell() {
    if (this.at === null) {
      this.cross.setAttribute('d', '');
      this.told('');
      return;
    }
    const back = Math.round((1 - this.at) * (this.room - 1));
    this.cross.setAttribute('d', `M${(600 - back * 600 / (this.room - 1)).toFixed(1)} 0V160`);
    const words = this.names.map((name, i) => {
      const value = this.values[i][this.values[i].length - 1 - back] ?? null;
      return `${name} ${value === null ? '–' : this.format(value)}`;
    });
    this.told(`${back * this.stepMs / 1000} s ago: ${words.join(', ')}`);
  }
}
