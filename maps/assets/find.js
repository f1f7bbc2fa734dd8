/* For the map in one file: finds municipalities and areas by what a reader types, goes there and tells of them.
   Texts are compared as maps/search.py compares them; tests/browser holds the two against each other. */
(function () {
  "use strict";

  var MOST = 10, LONGEST = 200, CLOSEST = 13;
  var APART = /[\s\x00-\x1f!-\/:-@\[-`{-~]+/g, SPACE = /[\s\x00-\x1f]+/g;
  var kept = []; /* layers whose shapes can be found, in the order in which they are drawn */

  /* Lower case, words apart by one space, æ ø å as ae oe aa, no other accents; what is nothing but signs keeps them. */
  function folded(text) {
    var plain = text.slice(0, LONGEST).toLowerCase();
    if (/[^\x00-\x7f]/.test(plain)) {
      plain = plain.normalize("NFKC").toLowerCase().replace(/æ/g, "ae").replace(/ø/g, "oe").replace(/å/g, "aa")
        .normalize("NFKD").replace(/\p{Mn}+/gu, "");
    }
    return plain.replace(APART, " ").trim() || plain.replace(SPACE, " ").trim();
  }

  function keep(options) { kept.push(options); }

  /* One entry for each municipality, by name (each language's is a name), and behind them one for each area, by rank. */
  function entries(words) {
    var towns = {}, areas = {};
    kept.forEach(function (options) {
      options.data.features.forEach(function (feature) {
        var about = feature.properties, found;
        if (about.m) {
          found = towns[about.m[0]] = { name: about.m[1], also: words.municipality, names: [about.m[1], about.m[0]].concat(about.m[1].split(" - ")) };
        } else if (about.i) {
          found = areas[about.i[0]] = areas[about.i[0]] || {};
          found.name = about.t[0];
          found.also = about.t[about.t.length - 2]; /* rank, decision and certainty */
          found.rank = about.n;
          found.town = about.i[1];
          found.names = [about.t[0], about.i[0]];
          found.about = about;
        } else { return; }
        found[feature.geometry.type === "Point" ? "point" : "shape"] = feature;
      });
    });
    function ordered(table, before) { return Object.keys(table).map(function (key) { return table[key]; }).sort(before); }
    var all = ordered(towns, function (a, b) { return a.name < b.name ? -1 : 1; });
    all = all.concat(ordered(areas, function (a, b) { return a.rank - b.rank; }));
    all.forEach(function (entry) {
      entry.texts = entry.names.map(folded);
      entry.lies = entry.town && towns[entry.town] ? folded(towns[entry.town].name) : "";
    });
    return all;
  }

  /* 0 a whole name (or the rank), 1 the beginning of one, 2 of a word, 3 inside; 9: not found. */
  function fit(entry, wanted) {
    if (entry.rank !== undefined && String(entry.rank) === wanted) { return 0; }
    return Math.min.apply(null, entry.texts.map(function (text) {
      var at = text.indexOf(wanted);
      return at < 0 ? 9 : text === wanted ? 0 : at === 0 ? 1 : text.indexOf(" " + wanted) >= 0 ? 2 : 3;
    }));
  }

  function find(all, query) {
    var wanted = folded(query), hits;
    if (!wanted) { return []; }
    hits = all.map(function (entry) { return [fit(entry, wanted), entry]; }).filter(function (hit) { return hit[0] < 9; });
    if (!hits.length && wanted.indexOf(" ") > 0) { /* each word by itself, in the names or where the area lies */
      hits = all.filter(function (entry) {
        var said = entry.texts.concat(entry.lies).join(" ");
        return wanted.split(" ").every(function (word) { return said.indexOf(word) >= 0; });
      }).map(function (entry) { return [4, entry]; });
    }
    return hits.sort(function (a, b) { return a[0] - b[0]; }).map(function (hit) { return hit[1]; }); /* a stable sort */
  }

  /* Go to what was chosen, outline it, and of an area open what is told of it. */
  function show(map, entry, marks) {
    var look = { pane: "chosen", interactive: false, style: { color: "#1d2730", weight: 3, opacity: 0.9, fill: false } };
    var bounds = L.geoJSON(entry.shape || entry.point).getBounds(), at = bounds.getCenter();
    marks.clearLayers();
    if (entry.shape) { marks.addLayer(L.geoJSON(entry.shape, look)); }
    if (entry.point) { at = L.latLng(entry.point.geometry.coordinates[1], entry.point.geometry.coordinates[0]); }
    map.closePopup();
    map.fitBounds(bounds, { maxZoom: CLOSEST, padding: [24, 24], animate: false });
    if (entry.about) {
      L.popup({ maxWidth: 320 }).setLatLng(entry.about.c || at)
        .setContent(window.coverageMap.table(entry.about.t[0], entry.about.p)).openOn(map);
    }
  }

  function search(map, words) {
    var box = document.querySelector(".map-find"), field = box.querySelector("input");
    var list = box.querySelector("[role=listbox]"), told = box.querySelector("[role=status]");
    var all = entries(words), hits = [], active = -1, marks = L.layerGroup().addTo(map);

    function close() {
      list.hidden = true;
      active = -1;
      field.setAttribute("aria-expanded", "false");
      field.removeAttribute("aria-activedescendant");
    }

    /* What was chosen is seen on the map: only who listens needs to be told. */
    function say(text, quiet) { told.textContent = text; told.className = quiet ? "quiet" : ""; }

    function move(to) {
      active = to;
      Array.prototype.forEach.call(list.children, function (line, at) {
        line.setAttribute("aria-selected", String(at === active));
        if (at === active) {
          field.setAttribute("aria-activedescendant", line.id);
          line.scrollIntoView({ block: "nearest" });
        }
      });
    }

    function choose(at) {
      var entry = hits[at];
      if (!entry) { return; }
      field.value = entry.name;
      close();
      show(map, entry, marks);
      say(words.shown.replace("{name}", entry.name + ", " + entry.also), true);
      if (window.matchMedia("(pointer: coarse)").matches) { field.blur(); } /* the keys on the glass would hide the map */
    }

    function line(entry, at) {
      var item = document.createElement("li"), also = document.createElement("span");
      item.id = "map-hit-" + at;
      item.setAttribute("role", "option");
      item.setAttribute("aria-selected", "false");
      item.textContent = entry.name;
      also.textContent = entry.also;
      item.appendChild(also);
      /* Pressed, not clicked: the field must not lose the keyboard before. */
      item.addEventListener("mousedown", function (event) { event.preventDefault(); });
      item.addEventListener("click", function () { choose(at); });
      return item;
    }

    function offer() {
      var found = find(all, field.value);
      hits = found.slice(0, MOST);
      close();
      list.replaceChildren.apply(list, hits.map(line));
      list.hidden = !hits.length;
      field.setAttribute("aria-expanded", String(hits.length > 0));
      if (!folded(field.value)) { say(""); } else if (!hits.length) { say(words.nothing); } else {
        say((found.length > MOST ? words.first : words.found).replace("{most}", MOST).replace("{count}", found.length));
      }
    }

    field.addEventListener("input", offer);
    field.addEventListener("keydown", function (event) {
      var open = !list.hidden, last = hits.length - 1;
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (!open) { offer(); }
        if (hits.length) { move(event.key === "ArrowDown" ? (active >= last ? 0 : active + 1) : (active <= 0 ? last : active - 1)); }
      } else if (event.key === "Enter") {
        event.preventDefault();
        if (open) { choose(Math.max(active, 0)); }
      } else if (event.key === "Escape") {
        event.preventDefault();
        if (open) { close(); } else { field.value = ""; say(""); marks.clearLayers(); map.closePopup(); }
      } else if (event.key === "Tab") { close(); }
    });
    field.addEventListener("blur", close);
    map.on("popupopen popupclose", function (event) {
      L.DomUtil[event.type === "popupopen" ? "addClass" : "removeClass"](map.getContainer(), "telling");
    });
    box.hidden = false;
  }

  window.coverageMap.keep = keep;
  window.coverageMap.search = search;
  window.coverageMap.folded = folded;
})();
