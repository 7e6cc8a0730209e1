// The look and the script of HTML pages.
//
// Without the script everything can be read: it adds tooltips at once where browsers wait a second,
// buttons in the heads of tables, a field to filter long tables by, and a button for light or dark.
// The page may fetch nothing: its policy (analyzer/document_html.cc) forbids it.
#include "analyzer/html_page.h"

namespace assay {

const char kHtmlStyle[] = R"css(
:root {
  --paper: #ffffff; --sheet: #f6f7f9; --ink: #1c2024; --faint: #5d6670; --line: #d9dde2;
  --link: #0a5fa8; --warning: #b3261e; --bar: #8fbde0; --mark: #fff3c4;
  --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #a2528f;
  --s4: #b8860b; --s5: #3a9bd5; --s6: #7f7f7f; --s7: #8c3b2a;
  color-scheme: light;
}
@media (prefers-color-scheme: dark) {
  :root:not([data-theme=light]) {
    --paper: #15181c; --sheet: #1d2126; --ink: #e6e9ec; --faint: #9aa4ae; --line: #363c44;
    --link: #7cc0ff; --warning: #ff8a80; --bar: #2f628a; --mark: #4d4320;
    --s0: #56a8e8; --s1: #ff8f45; --s2: #35c79b; --s3: #d58fc6;
    --s4: #e0b040; --s5: #8fd0ff; --s6: #a8a8a8; --s7: #d97f6c;
    color-scheme: dark;
  }
}
:root[data-theme=dark] {
  --paper: #15181c; --sheet: #1d2126; --ink: #e6e9ec; --faint: #9aa4ae; --line: #363c44;
  --link: #7cc0ff; --warning: #ff8a80; --bar: #2f628a; --mark: #4d4320;
  --s0: #56a8e8; --s1: #ff8f45; --s2: #35c79b; --s3: #d58fc6;
  --s4: #e0b040; --s5: #8fd0ff; --s6: #a8a8a8; --s7: #d97f6c;
  color-scheme: dark;
}
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; padding: 0 1.25rem 4rem; max-width: 76rem; display: flex;
       flex-direction: column; }
/* The list of contents is written last, when they are known, and shown first. */
nav { order: -1; padding: .9rem 0; border-bottom: 1px solid var(--line); font-size: .9rem; }
nav ul { list-style: none; margin: 0; padding: 0 8rem 0 0; display: flex; flex-wrap: wrap;
         gap: .15rem 1.2rem; }
nav button { position: absolute; top: .75rem; right: max(1.25rem, calc(50vw - 36.75rem)); }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
button, input { font: inherit; color: inherit; background: var(--sheet);
                border: 1px solid var(--line); border-radius: 5px; padding: .2rem .6rem; }
button { cursor: pointer; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 1px; }
main { min-width: 0; }
main > section { margin-top: 1.6rem; }
main > section + section { border-top: 3px double var(--line); padding-top: .6rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .3rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.12rem; margin: 2rem 0 .6rem; overflow-wrap: anywhere; }
.sub { color: var(--faint); margin: .2rem 0 1rem; overflow-wrap: anywhere; }
dl.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .3rem 1.4rem;
           margin: .8rem 0; }
dl.facts dt { color: var(--faint); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.facts .remark { color: var(--faint); margin-left: .6rem; }
ul.tiles { list-style: none; padding: 0; display: grid; gap: .7rem;
           grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr));
           margin: 1rem 0; }
ul.tiles li { background: var(--sheet); border: 1px solid var(--line); border-radius: 8px;
                 padding: .55rem .8rem; display: flex; flex-direction: column; }
ul.tiles .name { color: var(--faint); font-size: .85rem; }
ul.tiles .value { font-size: 1.3rem; font-weight: 600; font-variant-numeric: tabular-nums;
                  overflow-wrap: anywhere; }
ul.tiles .remark { font-size: .8rem; color: var(--faint); overflow-wrap: anywhere; }
.warning { color: var(--warning); }
.tools { display: flex; gap: .8rem; align-items: center; margin: .4rem 0; font-size: .9rem;
         color: var(--faint); }
.tools input { width: min(22rem, 60vw); color: var(--ink); }
.wide { overflow: auto; max-height: 34rem; border: 1px solid var(--line); border-radius: 8px; }
.wide:focus-visible { outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .88rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .6rem; text-align: left; vertical-align: top; unicode-bidi: isolate; }
td { border-top: 1px solid var(--line); white-space: nowrap; }
th { position: sticky; top: 0; background: var(--sheet); font-weight: 600; white-space: nowrap; }
th button { all: unset; cursor: pointer; font: inherit; }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th button::after { content: "\2195"; opacity: .35; margin-left: .3rem; font-size: .8em; }
th[aria-sort=ascending] button::after { content: "\2191"; opacity: 1; }
th[aria-sort=descending] button::after { content: "\2193"; opacity: 1; }
.n { text-align: right; white-space: nowrap; }
.long { min-width: 20rem; max-width: 24rem; white-space: normal; overflow-wrap: break-word; }
tbody tr:hover td { background: var(--sheet); }
tfoot td { font-weight: 600; border-top: 2px solid var(--line); }
tr.faint td { color: var(--faint); }
tr.warning td { color: var(--warning); }
tr.heading td { font-weight: 600; }
.l1 { padding-left: 1.7rem; } .l2 { padding-left: 2.8rem; } .l3 { padding-left: 3.9rem; }
.l4 { padding-left: 5rem; } .l5 { padding-left: 6.1rem; } .l6 { padding-left: 7.2rem; }
td .bar { display: inline-block; height: .75em; background: var(--bar); border-radius: 2px;
          min-width: 1px; }
td.track { width: 30%; min-width: 8rem; }
.cut { display: none; color: var(--faint); font-size: .85rem; }
ul.notes { margin: .4rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
figure { margin: .6rem 0; }
svg.chart { display: block; max-width: 100%; height: auto; }
svg.chart text { fill: var(--faint); font-size: 12px; }
svg.chart .grid { stroke: var(--line); }
svg.chart .axis { stroke: var(--faint); }
svg.chart text.inside { fill: var(--paper); }
.s0 { color: var(--s0); } .s1 { color: var(--s1); } .s2 { color: var(--s2); }
.s3 { color: var(--s3); } .s4 { color: var(--s4); } .s5 { color: var(--s5); }
.s6 { color: var(--s6); } .s7 { color: var(--s7); }
.dot:hover { fill-opacity: 1; stroke: var(--ink); stroke-width: 1.5; }
.bar:hover { fill-opacity: .75; }
rect.hit { fill: var(--ink); }
rect.hit:hover { fill-opacity: .12; }
circle.hit:hover { fill-opacity: 1; }
#tip { position: fixed; z-index: 9; display: none; pointer-events: none; max-width: 30rem;
       background: var(--ink); color: var(--paper); font-size: .85rem; padding: .3rem .55rem;
       border-radius: 5px; white-space: pre-line; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
}
@media print {
  :root, :root[data-theme=dark], :root:not([data-theme=light]) {
    --paper: #fff; --sheet: #f3f3f3; --ink: #000; --faint: #444; --line: #bbb; --link: #000;
    --warning: #900; --bar: #9bb;
    --s0: #0072b2; --s1: #d55e00; --s2: #009e73; --s3: #a2528f;
    --s4: #b8860b; --s5: #3a9bd5; --s6: #7f7f7f; --s7: #8c3b2a;
    color-scheme: light;
  }
  html { font-size: 9.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { display: block; max-width: none; padding: 0; }
  nav, .tools, #tip { display: none !important; }
  .wide { overflow: visible; max-height: none; border: 0; }
  table { font-size: 8pt; }
  th, td, .long { padding: .12rem .3rem; white-space: normal; max-width: 14rem; }
  td, .long { overflow-wrap: anywhere; }
  .long { min-width: 0; }
  .n, .whole { overflow-wrap: normal; }
  td.n { white-space: nowrap; }
  th { position: static; }
  th button::after { content: none !important; }
  tr, figure, ul.tiles li { break-inside: avoid; }
  h2 { break-after: avoid; }
  main > section + section { break-before: page; border: 0; }
  /* Of thousands of rows paper shows the first. */
  table.long tbody tr:nth-child(n+51) { display: none; }
  table.long + .cut { display: block; }
  @page { margin: 14mm; }
}
)css";

const char kHtmlScript[] = R"js(
'use strict';
(() => {
  const make = (name, text) => {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    return element;
  };

  // Tooltips: what browsers show after a while, at once.
  const tip = make('div');
  tip.id = 'tip';
  tip.setAttribute('role', 'tooltip');
  document.body.append(tip);
  for (const title of document.querySelectorAll('svg title')) {
    title.parentNode.dataset.tip = title.textContent;
    title.parentNode.setAttribute('aria-label', title.textContent);
    title.remove();
  }
  const place = (event) => {
    const x = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16;
    const fits = below + tip.offsetHeight < innerHeight;
    tip.style.left = Math.max(x, 4) + 'px';
    tip.style.top = (fits ? below : event.clientY - tip.offsetHeight - 10) + 'px';
  };
  document.addEventListener('pointermove', (event) => {
    const mark = event.target.closest ? event.target.closest('[data-tip]') : null;
    tip.style.display = mark ? 'block' : 'none';
    if (!mark) return;
    tip.textContent = mark.dataset.tip;
    place(event);
  });
  document.addEventListener('pointerleave', () => { tip.style.display = 'none'; });

  // Tables: a click on a column's head sorts by it, a second one the other way round, a third one
  // restores the order of the file. What is not known stays at the end.
  const value = (row, column) => {
    const cell = row.cells[column];
    if (!cell) return null;
    if (cell.dataset.v !== undefined) return cell.dataset.v === '' ? null : Number(cell.dataset.v);
    const text = cell.textContent;
    return text === '' || text === '?' ? null : text;
  };
  const compare = (a, b) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b;
    if (typeof a === 'number') return -1;
    if (typeof b === 'number') return 1;
    return a.localeCompare(b, 'en', {numeric: true});
  };
  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map((row) => ({row, key: value(row, column)}));
    rows.sort((a, b) => {
      if (direction === 'none') return a.row.dataset.at - b.row.dataset.at;
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      return direction === 'ascending' ? compare(a.key, b.key) : compare(b.key, a.key);
    });
    body.append(...rows.map((entry) => entry.row));
  };
  for (const table of document.querySelectorAll('table')) {
    const rows = Array.from(table.tBodies[0].rows);
    if (rows.length < 2) continue;
    rows.forEach((row, i) => { row.dataset.at = i; });
    const heads = Array.from(table.tHead.rows[0].cells);
    heads.forEach((head, column) => {
      const numeric = head.classList.contains('n');
      const order = numeric ? ['descending', 'ascending', 'none'] : ['ascending', 'descending', 'none'];
      const button = make('button', head.textContent);
      button.type = 'button';
      head.replaceChildren(button);
      head.setAttribute('aria-sort', 'none');
      button.addEventListener('click', () => {
        const now = order.indexOf(head.getAttribute('aria-sort'));
        const next = order[(now + 1) % 3];
        for (const other of heads) other.setAttribute('aria-sort', 'none');
        head.setAttribute('aria-sort', next);
        sort(table, column, next);
      });
    });

    // One field for a table that does not fit a screen: every word must be somewhere in the row.
    if (rows.length < 12) continue;
    const tools = make('div');
    tools.className = 'tools';
    const field = make('input');
    field.type = 'search';
    field.placeholder = 'filter rows';
    field.setAttribute('aria-label', 'filter rows of ' + (table.dataset.title || 'the table'));
    const count = make('span', rows.length + ' rows');
    tools.append(field, count);
    table.closest('.wide').before(tools);
    let texts = null;
    field.addEventListener('input', () => {
      texts = texts || rows.map((row) =>
          Array.from(row.cells).map((cell) => cell.textContent).join(' ').toLowerCase());
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      rows.forEach((row, i) => {
        row.hidden = !words.every((word) => texts[i].includes(word));
        shown += !row.hidden;
      });
      count.textContent = words.length ? shown + ' of ' + rows.length + ' rows' : rows.length + ' rows';
    });
  }

  // Light, dark, or as the system says.
  const themes = ['auto', 'light', 'dark'];
  const button = make('button', 'theme: auto');
  button.type = 'button';
  button.id = 'theme';
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(document.documentElement.dataset.theme || 'auto') + 1) % 3];
    document.documentElement.dataset.theme = next;
    button.textContent = 'theme: ' + next;
  });
  document.querySelector('nav').append(button);
})();
)js";

}  // namespace assay
