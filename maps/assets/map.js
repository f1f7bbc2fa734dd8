/* The map's own drawing: vector layers that are fetched by address or embedded, disc layers, a legend, notes.
   Text from data is only ever set as text, never as HTML. */
(function () {
  "use strict";

  var PANES = { land: 150, water: 152, online: 155, shade: 160, mobile: 180, served: 310, lacking: 315, areas: 320, routes: 350, discs: 400, places: 420, signs: 440, chosen: 460, names: 480 };

  var said = {}; /* words in the reader's language, given by maps/layers.py as the map begins */

  var LEGEND = 228; /* pixels that an open legend takes; see map.css */

  function pane(map, name) {
    var found = map.getPane(name), kind = name.split("-")[0]; /* of two sides each has its own: areas-left */
    if (!found) {
      found = map.createPane(name);
      found.style.zIndex = PANES[kind] || 400;
      if (kind === "places" || kind === "names" || kind === "mobile" || kind === "chosen" || kind === "discs" || kind === "online") {
        found.style.pointerEvents = "none";
      }
    }
    return name;
  }

  function panes(map) {
    Object.keys(PANES).forEach(function (name) { pane(map, name); });
  }

  function lines(texts) {
    var box = document.createElement("div");
    texts.forEach(function (text, at) {
      var line = document.createElement("div");
      if (at === 0) { line.className = "map-title"; }
      line.textContent = text;
      box.appendChild(line);
    });
    return box;
  }

  function table(title, rows) {
    var box = lines([title]);
    var body = document.createElement("table");
    rows.forEach(function (row) {
      var line = body.insertRow();
      var head = document.createElement("th");
      head.textContent = row[0];
      line.appendChild(head);
      line.insertCell().textContent = row[1];
    });
    box.appendChild(body);
    if (said.foot) {
      var foot = document.createElement("p");
      foot.textContent = said.foot;
      box.appendChild(foot);
    }
    return box;
  }

  function name(map, selector, text) {
    var button = map.getContainer().querySelector(selector);
    if (button) { button.title = text; button.setAttribute("aria-label", text); }
  }

  function note(map, text) {
    var control = L.control({ position: "topright" });
    control.onAdd = function () {
      var box = L.DomUtil.create("div", "map-note");
      box.textContent = text;
      return box;
    };
    control.addTo(map);
  }

  /* Names of shapes, largest first; a name that would touch one already written is left out at that zoom. */
  function names(map, group, labels, minZoom) {
    var layer = L.layerGroup();
    function write() {
      var taken = [];
      layer.clearLayers();
      if (map.getZoom() < minZoom) { return; }
      labels.forEach(function (label) {
        var rows = label[2].split("\n"), at = map.project([label[0], label[1]]);
        var wide = 3.4 * Math.max.apply(null, rows.map(function (row) { return row.length; })) + 4, tall = 7 * rows.length;
        var free = taken.every(function (other) {
          return Math.abs(other[0] - at.x) > other[2] + wide || Math.abs(other[1] - at.y) > other[3] + tall;
        });
        if (!free) { return; }
        taken.push([at.x, at.y, wide, tall]);
        var text = document.createElement("span");
        text.textContent = label[2];
        var icon = L.divIcon({ className: "map-name", html: text, iconSize: null });
        layer.addLayer(L.marker([label[0], label[1]], { icon: icon, pane: "names", interactive: false, keyboard: false }));
      });
    }
    group.addLayer(layer);
    map.on("zoomend", write);
    group.on("remove", function () { map.off("zoomend", write); });
    write();
  }

  /* A sign of the legend, or a circle. A click goes on to the map, which tells why. */
  function point(options, look, at) {
    if (!look.sign) { return L.circleMarker(at, { pane: options.pane, radius: look.radius || 6 }); }
    var sign = document.createElement("i");
    sign.className = "sw hub " + look.sign;
    sign.style.background = look.color;
    var icon = L.divIcon({ className: "map-sign", html: sign, iconSize: [16, 16] });
    return L.marker(at, { icon: icon, pane: options.pane, keyboard: false, bubblingMouseEvents: true });
  }

  /* A look whose fill is hatched. The pattern stands once in the page, for every map layer that names its colour. */
  function hatched(look) {
    if (!look.hatch) { return look; }
    var id = "hatch-" + look.hatch.slice(1);
    if (!document.getElementById(id)) {
      var holder = document.createElement("div");
      holder.innerHTML = '<svg width="0" height="0" style="position:absolute" aria-hidden="true"><pattern id="' + id +
        '" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M1 0v6" stroke="' +
        look.hatch + '" stroke-width="1.6"/></pattern></svg>';
      document.body.appendChild(holder);
    }
    return L.extend({}, look, { fillColor: "url(#" + id + ")", fillOpacity: 0.9 });
  }

  function draw(map, group, options, data) {
    var shapes = data.tiles ? window.coverageMap.tiled(options, "shapes") : L.geoJSON(data, {
      pane: pane(map, options.pane),
      interactive: options.interactive !== false,
      style: function (feature) { return hatched(data.styles[feature.properties.k] || data.styles[""] || {}); },
      pointToLayer: function (feature, at) { return point(options, data.styles[feature.properties.k] || {}, at); },
      onEachFeature: function (feature, layer) {
        var about = feature.properties;
        if (about.t && options.interactive !== false) {
          layer.bindTooltip(lines(about.t), { sticky: true, className: "map-tip", direction: "auto" });
        }
        if (about.p) { layer.bindPopup(function () { return table(about.t[0], about.p); }, { maxWidth: 320 }); }
        layer.on("add", function () {
          var drawn = layer.getElement && layer.getElement();
          if (drawn) { drawn.setAttribute("tabindex", "-1"); }
        });
        if (options.lift) {
          layer.on("mouseover", function () { layer.setStyle({ weight: options.lift }); });
          layer.on("mouseout", function () { shapes.resetStyle(layer); });
        }
      }
    });
    if (options.dotsBelow) {
      var dots = data.tiles ? window.coverageMap.tiled(options, "dots") : options.dotsOf ? marked(map, data, options) : L.layerGroup(data.features.map(function (feature) {
        var about = feature.properties, look = data.styles[about.k] || {};
        return L.circleMarker(about.c, {
          pane: options.pane, radius: about.r, color: look.color, weight: 1.2, dashArray: look.dashArray && "3 2",
          opacity: 2 * look.fillOpacity + 0.3, fillColor: look.fillColor, fillOpacity: look.fillOpacity + 0.3
        }).bindTooltip(lines(about.t), { className: "map-tip" });
      }));
      var turn = function (layer, on) { if (on) { group.addLayer(layer); } else { group.removeLayer(layer); } };
      var swap = function () {
        var far = map.getZoom() < options.dotsBelow;
        turn(dots, far);
        turn(shapes, !far || options.dotsOf); /* dots of one class stand beside their shapes, not in place of them */
      };
      map.on("zoomend", swap);
      group.on("remove", function () { map.off("zoomend", swap); });
      swap();
    } else if (options.minZoom) {
      var follow = function () {
        if (map.getZoom() >= options.minZoom) { group.addLayer(shapes); } else { group.removeLayer(shapes); }
      };
      map.on("zoomend", follow);
      group.on("remove", function () { map.off("zoomend", follow); });
      follow();
    } else {
      group.addLayer(shapes);
    }
    if (data.labels) { names(map, group, data.labels, data.labelZoom || 8); }
    if (options.fadeFrom) { fade(map, group, options); }
  }

  /* A dot for each shape of one class, above all else: in a wide view the shapes themselves are specks. */
  function marked(map, data, options) {
    return L.layerGroup(data.features.filter(function (feature) {
      return feature.properties.k.split("/")[0] === options.dotsOf;
    }).map(function (feature) {
      var about = feature.properties, look = data.styles[about.k] || {};
      return L.circleMarker(about.c, {
        pane: pane(map, "signs"), radius: 6, color: "#ffffff", weight: 1.5, fillColor: look.color, fillOpacity: 1
      }).bindTooltip(lines(about.t), { className: "map-tip" })
        .bindPopup(function () { return table(about.t[0], about.p); }, { maxWidth: 320 });
    }));
  }

  /* Close up, where single places are told apart, what lies below them steps back. */
  function fade(map, group, options) {
    var ground = map.getPane(options.pane);
    function follow() { ground.style.opacity = map.getZoom() >= options.fadeFrom ? 0.35 : 1; }
    map.on("zoomend", follow);
    group.on("remove", function () { map.off("zoomend", follow); });
    follow();
  }

  function vector(options) {
    if (options.url) { return window.coverageMap.fetched(options); }
    var group = L.layerGroup();
    if (options.find) { window.coverageMap.keep(options); }
    group.on("add", function () {
      panes(group._map);
      group.clearLayers();
      draw(group._map, group, options, options.data);
    });
    return group;
  }

  function failed(map, name) { note(map, said.failed.replace("{name}", name)); }

  /* Fit the view to bounds, but only when they change: what else a rerun brings leaves the reader's view alone. */
  function focus(options) {
    var group = L.layerGroup();
    group.on("add", function () {
      var map = group._map, bounds = JSON.stringify(options.bounds);
      if (map.coverageFocus !== bounds) {
        map.coverageFocus = bounds;
        var box = map.getContainer().querySelector(".map-legend");
        /* Not measured: the style sheet may still be on its way, and unstyled the legend is as wide as the map. */
        var left = box && box.open ? LEGEND : 12;
        map.fitBounds(options.bounds, { paddingTopLeft: [left, 12], paddingBottomRight: [12, 12], maxZoom: options.maxZoom, animate: false });
      }
    });
    return group;
  }

  /* Another legend, or another `section` of it, for as long as the layer is on the map: the one below comes back.
     What is told `beside` takes the place of nothing. */
  function explain(options) {
    var group = L.layerGroup(), box = null, words = null, kind = options.section || "";
    group.on("add", function () {
      box = group._map.getContainer().querySelector(".map-legend");
      if (!box) { return; }
      words = L.DomUtil.create("section", options.beside ? "stays" : kind ? "part-" + kind : "explain");
      /* In place of its section; the whole legend above what stays; what is beside all that, below the discs' words. */
      box.insertBefore(words, box.querySelector(options.beside ? ".areas" : kind ? "." + kind : ".stays"));
      words.innerHTML = options.html; /* written by maps/legends.py and maps/contrast, which escape every text */
      if (!options.beside) { box.classList.add("other" + kind); }
    });
    group.on("remove", function () {
      if (!words) { return; }
      words.remove();
      words = null;
      if (!options.beside && !box.querySelector(kind ? ".part-" + kind : ".explain")) { box.classList.remove("other" + kind); }
    });
    return group;
  }

  function legend(map, html) {
    var control = L.control({ position: "topleft" });
    control.onAdd = function () {
      var box = L.DomUtil.create("details", "map-legend");
      box.open = map.getSize().x > 520 && map.getSize().y > 440;
      box.style.maxHeight = Math.max(180, map.getSize().y - 96) + "px"; /* below the zoom buttons, to the lower edge */
      box.innerHTML = html; /* written by maps/layers.py, which escapes every text */
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    control.addTo(map);
    var mobile = control.getContainer().querySelector("[data-with=mobile]");
    if (mobile) {
      var shown = 0;
      mobile.hidden = true;
      map.on("layeradd layerremove", function (event) {
        if (event.layer instanceof L.ImageOverlay && event.layer.options.pane === "mobile") {
          shown += event.type === "layeradd" ? 1 : -1;
          mobile.hidden = shown <= 0;
        }
      });
    }
  }

  /* The map has one name and is one stop of the keyboard, however many shapes lie on it: search and tables reach those. */
  function tell(map, text) {
    [map.getContainer(), window.frameElement].filter(Boolean).forEach(function (box) {
      box.setAttribute("aria-label", text);
    });
    map.getContainer().setAttribute("role", "region");
  }

  function begin(map, credit, words) {
    said = words;
    document.documentElement.lang = said.language;
    tell(map, said.map);
    panes(map);
    name(map, ".leaflet-control-zoom-in", said.zoomIn);
    name(map, ".leaflet-control-zoom-out", said.zoomOut);
    if (window.coverageMap.hover) { window.coverageMap.hover(map, said.language); } /* not in the file that opens alone */
    map.attributionControl.setPrefix(false);
    /* What a click means depends on how far in the reader is: the zoom travels as the height of the position. */
    map.on("click", function (event) { event.latlng.alt = map.getZoom(); });
    /* Leaflet focuses the map when it is pressed. Scrolled into view then, it would move away under the pointer. */
    var frame = map.getContainer(), focus = frame.focus;
    frame.focus = function () { focus.call(frame, { preventScroll: true }); };
    map.on("layeradd", function () { name(map, ".leaflet-control-layers-toggle", said.layers); });
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    if (credit) {
      var box = document.createElement("span");
      box.textContent = credit;
      map.attributionControl.addAttribution(box.innerHTML);
    }
  }

  window.coverageMap = { lines: lines, table: table, draw: draw, failed: failed, vector: vector, focus: focus, explain: explain, legend: legend, begin: begin, panes: panes, pane: pane };
})();
