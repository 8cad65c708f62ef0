/* Adds to the page what needs a script: the page can be read whole without it. */
(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  /* Contents: folded on small screens. */
  var nav = document.querySelector("nav");
  var contents = nav.querySelector("details");
  var small = window.matchMedia("(max-width: 60rem)");
  function fold() { contents.open = !small.matches; }
  fold();
  small.addEventListener("change", fold);
  contents.addEventListener("click", function (event) {
    if (small.matches && event.target.closest("a")) { contents.open = false; }
  });

  /* Contents: the section that is being read is marked. */
  var places = all('a[href^="#"]', nav).map(function (link) {
    return { link: link, target: document.getElementById(link.getAttribute("href").slice(1)) };
  }).filter(function (place) { return place.target; });
  var current = null;
  function mark() {
    waiting = false;
    var found = places[0];
    places.forEach(function (place) {
      if (place.target.getBoundingClientRect().top <= 96) { found = place; }
    });
    if (!found || found === current) { return; }
    if (current) { current.link.removeAttribute("aria-current"); }
    current = found;
    current.link.setAttribute("aria-current", "location");
    var frame = nav.getBoundingClientRect();
    var box = current.link.getBoundingClientRect();
    if (!small.matches && (box.top < frame.top + 40 || box.bottom > frame.bottom - 40)) {
      nav.scrollTop += box.top - frame.top - frame.height / 3;
    }
  }
  var waiting = false;
  window.addEventListener("scroll", function () {
    if (!waiting) { waiting = true; window.requestAnimationFrame(mark); }
  }, { passive: true });

  /* Counts, percentages or both. */
  var choice = document.querySelector(".switch");
  function show(kind) {
    root.setAttribute("data-show", kind);
    all("table.both th[data-both]").forEach(function (head) {
      var span = Number(head.getAttribute("data-" + kind));
      head.hidden = span === 0;
      if (span) { head.colSpan = span; }
    });
    reach();
  }
  if (choice) {
    choice.hidden = false;
    choice.addEventListener("change", function (event) { show(event.target.value); });
    var chosen = choice.querySelector("input:checked");
    if (chosen && chosen.value !== "both") { show(chosen.value); }
  }

  /* Sorting: numbers as numbers, what is absent last, each block by itself. */
  function number(cell) {
    var shown = cell && cell.querySelector(".v");
    if (!shown) { return null; }
    var text = shown.textContent.replace(/\u2212/g, "-").replace(/,/g, "");
    var found = text.match(/-?\d+(\.\d+)?(e[-+]?\d+)?/);
    if (!found) { return null; }
    var value = parseFloat(found[0]);
    if (text.indexOf("<") >= 0) { value -= 1e-9; }
    if (text.indexOf(">") >= 0) { value += 1e-9; }
    return value;
  }
  function rows(body) {
    return all("tr", body).filter(function (row) { return !row.classList.contains("block"); });
  }
  function sort(table, head, place) {
    var state = head.getAttribute("aria-sort");
    var next = state === "descending" ? "ascending" : state === "ascending" ? "none" : "descending";
    all("th[aria-sort]", table).forEach(function (other) { other.setAttribute("aria-sort", "none"); });
    head.setAttribute("aria-sort", next);
    all("tbody", table).forEach(function (body) {
      var keyed = rows(body).map(function (row) {
        return { row: row, first: Number(row.dataset.place), value: number(row.cells[place]) };
      });
      keyed.sort(function (a, b) {
        if (next !== "none" && a.value !== b.value) {
          if (a.value === null) { return 1; }
          if (b.value === null) { return -1; }
          return next === "ascending" ? a.value - b.value : b.value - a.value;
        }
        return a.first - b.first;
      });
      keyed.forEach(function (entry) { body.appendChild(entry.row); });
    });
  }
  function sortable(table) {
    var bodies = all("tbody", table).map(rows);
    if (!bodies.some(function (body) { return body.length > 1; })) { return; }
    bodies.forEach(function (body) {
      body.forEach(function (row, place) { row.dataset.place = String(place); });
    });
    all("th[data-column]", table).forEach(function (head) {
      var button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      while (head.firstChild) { button.appendChild(head.firstChild); }
      head.appendChild(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", function () {
        sort(table, head, Number(head.getAttribute("data-column")));
      });
    });
  }
  all("table.data").forEach(sortable);

  /* What scrolls sideways can be reached by keyboard; what does not is no stop on the way. */
  function reach() {
    var wide = all(".scroll").map(function (box) {
      return [box, box.scrollWidth > box.clientWidth + 1];
    });
    wide.forEach(function (entry) {
      if (entry[1]) { entry[0].tabIndex = 0; } else { entry[0].removeAttribute("tabindex"); }
    });
  }
  reach();
  mark();
  window.addEventListener("resize", reach);
  document.addEventListener("toggle", reach, true);

  /* On paper nothing can be opened: short details are, long tables stay files. */
  var opened = [];
  window.addEventListener("beforeprint", function () {
    opened = all("details:not([open]):not(.long)");
    opened.forEach(function (part) { part.open = true; });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (part) { part.open = false; });
    fold();
  });
})();
