'use strict';
// Filters the list of disagreements; without it all of them are shown.
(() => {
  const bar = document.getElementById('filter');
  if (!bar) return;
  const [kind, words, count] = ['kind', 'words', 'count'].map((id) => document.getElementById(id));
  const items = Array.from(document.querySelectorAll('article[data-kind]'));
  const show = () => {
    const wanted = words.value.trim().toLowerCase();
    let shown = 0;
    for (const item of items) {
      const fits = (kind.value === '' || item.dataset.kind === kind.value) &&
        (wanted === '' || item.textContent.toLowerCase().includes(wanted));
      item.hidden = !fits;
      if (fits) shown += 1;
    }
    count.textContent = shown + ' of ' + items.length + ' shown';
  };
  bar.hidden = items.length < 2;
  kind.addEventListener('change', show);
  words.addEventListener('input', show);
  show();
})();
