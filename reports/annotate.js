"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const NAMES = {
    input: "Request", context: "Documents", transcript: "What was said and done", expected: "Expected",
    output: "Output", first: "a, the first", second: "b, the second",
  };
  const JUDGED = ["output", "first", "second"];
  // Cards that are to be shown, the shown one first; what was done and is not saved yet.
  let cards = [];
  let choices = [];
  let total = 0, done = 0, skipped = 0;
  let waiting = [];
  // What was written, or answered, and not saved: it stands there again when its card does.
  const drafts = new Map();
  let sending = false;
  let since = 0;
  let ended = false;
  let criteria = "";

  const node = (name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    return made;
  };

  const block = ({ name, text }) => {
    const part = node("div", undefined, JUDGED.includes(name) ? "text judged" : "text");
    part.append(node("h2", NAMES[name] || name));
    const shown = node("pre", text);
    shown.tabIndex = 0;
    shown.setAttribute("aria-label", NAMES[name] || name);
    part.append(shown);
    return part;
  };

  const say = (words, kind) => {
    $("saved").textContent = words;
    $("saved").className = kind || "";
  };

  const problem = (words) => {
    $("problem").textContent = words;
    $("problem").hidden = !words;
  };

  // Shows the first card, with what was said of it before it was taken back.
  const show = (previous) => {
    const card = cards[0];
    const left = total - done - skipped;
    $("bar").value = total ? done / total : 1;
    $("count").textContent = `${done} of ${total}` + (skipped ? `, ${skipped} skipped` : "");
    $("card").hidden = $("bottom").hidden = !card;
    $("end").hidden = !!card || waiting.length > 0;
    if (!card) {
      $("over").textContent = skipped ? `Done but for ${skipped} that you skipped.` : "All done. Thank you.";
      $("rest").textContent = left > 0 ? `${left} were left out.` : `${done} labels are saved.`;
      return;
    }
    $("texts").replaceChildren();
    const pair = node("div", undefined, "pair");
    for (const text of card.texts) {
      (text.name === "first" || text.name === "second" ? pair : $("texts")).append(block(text));
    }
    if (pair.childElementCount) $("texts").append(pair);
    $("voices").hidden = !card.voices.length;
    $("voices").replaceChildren(node("h2", "What annotators said"));
    for (const voice of card.voices) {
      const line = node("p");
      line.append(node("strong", voice.word), voice.critique ? `: ${voice.critique}` : "");
      $("voices").append(line);
    }
    const before = previous || drafts.get(card.token);
    $("critique").value = before ? before.critique : "";
    for (const button of $("choices").children) {
      button.classList.toggle("was", !!before && button.dataset.word === before.word);
    }
    $("flag").setAttribute("aria-pressed", String(card.flagged));
    document.querySelector("main").scrollTop = 0;
    since = performance.now();
  };

  const ask = async (path, body) => {
    const how = body === undefined ? {} : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    };
    const answer = await fetch(path, how);
    const said = await answer.json().catch(() => ({ error: `${answer.status}` }));
    if (!answer.ok) throw Object.assign(new Error(said.error || `${answer.status}`), { status: answer.status });
    return said;
  };

  const take = (said, isFirst) => {
    ({ done, skipped, total } = said);
    // What is waiting to be saved is not to be shown again.
    const gone = new Set(waiting.filter((one) => one.path !== "flag").map((one) => one.body.token));
    const fresh = said.cards.filter((card) => !gone.has(card.token));
    const now = cards[0];
    const keeps = !isFirst && now && fresh.some((card) => card.token === now.token);
    cards = keeps ? [now, ...fresh.filter((card) => card.token !== now.token)] : fresh;
    return keeps;
  };

  // Sends what was done, one thing after the other. Only what is acknowledged is called saved.
  const send = async () => {
    if (sending) return;
    sending = true;
    while (waiting.length) {
      say("saving", "pending");
      const { path, body } = waiting[0];
      try {
        const said = await ask(path, body);
        waiting.shift();
        if (path === "answer") drafts.delete(body.token);
        problem("");
        const kept = take(said);
        if (kept) {
          $("bar").value = total ? done / total : 1;
          $("count").textContent = `${done} of ${total}` + (skipped ? `, ${skipped} skipped` : "");
        } else {
          show();
        }
        say(waiting.length ? "saving" : "saved", waiting.length ? "pending" : "");
      } catch (error) {
        say("not saved", "bad");
        problem(error.status
          ? `${error.message}`
          : "The last answers are not saved: evenhand does not answer. If it was stopped, start it again and open the new address; everything called saved is there.");
        sending = false;
        if (error.status) {
          // It was refused: back to what stands.
          for (const one of waiting) {
            if (one.path === "answer") drafts.set(one.body.token, { word: one.body.answer, critique: one.body.critique });
          }
          waiting = [];
          await load();
        } else {
          setTimeout(send, 2000);
        }
        return;
      }
    }
    sending = false;
  };

  const put = (path, body) => {
    waiting.push({ path, body });
    send();
  };

  const next = (path, more) => {
    const card = cards.shift();
    if (!card) return;
    const seconds = Math.round(performance.now() - since) / 1000;
    put(path, { token: card.token, ...more(seconds) });
    $("critique").blur();
    show();
  };

  const answer = (word) => {
    const critique = $("critique").value;
    next("answer", (seconds) => ({ answer: word, critique, seconds }));
  };

  const undo = async () => {
    if (waiting.length || sending) return;
    try {
      const said = await ask("undo", {});
      cards = [];
      take(said, true);
      say(said.previous ? "undone" : "nothing to undo");
      show(said.previous);
    } catch (error) {
      say("not saved", "bad");
      problem(error.message);
    }
  };

  const quit = async () => {
    if (waiting.length || ended) return;
    ended = true;
    await ask("quit", {}).catch(() => {});
    cards = [];
    $("card").hidden = $("bottom").hidden = true;
    $("end").hidden = false;
    $("over").textContent = "Saved. You can close this page.";
    $("rest").textContent = `${done} of ${total} are labelled.` + (done < total ? " The same command goes on where you stopped." : "");
    for (const button of $("end").querySelectorAll("button")) button.hidden = true;
    say("ended");
  };

  const DO = {
    skip: () => {
      const critique = $("critique").value;
      if (cards.length && critique) drafts.set(cards[0].token, { word: "", critique });
      next("skip", () => ({}));
    },
    undo,
    quit,
    critique: () => $("critique").focus(),
    flag: () => {
      const card = cards[0];
      if (!card) return;
      card.flagged = !card.flagged;
      $("flag").setAttribute("aria-pressed", String(card.flagged));
      put("flag", { token: card.token, flagged: card.flagged });
    },
    rubric: () => ($("rubric").open ? $("rubric").close() : $("rubric").showModal()),
  };
  const KEYS = { " ": "skip", u: "undo", c: "critique", f: "flag", "?": "rubric", q: "quit" };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button || ended) return;
    if (button.dataset.word !== undefined) answer(button.dataset.word);
    else if (DO[button.dataset.do]) DO[button.dataset.do]();
    button.blur();
  });

  document.addEventListener("keydown", (event) => {
    if (ended || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.id === "critique") {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if ($("rubric").open && event.key !== "?") return;
    // A key that is held down is one answer.
    if (event.repeat) return;
    // Space on a button that the keyboard went to presses it.
    if (event.key === " " && event.target.closest("button")) return;
    const choice = choices.find((one) => one.key === event.key);
    if (choice && cards.length) answer(choice.word);
    else if (KEYS[event.key]) DO[KEYS[event.key]]();
    else return;
    event.preventDefault();
  });

  window.addEventListener("beforeunload", (event) => {
    if (waiting.length) event.preventDefault();
  });

  const load = async () => {
    try {
      const said = await ask("state");
      choices = said.choices;
      criteria = said.criteria;
      $("annotator").textContent = said.annotator;
      $("mode").textContent = said.adjudicates ? "decides what others differ on" : "labels";
      $("asks").textContent = said.asks;
      if (criteria) {
        const hint = node("span", undefined, "hint");
        hint.append(" ", node("kbd", "?"), " shows the rubric");
        $("asks").append(hint);
      }
      $("criteria").textContent = criteria || "There is no rubric: the question is all there is.";
      $("choices").replaceChildren(...choices.map((choice) => {
        const button = node("button");
        button.type = "button";
        button.dataset.word = choice.word;
        if (choice.key && choice.key !== choice.word) button.append(node("kbd", choice.key), " ");
        button.append(choice.word);
        if (choice.meaning) button.append(node("small", choice.meaning));
        return button;
      }));
      cards = [];
      take(said, true);
      if (!$("problem").textContent) say("ready");
      show();
    } catch (error) {
      say("not loaded", "bad");
      problem(error.message);
    }
  };
  load();
})();
