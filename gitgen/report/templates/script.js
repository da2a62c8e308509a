
"use strict";
(() => {
  const root = document.documentElement;
  const THEMES = ["auto", "light", "dark"], KEPT = "gitgen-report-theme";
  let theme = "auto";
  // A page that is opened from disk may have no storage.
  try { theme = localStorage.getItem(KEPT) || theme; } catch {}
  root.classList.add("js");
  root.dataset.theme = theme;

  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = id => document.getElementById(id);

  function themes() {
    const button = one("theme");
    const tell = () => { button.textContent = `Theme: ${root.dataset.theme}`; };
    button.addEventListener("click", () => {
      root.dataset.theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
      try { localStorage.setItem(KEPT, root.dataset.theme); } catch {}
      tell();
    });
    tell();
  }

  function filters(entries) {
    const search = one("search"), boxes = all(".tools input[name=status]"), lists = all(".tools select");
    const texts = new Map();
    const textOf = entry => {
      if (!texts.has(entry)) texts.set(entry, `${entry.dataset.oid} ${entry.textContent}`.toLowerCase());
      return texts.get(entry);
    };
    const matches = (entry, words, off) =>
      !off.has(entry.dataset.status) &&
      lists.every(list => !list.value || entry.dataset[list.name] === list.value) &&
      words.every(word => textOf(entry).includes(word));
    const apply = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const off = new Set(boxes.filter(box => !box.checked).map(box => box.value));
      let shown = 0;
      for (const entry of entries) {
        entry.hidden = !matches(entry, words, off);
        shown += !entry.hidden;
      }
      for (const day of all(".day")) day.hidden = !day.querySelector(".entry:not([hidden])");
      one("none").hidden = shown > 0;
      one("count").textContent = shown === entries.length ? "" : `${shown} of ${entries.length}`;
    };
    const clear = () => {
      search.value = "";
      for (const box of boxes) box.checked = true;
      for (const list of lists) list.value = "";
      apply();
    };
    for (const control of [search, ...boxes, ...lists]) control.addEventListener("input", apply);
    one("clear").addEventListener("click", clear);
    // A browser that comes back to the page may have kept what was chosen.
    apply();
    return clear;
  }

  function folds(entries) {
    const button = one("fold"), shown = () => entries.filter(entry => !entry.hidden).map(entry => entry.firstElementChild);
    const unfolds = () => shown().some(details => !details.open);
    const tell = () => { button.textContent = unfolds() ? "Unfold all" : "Fold all"; };
    button.addEventListener("click", () => {
      const open = unfolds();
      for (const details of shown()) details.open = open;
      tell();
    });
    document.addEventListener("toggle", tell, true);
    tell();
  }

  function links(entries, clear) {
    const follow = () => {
      const name = decodeURIComponent(location.hash.slice(1));
      if (!name) return;
      const target = one(name) || (/^[0-9a-f]{7,}$/.test(name) && entries.find(entry => entry.dataset.oid.startsWith(name)));
      if (!target) return;
      const entry = target.closest(".entry");
      if (entry && entry.hidden) clear();
      if (entry) entry.firstElementChild.open = true;
      for (let at = target; at; at = at.parentElement) if (at.localName === "details") at.open = true;
      target.scrollIntoView();
    };
    addEventListener("hashchange", follow);
    follow();
  }

  function keys(entries) {
    addEventListener("keydown", event => {
      if (event.ctrlKey || event.metaKey || event.altKey || /^(input|select|textarea)$/.test(event.target.localName)) return;
      if (event.key === "/") {
        event.preventDefault();
        one("search").focus();
      } else if (event.key === "j" || event.key === "k") {
        const shown = entries.filter(entry => !entry.hidden);
        const here = shown.findIndex(entry => entry.contains(document.activeElement));
        const next = shown[here < 0 ? 0 : here + (event.key === "j" ? 1 : -1)];
        if (next) next.querySelector("summary").focus();
      }
    });
  }

  function printing() {
    let folded = [];
    addEventListener("beforeprint", () => {
      folded = all("details:not([open])").filter(details => !details.closest("[hidden], .opening"));
      for (const details of folded) details.open = true;
    });
    addEventListener("afterprint", () => {
      for (const details of folded) details.open = false;
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const entries = all(".entry");
    themes();
    printing();
    if (!entries.length) return;
    const clear = filters(entries);
    folds(entries);
    links(entries, clear);
    keys(entries);
  });
})();
