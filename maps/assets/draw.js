/* Draw an area: its corners are clicked on the map, and the polygon goes to the page under the name that Leaflet.draw
   gives it. Enter closes it, Escape cancels, Backspace takes a corner back, the space bar sets one in the middle. */
(function () {
  "use strict";

  var NEAR = 14; /* pixels: this close to a corner, that corner is meant */
  var LOOK = { pane: "chosen", interactive: false, color: "#0b6b66", weight: 2.5, fillOpacity: 0.1 };
  var CORNER = Object.assign({}, LOOK, { fillColor: "#ffffff", fillOpacity: 1, weight: 2 });
  var OPEN = Object.assign({}, LOOK, { weight: 1.5, dashArray: "5 4" });

  function side(a, b, c) { return (b.lng - a.lng) * (c.lat - a.lat) - (b.lat - a.lat) * (c.lng - a.lng); }

  /* Whether an edge from the last corner to a point leaves the edges alone that it does not follow on. */
  function free(corners, to, closing) {
    var from = corners[corners.length - 1];
    return corners.slice(0, -1).every(function (a, at) {
      var b = corners[at + 1];
      if (at + 2 === corners.length || (closing && at === 0)) { return true; }
      return side(a, b, from) * side(a, b, to) > 0 || side(from, to, a) * side(from, to, b) > 0;
    });
  }

  function drawing(map, words) {
    var box = map.getContainer(), lines = L.layerGroup().addTo(map), control = L.control({ position: "topright" });
    var corners = null, pointer = null, closed = 0, button, said;
    function near(a, b) { return map.latLngToContainerPoint(a).distanceTo(map.latLngToContainerPoint(b)) <= NEAR; }

    function show(text) {
      said.textContent = text;
      said.hidden = !text;
      lines.clearLayers();
      if (!corners) { return; }
      L.polygon(corners.concat(pointer || []), OPEN).addTo(lines);
      L.polyline(corners, LOOK).addTo(lines);
      corners.forEach(function (corner, at) { L.circleMarker(corner, CORNER).setRadius(at ? 4 : 6).addTo(lines); });
    }

    function turn(on) {
      corners = on ? [] : null;
      pointer = null;
      box.classList.toggle("drawing", on);
      button.textContent = on ? words.cancel : words.draw;
      button.setAttribute("aria-pressed", String(on));
      show(on ? words.begin : "");
    }

    function close() {
      if (corners.length < 3) { return show(words.begin); }
      if (!free(corners, corners[0], true)) { return show(words.crossing); }
      var shape = L.polygon(corners, LOOK);
      shape.feature = { type: "Feature", properties: { drawn: Date.now() } };
      turn(false);
      closed = Date.now();
      if (map.coverageDrawn) { map.coverageDrawn.remove(); }
      map.coverageDrawn = shape.addTo(map); /* until the page sends it back */
      map.fire("draw:created", { layer: shape, layerType: "polygon" });
    }

    function put(at) {
      var last = corners[corners.length - 1];
      if (corners.length > 2 && (near(at, corners[0]) || near(at, last))) { return close(); }
      if (last && near(at, last)) { return; } /* the second click of two */
      if (last && !free(corners, at, false)) { return show(words.crossing); }
      corners.push(at);
      pointer = null;
      show(corners.length < 3 ? words.begin : words.end);
    }

    /* Before the map hears of it: a corner is no click that asks why, nor is the second of two that closed. */
    function click(event) {
      if (!corners && Date.now() - closed > 500 || event.target.closest(".leaflet-control-container")) { return; }
      event.stopImmediatePropagation();
      event.preventDefault();
      if (corners && event.type === "click" && !map.dragging.moved()) { put(map.mouseEventToLatLng(event)); }
    }

    function key(event) {
      if (!corners || (event.target === button && event.key !== "Escape")) { return; }
      if (event.key === "Enter") { close(); }
      else if (event.key === "Escape") { turn(false); button.focus(); }
      else if (event.key === "Backspace") { corners.pop(); show(words.begin); }
      else if (event.key === " ") { put(map.getCenter()); }
      else { return; }
      event.stopImmediatePropagation();
      event.preventDefault();
    }

    control.onAdd = function () {
      var bar = L.DomUtil.create("div", "map-draw");
      button = Object.assign(L.DomUtil.create("button", "", bar), { type: "button", title: words.about });
      said = L.DomUtil.create("div", "map-note", bar);
      said.setAttribute("role", "status");
      L.DomEvent.disableClickPropagation(bar);
      button.addEventListener("click", function (event) {
        turn(!corners);
        box.classList.toggle("by-keys", Boolean(corners) && event.detail === 0); /* then the middle is marked */
        if (corners) { box.focus({ preventScroll: true }); }
      });
      return bar;
    };
    control.addTo(map);
    turn(false);
    ["click", "dblclick"].forEach(function (name) { box.addEventListener(name, click, true); });
    box.addEventListener("keydown", key, true);
    map.on("mousemove", function (event) {
      if (corners && corners.length) { pointer = event.latlng; show(said.textContent); }
    });
  }

  /* What was drawn, as the page has it. */
  function drawn(options) {
    var group = L.layerGroup([L.polygon(options.ring, LOOK)]);
    group.on("add", function () {
      if (group._map.coverageDrawn) { group._map.coverageDrawn = group._map.coverageDrawn.remove() && null; }
    });
    return group;
  }

  Object.assign(window.coverageMap, { drawing: drawing, drawn: drawn });
})();
