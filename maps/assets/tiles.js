/* How layers come from the server: whole, or as tiles where they are too large for that. And what lies under the
   pointer on any of its tiles, asked of the server once the pointer rests, and set as text only. */
(function () {
  "use strict";

  var OURS = /\/(tiles|drawn)\//, REST = 120, MOVED = 5; /* milliseconds; pixels that leave a tip where it is */

  /* Do it once the reader is as close as a layer is drawn from, if the layer is still there. */
  function near(map, group, minZoom, then) {
    var turn = group.turn = {}; /* a layer that was taken off and put back begins anew */
    function look() {
      var wanted = group._map && group.turn === turn;
      if (wanted && map.getZoom() < (minZoom || 0)) { return; }
      map.off("zoomend", look);
      if (wanted) { then(); }
    }
    map.on("zoomend", look);
    look();
  }

  var held = {}; /* what is drawn now, by what it was asked for with */

  /* A rerun takes every layer off and brings it anew, all at once. What is asked for as before stays as it is drawn. */
  function kept(options, fill) {
    var shell = L.layerGroup(), name = JSON.stringify(options), mine = null;
    function forget() { if (held[name] === mine) { delete held[name]; } }
    shell.on("add", function () {
      mine = held[name];
      if (mine && mine.leaving) {
        clearTimeout(mine.leaving);
        mine.leaving = null;
        return;
      }
      mine = held[name] = { group: L.layerGroup().addTo(shell._map), leaving: null };
      window.coverageMap.panes(shell._map);
      fill(shell._map, mine.group, forget);
    });
    shell.on("remove", function () {
      var old = mine;
      old.leaving = setTimeout(function () {
        old.group.remove();
        if (held[name] === old) { delete held[name]; }
      });
    });
    return shell;
  }

  /* A layer by its address; one that did not come is asked for again with the next rerun. */
  window.coverageMap.fetched = function (options) {
    return kept(options, function (map, group, forget) {
      new Promise(function (resolve) {
        near(map, group, options.minZoom, function () { resolve(fetch(options.url)); });
      }).then(function (answer) {
        if (!answer.ok) { throw new Error(String(answer.status)); }
        return answer.json();
      }).then(function (data) {
        if (group._map) { window.coverageMap.draw(map, group, options, data); }
      }).catch(function () {
        forget();
        window.coverageMap.failed(map, options.name);
      });
    });
  };

  window.coverageMap.tiles = function (options) {
    return kept(options, function (map, group) {
      L.tileLayer(options.url, { pane: window.coverageMap.pane(map, options.pane), minZoom: options.minZoom, maxZoom: options.maxZoom }).addTo(group);
    });
  };

  window.coverageMap.tiled = function (options, form) {
    var address = options.url.replace(/\/data\/([0-9a-f]+\/)/, "/drawn/$1").replace(/\.json$/, "/" + form + "/{z}/{x}/{y}.png");
    return L.tileLayer(address, { pane: options.pane });
  };

  /* Whether a pane is seen at a position: each side of a comparison is clipped at the divider, see swipe.js. */
  function seen(map, pane, at) {
    var side = /-(left|right)$/.exec(pane);
    return !side || (side[1] === "left") === (at.x < map.getSize().x * map.coverageShare / 100);
  }

  /* The addresses that tell of a position, the uppermost layer first. */
  function addresses(map, event, language) {
    var z = Math.round(map.getZoom()), world = map.project(event.latlng, z).floor(), found = [];
    var tile = world.divideBy(256).floor(), pixel = world.subtract(tile.multiplyBy(256));
    map.eachLayer(function (layer) {
      if (!(layer instanceof L.TileLayer) || !OURS.test(layer._url)) { return; }
      if (!seen(map, layer.options.pane, event.containerPoint)) { return; }
      var address = L.Util.template(layer._url, { z: z, x: tile.x, y: tile.y, r: "" });
      var end = "/" + [pixel.x, pixel.y, language].join("/") + ".json";
      found.push([+map.getPane(layer.options.pane).style.zIndex, address.replace(/\.png$/, end)]);
    });
    return found.sort(function (a, b) { return b[0] - a[0]; }).map(function (pair) { return pair[1]; });
  }

  window.coverageMap.hover = function (map, language) {
    var box = map.getContainer(), timer = null, asking = null, shown = null;
    var tip = L.tooltip({ className: "map-tip map-here", direction: "top", offset: [0, -6] });

    function hide() {
      clearTimeout(timer);
      if (asking) { asking.abort(); asking = null; }
      if (shown) { shown = null; map.closeTooltip(tip); box.classList.remove("has-tip"); }
    }

    function show(event, texts) {
      shown = event.containerPoint;
      map.openTooltip(tip.setLatLng(event.latlng).setContent(window.coverageMap.lines(texts)));
      box.classList.add("has-tip");
    }

    function ask(event, left) {
      if (!left.length) { return; }
      fetch(left[0], { signal: asking.signal }).then(function (answer) {
        return answer.ok ? answer.json() : [];
      }).then(function (texts) {
        if (texts.length) { show(event, texts); } else { ask(event, left.slice(1)); }
      }).catch(function () { /* the pointer has moved on, or the server is gone: nothing is told */ });
    }

    map.on("mousemove", function (event) {
      if (shown && shown.distanceTo(event.containerPoint) <= MOVED) { return; }
      hide();
      if (event.originalEvent.buttons || box.classList.contains("drawing")) { return; }
      if (event.originalEvent.target.closest(".map-sign, .leaflet-control")) { return; } /* they have words of their own */
      timer = setTimeout(function () {
        asking = new AbortController();
        ask(event, addresses(map, event, language));
      }, REST);
    });
    map.on("mouseout movestart zoomstart mousedown", hide);
  };
})();
