/* Ways to show 64 rows of 16 bytes that all change on every frame, timed by renderers.bench.ts. */
const rows = 64;
const width = 16;
const hex = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));
const glyph = Array.from({ length: 256 }, (_, i) => (i >= 32 && i < 127 ? String.fromCharCode(i) : '.'));
const grid = document.getElementById('grid');

function frameBytes(seq) {
  const bytes = new Uint8Array(rows * width);
  // Every byte changes on every frame, and one in eight is zero, which is dimmed.
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i + seq) % 8 === 0 ? 0 : (i * 7 + seq * 13) & 0xff;
  return bytes;
}

function hexText(bytes, row) {
  let text = '';
  for (let i = 0; i < width; i++) text += (i === 0 ? '' : i % 8 === 0 ? '  ' : ' ') + hex[bytes[row * width + i]];
  return text;
}
function plainText(bytes, row) {
  let text = '';
  for (let i = 0; i < width; i++) text += glyph[bytes[row * width + i]];
  return text;
}
function makeRow(row) {
  const element = document.createElement('div');
  element.className = 'row';
  element.style.transform = `translateY(${row * 19}px)`;
  const parts = ['address', 'bytes', 'text'].map((name) => {
    const part = document.createElement('span');
    part.className = name;
    element.append(part);
    return part;
  });
  parts[0].textContent = (0x55d0c0a1f000 + row * width).toString(16).padStart(16, '0');
  grid.append(element);
  return parts;
}
const hexAt = (i) => i * 3 + (i >> 3);

const renderers = {
  'text rows, highlight API, ranges kept': () => {
    const names = ['zero', 'dot', 'glow0', 'glow1'];
    const sets = Object.fromEntries(names.map((name) => [name, new Highlight()]));
    for (const name of names) CSS.highlights.set(name, sets[name]);
    const parts = Array.from({ length: rows }, (_, row) => {
      const [, bytes, text] = makeRow(row);
      const h = bytes.appendChild(document.createTextNode(' '.repeat(hexAt(width))));
      const t = text.appendChild(document.createTextNode(' '.repeat(width)));
      const range = (node, from, to) =>
        new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: to });
      const cells = Array.from({ length: width }, (_, i) => [range(h, hexAt(i), hexAt(i) + 2), range(t, i, i + 1)]);
      return { h, t, cells, zero: new Uint8Array(width), dot: new Uint8Array(width), glow: new Uint8Array(width) };
    });
    const toggle = (set, range, state, i, on) => {
      if (on === (state[i] === 1)) return;
      state[i] = on ? 1 : 0;
      if (on) set.add(range);
      else set.delete(range);
    };
    return (seq) => {
      const bytes = frameBytes(seq);
      for (let row = 0; row < rows; row++) {
        const p = parts[row];
        p.h.data = hexText(bytes, row);
        p.t.data = plainText(bytes, row);
        for (let i = 0; i < width; i++) {
          const byte = bytes[row * width + i];
          toggle(sets.zero, p.cells[i][0], p.zero, i, byte === 0);
          toggle(sets.dot, p.cells[i][1], p.dot, i, byte < 32 || byte > 126);
          if (!p.glow[i]) {
            p.glow[i] = 1;
            sets.glow0.add(p.cells[i][0]);
            sets.glow0.add(p.cells[i][1]);
          }
        }
      }
    };
  },
  'text rows, runs of spans where styled': () => {
    const parts = Array.from({ length: rows }, (_, row) => makeRow(row));
    return (seq) => {
      const bytes = frameBytes(seq);
      for (let row = 0; row < rows; row++) {
        let h = '<span class=changed>';
        let t = '<span class=changed>';
        let zeroOpen = false;
        let dotOpen = false;
        for (let i = 0; i < width; i++) {
          const byte = bytes[row * width + i];
          const zero = byte === 0;
          if (zero !== zeroOpen) {
            h += zero ? '<i class=zero>' : '</i>';
            zeroOpen = zero;
          }
          h += (i === 0 ? '' : i % 8 === 0 ? '  ' : ' ') + hex[byte];
          const dot = byte < 32 || byte > 126;
          if (dot !== dotOpen) {
            t += dot ? '<i class=dot>' : '</i>';
            dotOpen = dot;
          }
          t += dot ? '.' : byte === 60 ? '&lt;' : byte === 38 ? '&amp;' : glyph[byte];
        }
        parts[row][1].innerHTML = h;
        parts[row][2].innerHTML = t;
      }
    };
  },
  'text rows, canvas under them': () => {
    const canvas = document.createElement('canvas');
    canvas.width = 900;
    canvas.height = rows * 19;
    grid.append(canvas);
    const context = canvas.getContext('2d');
    const parts = Array.from({ length: rows }, (_, row) => {
      const [, bytes, text] = makeRow(row);
      return {
        h: bytes.appendChild(document.createTextNode('')),
        t: text.appendChild(document.createTextNode('')),
      };
    });
    return (seq) => {
      const bytes = frameBytes(seq);
      context.clearRect(0, 0, 900, rows * 19);
      context.fillStyle = '#264f78';
      for (let row = 0; row < rows; row++) {
        parts[row].h.data = hexText(bytes, row);
        parts[row].t.data = plainText(bytes, row);
        // The glow and its underline, a run at a time (here: the whole row); dimming a 00 this way is a wash over it.
        context.fillRect(160, row * 19, 410, 19);
        context.fillRect(600, row * 19, 135, 19);
      }
      context.fillStyle = '#1e1e1e80';
      for (let i = 0; i < rows * width; i++) {
        if (bytes[i] === 0) context.fillRect(160 + hexAt(i % width) * 8.4, Math.floor(i / width) * 19, 17, 19);
      }
    };
  },
  'a span a byte': () => {
    const cells = Array.from({ length: rows }, (_, row) => {
      const [, bytes, text] = makeRow(row);
      return Array.from({ length: width }, (_, i) => {
        const h = document.createElement('span');
        const t = document.createElement('span');
        bytes.append(h, i === 7 ? '  ' : ' ');
        text.append(t);
        return [h, t, h.appendChild(document.createTextNode('')), t.appendChild(document.createTextNode(''))];
      });
    }).flat();
    return (seq) => {
      const bytes = frameBytes(seq);
      for (let i = 0; i < bytes.length; i++) {
        const [h, t, hData, tData] = cells[i];
        const byte = bytes[i];
        hData.data = hex[byte];
        tData.data = glyph[byte];
        const hClass = byte === 0 ? 'changed zero' : 'changed';
        const tClass = byte < 32 || byte > 126 ? 'changed dot' : 'changed';
        if (h.className !== hClass) h.className = hClass;
        if (t.className !== tClass) t.className = tClass;
      }
    };
  },
  'one canvas, glyphs drawn': () => {
    const canvas = document.createElement('canvas');
    canvas.width = 900;
    canvas.height = rows * 19;
    grid.append(canvas);
    const context = canvas.getContext('2d', { alpha: false });
    context.font = '14px monospace';
    context.textBaseline = 'top';
    return (seq) => {
      const bytes = frameBytes(seq);
      context.fillStyle = '#1e1e1e';
      context.fillRect(0, 0, 900, rows * 19);
      for (let row = 0; row < rows; row++) {
        context.fillStyle = '#264f78';
        context.fillRect(160, row * 19, 410, 19);
        context.fillRect(600, row * 19, 135, 19);
        context.fillStyle = '#888';
        context.fillText('000055d0c0a1f000', 0, row * 19 + 3);
        context.fillStyle = '#ccc';
        context.fillText(hexText(bytes, row), 160, row * 19 + 3);
        context.fillText(plainText(bytes, row), 600, row * 19 + 3);
      }
    };
  },
};

window.prepare = (name) => {
  grid.replaceChildren();
  CSS.highlights.clear();
  window.paint = renderers[name]();
};
window.rendererNames = Object.keys(renderers);
window.play = (frames) =>
  new Promise((done) => {
    let seq = 0;
    let script = 0;
    const started = performance.now();
    const step = () => {
      const from = performance.now();
      window.paint(seq);
      script += performance.now() - from;
      if (++seq < frames) requestAnimationFrame(step);
      else requestAnimationFrame(() => done({ script: script / frames, elapsed: performance.now() - started }));
    };
    requestAnimationFrame(step);
  });
