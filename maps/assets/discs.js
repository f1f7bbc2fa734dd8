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
      map.on("zoomend", show);
      group.on("remove", function () { map.off("zoomend", show); });
      show();
    });
    return group;
  };
})();
