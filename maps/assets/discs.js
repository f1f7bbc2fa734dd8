/* Places added up to discs, embedded: for the map in one file, which has no server to draw tiles. */
(function () {
  "use strict";

  window.coverageMap.discs = function (options) {
    var group = L.layerGroup();
    group.on("add", function () {
      var map = group._map, shown = null, canvas = null;
      window.coverageMap.panes(map);
      canvas = L.canvas({ pane: window.coverageMap.pane(map, "discs"), padding: 0.3 });
      function show() {
        var zooms = Object.keys(options.levels).map(Number);
        var zoom = Math.max(Math.min.apply(null, zooms), Math.min(Math.floor(map.getZoom()), Math.max.apply(null, zooms)));
        if (zoom === shown) { return; }
        shown = zoom;
        group.clearLayers();
        options.levels[zoom].forEach(function (row) {
          var kind = options.classes[row[3]];
          L.circleMarker([row[0], row[1]], {
            renderer: canvas, pane: "discs", radius: Math.min(8, 1.6 + 0.6 * Math.log2(1 + row[2])),
            color: "#ffffff", weight: 0.8, fillColor: kind.colour, fillOpacity: 0.92, interactive: false
          }).addTo(group);
        });
      }
      /* What is pressed beside every shape may be a disc: the canvas takes no clicks, it lies above the areas. */
      function tell(event) {
        var best = null, near = 10;
        options.levels[shown].forEach(function (row) {
          var off = map.latLngToLayerPoint([row[0], row[1]]).distanceTo(event.layerPoint);
          if (off < near) { near = off; best = row; }
        });
        if (!best) { return; }
        var count = (Math.round(10 * best[2]) / 10).toLocaleString(document.documentElement.lang);
        L.popup().setLatLng([best[0], best[1]])
          .setContent(window.coverageMap.lines([options.name + ": " + count, options.classes[best[3]].label])).openOn(map);
      }
      map.on("zoomend", show);
      map.on("click", tell);
      group.on("remove", function () { map.off("zoomend", show); map.off("click", tell); });
      show();
    });
    return group;
  };
})();
