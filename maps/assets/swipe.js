/* A divider over the map: what lies left of it shows one side of a comparison, what lies right of it the other.
   Each side has panes of its own, which are clipped at the divider. Text is only ever set as text. */
(function () {
  "use strict";

  var KINDS = ["served", "areas", "routes", "places", "signs"]; /* panes that both sides have, see map.js */
  var SIDES = ["left", "right"];
  var STEPS = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 };
  var GAP = 12; /* pixels between the divider and what is said of its sides */
  var LEAST = 44, WHOLE = 170; /* pixels that the title takes, and all that is said */
  var BUTTONS = 54, LEGEND = 228; /* pixels at the edges that buttons take, and an open legend; see map.css */

  function element(parent, kind, name) {
    var made = L.DomUtil.create(kind, name, parent);
    L.DomEvent.disableClickPropagation(made);
    return made;
  }

  function saying(parent, side, texts) {
    var box = L.DomUtil.create("div", "map-side " + side, parent);
    texts.forEach(function (text, at) {
      var line = L.DomUtil.create("div", at === 0 ? "map-title" : "", box);
      line.textContent = text;
    });
    return box;
  }

  /* Pixels at the left edge that nothing should lie below. */
  function edge(map) {
    var legend = map.getContainer().querySelector(".map-legend");
    return legend && legend.open ? LEGEND : BUTTONS;
  }

  function begin(map, options) {
    var container = map.getContainer(), bar = element(container, "div", "map-swipe"), held = null;
    var boxes = SIDES.map(function (side) { return saying(container, side, options[side]); });
    L.DomUtil.create("i", "grip", bar);
    bar.tabIndex = 0;
    Object.entries({ role: "slider", "aria-label": options.label, "aria-valuemin": 0, "aria-valuemax": 100 })
      .forEach(function (pair) { bar.setAttribute(pair[0], pair[1]); });
    KINDS.forEach(function (kind) {
      SIDES.forEach(function (side) { window.coverageMap.pane(map, kind + "-" + side); });
    });

    function clip() {
      var size = map.getSize(), at = Math.round(size.x * map.coverageShare / 100);
      var from = map.containerPointToLayerPoint([0, 0]), to = map.containerPointToLayerPoint(size);
      var edges = { left: [from.x, from.x + at], right: [from.x + at, to.x] };
      SIDES.forEach(function (side) {
        var a = edges[side][0] + "px ", b = edges[side][1] + "px ", top = from.y + "px", low = to.y + "px";
        var shape = "polygon(" + [a + top, b + top, b + low, a + low].join(", ") + ")";
        KINDS.forEach(function (kind) { map.getPane(kind + "-" + side).style.clipPath = shape; });
      });
      var room = [at - GAP - edge(map), size.x - at - GAP - BUTTONS];
      boxes[0].style.right = size.x - at + GAP + "px";
      boxes[1].style.left = at + GAP + "px";
      boxes.forEach(function (box, side) {
        box.style.maxWidth = Math.max(room[side], 0) + "px";
        box.hidden = room[side] < LEAST;
        box.classList.toggle("brief", room[side] < WHOLE);
      });
      bar.style.left = at + "px";
      bar.setAttribute("aria-valuenow", Math.round(map.coverageShare));
      bar.setAttribute("aria-valuetext", options.value.replace("{share}", Math.round(map.coverageShare)));
    }

    function move(share) {
      map.coverageShare = Math.min(100, Math.max(0, share));
      clip();
    }

    L.DomEvent.on(bar, "keydown", function (event) {
      if (!(event.key in STEPS)) { return; }
      L.DomEvent.stop(event); /* the map would pan */
      move(map.coverageShare + STEPS[event.key] * (event.shiftKey ? 5 : 1));
    });
    bar.addEventListener("pointerdown", function (event) {
      if (event.button > 0) { return; }
      held = event.pointerId;
      bar.setPointerCapture(held);
      bar.focus({ preventScroll: true });
      L.DomEvent.stop(event);
    });
    bar.addEventListener("pointermove", function (event) {
      if (event.pointerId !== held) { return; }
      var box = container.getBoundingClientRect();
      move(100 * (event.clientX - box.left) / box.width);
    });
    ["pointerup", "pointercancel", "lostpointercapture"].forEach(function (name) {
      bar.addEventListener(name, function () { held = null; });
    });

    container.addEventListener("toggle", clip, true); /* the legend was opened or folded */
    map.on("move zoom viewreset resize", clip);
    clip();
    return function () {
      map.off("move zoom viewreset resize", clip);
      container.removeEventListener("toggle", clip, true);
      [bar].concat(boxes).forEach(function (made) { made.remove(); });
    };
  }

  /* The divider stays where the reader has put it when a rerun brings the layers anew. */
  window.coverageMap.swipe = function (options) {
    var group = L.layerGroup(), end = null;
    group.on("add", function () {
      var map = group._map;
      if (map.coverageShare === undefined) { map.coverageShare = 50 + 50 * edge(map) / map.getSize().x; }
      end = begin(map, options);
    });
    group.on("remove", function () { if (end) { end(); end = null; } });
    return group;
  };
})();
