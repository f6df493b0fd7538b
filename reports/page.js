'use strict';
(() => {
  const island = document.getElementById('data');
  if (!island || !document.getElementById('cases-app')) return;
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse(island.textContent);
  const served = Boolean(data.served);
  const ROW = 30;

  // Every text goes into the page as text: nothing here ever reads one as markup.
  const make = (tag, className, text) => {
    const node = document.createElement(tag);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const clear = (node) => { while (node.firstChild) node.removeChild(node.firstChild); };
  const ask = (path) => fetch(path, { credentials: 'same-origin' }).then(
    (answer) => answer.ok ? answer.json() : answer.text().then((why) => { throw new Error(why.trim() || path + ': ' + answer.status); }),
    () => { throw new Error('evenhand does not answer. If it was ended, start it again and open the new address.'); },
  );

  const KINDS = [
    ['all', 'all', () => true],
    ['flipped', 'flipped', (one) => one.flip > 0],
    ['gained', 'gained', (one) => one.flip === 1 || one.flip === 3],
    ['lost', 'lost', (one) => one.flip === 2 || one.flip === 3],
    ['failed', 'failed', (one) => /[nf]/.test(one.outcome)],
    ['errored', 'errored', (one) => one.outcome.includes('e')],
    ['unscored', 'unscored', (one) => one.outcome.includes('u')],
    ['stopped', 'not run', (one) => one.outcome.includes('x')],
  ];
  const WORDS = {
    s: ['success', 'good'], n: ['no success', 'bad'], f: ['agent failed', 'bad'], e: ['errored', 'warn'],
    u: ['unscored', 'warn'], a: ['answered', ''], x: ['not run', 'warn'],
  };
  const FLIPS = ['', 'gained', 'lost', 'both ways'];

  let index; // what the list refers to
  let all = []; // every case
  let shown = []; // those that the filters leave
  let at = 0; // the selected one of these
  let open = null; // the case that is open
  let kind = 'all';
  const list = $('list');
  const room = list.firstElementChild;
  const search = $('search');
  const tag = $('tag');
  const scorer = $('scorer');
  const panel = $('case');

  function begin(found) {
    index = found;
    all = index.cases.map((row, nth) => ({
      nth, id: row[0], tags: row[1], asks: row[2], sides: row[3], marks: row[4], flip: row[5], place: row[6],
      outcome: row[3].join(' '),
      text: (row[0] + '\n' + row[1].map((one) => index.tags[one]).join('\n') + '\n' + row[2]).toLowerCase(),
    }));
    const options = (node, names) => names.forEach((name, nth) => {
      const option = make('option', '', name);
      option.value = String(nth);
      node.appendChild(option);
    });
    options(tag, index.tags);
    options(scorer, index.scorers);
    const kinds = $('kinds');
    for (const [name, label, test] of KINDS) {
      const count = all.filter(test).length;
      if (!count && name !== 'all') continue;
      const button = make('button', '', label + ' ' + count);
      button.type = 'button';
      button.dataset.kind = name;
      button.addEventListener('click', () => { kind = name; filter(); save(); });
      kinds.appendChild(button);
    }
    const columns = $('columns');
    columns.appendChild(make('span', 'id', 'case'));
    for (const side of index.sides) columns.appendChild(make('bdi', 'side', side));
    columns.appendChild(make('span', 'flip', index.sides.length > 1 ? 'changed' : ''));
    columns.appendChild(make('span', 'tags', 'tags and question'));
    $('cases-app').hidden = false;
    follow();
  }

  // --- which cases are listed

  function filter() {
    const wanted = search.value.trim().toLowerCase();
    const test = (KINDS.find(([name]) => name === kind) || KINDS[0])[2];
    const inTag = tag.value === '' ? -1 : Number(tag.value);
    const by = scorer.value === '' ? -1 : Number(scorer.value);
    const width = index.scorers.length;
    const was = shown[at];
    shown = all.filter((one) => {
      if (inTag >= 0 && !one.tags.includes(inTag)) return false;
      if (wanted && !one.text.includes(wanted)) return false;
      if (by >= 0) {
        let hit = false;
        for (let n = by; n < one.marks.length && !hit; n += width) hit = one.marks[n] === 'f' || one.marks[n] === 'u';
        if (!hit) return false;
      }
      return test(one);
    });
    at = Math.max(0, shown.indexOf(was));
    for (const button of $('kinds').children) button.setAttribute('aria-pressed', String(button.dataset.kind === kind));
    const many = (count) => count + (count === 1 ? ' case' : ' cases');
    $('count').textContent = (shown.length === all.length ? many(all.length) : many(shown.length) + ' of ' + all.length)
      + (by >= 0 ? ' in which this scorer fails or is unscored' : '');
    room.style.height = shown.length * ROW + 'px';
    list.style.height = Math.min(416, Math.max(1, shown.length) * ROW + 2) + 'px';
    list.scrollTop = 0;
    reveal();
  }

  function words(letters) {
    if (letters.length === 0) return ['none', ''];
    if (letters.length === 1) return WORDS[letters] || [letters, ''];
    const count = (letter) => letters.split(letter).length - 1;
    const parts = [count('s') + '/' + letters.length + ' success'];
    for (const letter of 'feux') if (count(letter)) parts.push(count(letter) + ' ' + WORDS[letter][0]);
    return [parts.join(', '), count('s') === letters.length ? 'good' : count('n') + count('f') ? 'bad' : 'warn'];
  }

  // Only the rows in sight are in the page.
  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 8);
    const last = Math.min(shown.length, first + Math.ceil((list.clientHeight || 420) / ROW) + 16);
    clear(room);
    for (let n = first; n < last; n++) {
      const one = shown[n];
      const row = make('div', 'row');
      row.id = 'row-' + n;
      row.style.top = n * ROW + 'px';
      row.setAttribute('role', 'option');
      row.setAttribute('aria-selected', String(n === at));
      row.setAttribute('aria-posinset', String(n + 1));
      row.setAttribute('aria-setsize', String(shown.length));
      row.appendChild(make('span', 'id', one.id));
      for (const side of one.sides) {
        const [word, tone] = words(side);
        row.appendChild(make('span', 'side ' + tone, word));
      }
      row.appendChild(make('span', 'flip', FLIPS[one.flip]));
      row.appendChild(make('span', 'tags', one.tags.map((of) => index.tags[of]).concat(one.asks || []).join(' · ')));
      row.addEventListener('click', () => { at = n; show(one); });
      room.appendChild(row);
    }
    if (shown.length) list.setAttribute('aria-activedescendant', 'row-' + at);
    else list.removeAttribute('aria-activedescendant');
  }

  function reveal() {
    const top = at * ROW;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
    draw();
  }

  function move(by) {
    if (!shown.length) return;
    at = Math.min(shown.length - 1, Math.max(0, at + by));
    reveal();
    if (open) show(shown[at]);
    // From here on enter is for the list, also where a filter was just clicked.
    else list.focus({ preventScroll: true });
  }

  // --- one case

  function show(one) {
    open = one;
    const place = shown.indexOf(one);
    if (place >= 0) { at = place; reveal(); }
    save();
    const detail = served ? ask('case/' + one.place + '.json') : Promise.resolve(data.details[one.nth]);
    return detail.then((found) => { if (open === one) put(one, found); }, (fault) => { if (open === one) put(one, null, fault); });
  }

  function put(one, found, fault) {
    clear(panel);
    const title = make('h3', '');
    title.id = 'case-title';
    title.appendChild(make('bdi', '', one.id));
    panel.appendChild(title);
    const bar = make('div', 'bar note');
    bar.appendChild(make('bdi', '', one.tags.map((of) => index.tags[of]).join(', ')));
    if (one.flip) bar.appendChild(make('span', 'word', FLIPS[one.flip]));
    for (const [label, act] of [['previous (k)', () => move(-1)], ['next (j)', () => move(1)], ['back (esc)', close]]) {
      const button = make('button', '', label);
      button.type = 'button';
      button.addEventListener('click', act);
      bar.appendChild(button);
    }
    panel.appendChild(bar);
    if (!found) {
      panel.appendChild(make('p', 'warn', fault ? String(fault.message || fault) : 'The texts of this case did not fit into this file.'));
    } else {
      for (const text of found.asked) block(panel, text);
      const sides = make('div', 'sides');
      found.sides.forEach((trials, nth) => trials.forEach((trial, repeat) => {
        const name = index.sides[nth] + (trials.length > 1 ? ', repeat ' + (repeat + 1) + ' of ' + trials.length : '');
        sides.appendChild(side(name, trial));
      }));
      panel.appendChild(differ(found));
      panel.appendChild(sides);
      if (found.command) {
        const hint = make('p', 'note', 'on the command line ');
        hint.appendChild(make('code', '', found.command));
        panel.appendChild(hint);
      }
    }
    panel.hidden = false;
    panel.focus({ preventScroll: true });
    panel.scrollIntoView({ block: 'start' });
  }

  function block(into, text) {
    if (text.label) into.appendChild(make('h5', '', text.label));
    const body = make('div', 'text', text.text || '(empty)');
    if (!text.text) body.classList.add('muted');
    body.tabIndex = -1;
    into.appendChild(body);
    if (text.more) into.appendChild(make('p', 'note', '… ' + text.more + ' more characters are left out here'));
    return body;
  }

  function side(name, trial) {
    const node = make('section', 'side-by');
    const title = make('h4', '');
    title.appendChild(make('bdi', '', name + ': '));
    title.appendChild(make('span', 'word ' + trial.tone, trial.word));
    node.appendChild(title);
    if (trial.why) node.appendChild(make('p', 'text', trial.why));
    for (const text of trial.texts) block(node, text);
    if (trial.more) node.appendChild(make('p', 'note', trial.more + ' more steps are left out here'));
    if (trial.scores.length) node.appendChild(make('h5', '', 'scores'));
    for (const score of trial.scores) {
      const box = make('div', 'score');
      const line = make('p', '');
      line.appendChild(make('span', 'word ' + score.tone, score.word));
      line.appendChild(document.createTextNode(' '));
      line.appendChild(make('bdi', '', score.scorer));
      if (score.people) line.appendChild(make('bdi', 'note', ' · people say ' + score.people));
      box.appendChild(line);
      for (const critique of score.critiques || []) block(box, critique);
      if (score.reason) block(box, score.reason);
      for (const said of score.said || []) block(box, said);
      if (score.who) box.appendChild(make('p', 'note', score.who));
      node.appendChild(box);
    }
    if (trial.facts.length) {
      const facts = make('dl', 'entries note');
      for (const [label, text] of trial.facts) {
        facts.appendChild(make('dt', '', label));
        const said = make('dd', '');
        said.appendChild(make('bdi', '', text));
        facts.appendChild(said);
      }
      node.appendChild(facts);
    }
    return node;
  }

  // --- the answers of two sides, word by word

  const MOST_WORDS = 1500;

  function differ(found) {
    const node = make('div', 'diff');
    const replies = found.sides.map((trials) => trials.length ? trials[0].texts.find((text) => text.reply) : undefined);
    const base = index.base;
    if (!replies[base]) return node;
    const several = found.sides.some((trials) => trials.length > 1);
    for (let n = 0; n < replies.length; n++) {
      if (n === base || !replies[n]) continue;
      const title = make('h5', '');
      title.appendChild(make('bdi', '', index.sides[n]));
      title.appendChild(document.createTextNode(' against '));
      title.appendChild(make('bdi', '', index.sides[base]));
      title.appendChild(document.createTextNode(several ? ', first repeats' : ''));
      const box = make('div', 'text');
      const pieces = compare(replies[base].text, replies[n].text);
      if (replies[base].text === replies[n].text) box.textContent = 'the same answer, word for word';
      else if (!pieces) box.textContent = 'too long, or too different, to be shown word by word';
      else for (const [how, text] of pieces) box.appendChild(how ? make(how, '', text) : document.createTextNode(text));
      node.appendChild(title);
      node.appendChild(box);
    }
    return node;
  }

  // The longest common run of words; nothing where that would take too long.
  function compare(before, after) {
    const split = (text) => text.match(/\S+\s*|\s+/g) || [];
    let a = split(before);
    let b = split(after);
    const head = [];
    const tail = [];
    while (a.length && b.length && a[0] === b[0]) { head.push(a.shift()); b.shift(); }
    while (a.length && b.length && a[a.length - 1] === b[b.length - 1]) { tail.unshift(a.pop()); b.pop(); }
    if (a.length > MOST_WORDS || b.length > MOST_WORDS) return null;
    const wide = b.length + 1;
    const best = new Uint16Array((a.length + 1) * wide);
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        best[i * wide + j] = a[i] === b[j] ? best[(i + 1) * wide + j + 1] + 1
          : Math.max(best[(i + 1) * wide + j], best[i * wide + j + 1]);
      }
    }
    const pieces = [];
    const add = (how, text) => {
      const last = pieces[pieces.length - 1];
      if (last && last[0] === how) last[1] += text;
      else pieces.push([how, text]);
    };
    for (const word of head) add('', word);
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) { add('', a[i]); i++; j++; }
      else if (i < a.length && (j >= b.length || best[(i + 1) * wide + j] >= best[i * wide + j + 1])) add('del', a[i++]);
      else add('ins', b[j++]);
    }
    for (const word of tail) add('', word);
    return pieces;
  }

  function close() {
    open = null;
    panel.hidden = true;
    clear(panel);
    save();
    list.focus();
  }

  // --- the address: the open case and the filters

  function save() {
    const parts = [];
    const add = (name, value) => { if (value) parts.push(name + '=' + encodeURIComponent(value)); };
    add('case', open ? open.id : '');
    add('show', kind === 'all' ? '' : kind);
    add('q', search.value);
    add('tag', tag.value === '' ? '' : index.tags[Number(tag.value)]);
    add('scorer', scorer.value === '' ? '' : index.scorers[Number(scorer.value)]);
    const fragment = parts.length ? '#' + parts.join('&') : '#cases';
    if (location.hash !== fragment) history.replaceState(null, '', fragment);
  }

  function follow() {
    const wanted = {};
    for (const part of location.hash.slice(1).split('&')) {
      const cut = part.indexOf('=');
      if (cut < 0) continue;
      try { wanted[part.slice(0, cut)] = decodeURIComponent(part.slice(cut + 1)); } catch (fault) { /* no address of ours */ }
    }
    const known = (value, names) => { const found = names.indexOf(value); return found < 0 ? '' : String(found); };
    kind = KINDS.some(([name]) => name === wanted.show) ? wanted.show : 'all';
    search.value = wanted.q || '';
    tag.value = known(wanted.tag, index.tags);
    scorer.value = known(wanted.scorer, index.scorers);
    filter();
    if (wanted.case === undefined) return;
    const one = all.find((known) => known.id === wanted.case);
    if (one) {
      if (!shown.includes(one)) { kind = 'all'; search.value = ''; tag.value = ''; scorer.value = ''; filter(); }
      show(one);
    } else {
      open = null;
      clear(panel);
      const title = make('h3', '');
      title.id = 'case-title';
      title.appendChild(make('bdi', '', wanted.case));
      panel.appendChild(title);
      panel.appendChild(make('p', 'warn', 'There is no such case in this list.'));
      panel.hidden = false;
    }
  }

  // --- keys

  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === 'Escape') {
      if (typing && event.target === search && search.value) { search.value = ''; filter(); save(); }
      else if (open || !panel.hidden) close();
      else if (typing) list.focus();
      else return;
    } else if (typing) {
      if (event.key !== 'Enter' || event.target !== search || !shown.length) return;
      show(shown[at]);
    } else if (event.key === 'j' || (event.key === 'ArrowDown' && event.target === list)) move(1);
    else if (event.key === 'k' || (event.key === 'ArrowUp' && event.target === list)) move(-1);
    else if (event.key === 'Home' && event.target === list) move(-shown.length);
    else if (event.key === 'End' && event.target === list) move(shown.length);
    else if (event.key === 'Enter' && (event.target === list || event.target === document.body)) { if (!shown.length) return; show(shown[at]); }
    else if (event.key === '/') { search.focus(); search.select(); }
    else return;
    event.preventDefault();
  });
  search.addEventListener('input', () => { at = 0; filter(); save(); });
  tag.addEventListener('change', () => { filter(); save(); });
  scorer.addEventListener('change', () => { filter(); save(); });
  list.addEventListener('scroll', draw, { passive: true });
  window.addEventListener('hashchange', () => { if (/(^#|&)(case|show|q|tag|scorer)=/.test(location.hash)) follow(); });
  window.addEventListener('resize', draw);

  // Paper cannot be opened: the lists of cases that changed sides are printed whole.
  let closed = [];
  window.addEventListener('beforeprint', () => {
    closed = Array.from(document.querySelectorAll('details:not([open])'));
    for (const one of closed) one.open = true;
  });
  window.addEventListener('afterprint', () => { for (const one of closed) one.open = false; });

  // --- a run that is going on: the page is loaded again when there is more to show, unless somebody reads a case

  function follows() {
    const note = make('p', 'note');
    note.id = 'live';
    note.setAttribute('role', 'status');
    const say = (text) => { clear(note); note.textContent = text; };
    document.querySelector('header').appendChild(note);
    say('The run is going on; this page follows it.');
    const look = () => setTimeout(() => ask('state.json').then((state) => {
      if (state.stamp === data.stamp) look();
      else if (panel.hidden && document.activeElement !== search) location.reload();
      else {
        say(state.running ? 'The run has gone on. ' : 'The run has ended. ');
        const button = make('button', '', 'show what has come since');
        button.type = 'button';
        button.addEventListener('click', () => location.reload());
        note.appendChild(button);
      }
    }, () => say('Nobody answers any more: the figures are those of the last look.')), 2000);
    look();
  }

  if (data.stamp) follows();
  if (served) ask('cases.json').then(begin, (fault) => { $('cases-said').textContent = String(fault.message || fault); });
  else begin(data.index);
})();
