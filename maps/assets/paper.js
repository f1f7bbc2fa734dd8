/* For the map in one file: printed, it takes a landscape page of A4, and shows what the reader saw on the screen. */
(function () {
  "use strict";

  var LEGEND = 228, EDGE = 12; /* pixels; the legend is open on paper, see map.css */

  /* Canvases are printed without what lies below them: a picture of each stands in for it. */
  function pictures(map) {
    return Array.prototype.map.call(map.getContainer().querySelectorAll("canvas"), function (canvas) {
      var picture = document.createElement("img");
      picture.src = canvas.toDataURL();
      picture.className = canvas.className;
      picture.style.cssText = canvas.style.cssText;
      canvas.parentNode.insertBefore(picture, canvas);
      canvas.style.display = "none";
      return function () { picture.remove(); canvas.style.display = ""; };
    });
  }

  /* What of the study is in view. */
  function seen(map) {
    var view = map.getBounds(), whole = L.latLngBounds(JSON.parse(map.coverageFocus));
    if (!view.intersects(whole)) { return view; }
    return L.latLngBounds(
      [Math.max(view.getSouth(), whole.getSouth()), Math.max(view.getWest(), whole.getWest())],
      [Math.min(view.getNorth(), whole.getNorth()), Math.min(view.getEast(), whole.getEast())]
    );
  }

  /* An open popup wholly onto the page. */
  function popup(map) {
    var box = map.getContainer().querySelector(".leaflet-popup"), frame = map.getContainer().getBoundingClientRect();
    if (box) { map.panBy([0, Math.min(0, box.getBoundingClientRect().top - frame.top - EDGE)], { animate: false }); }
  }

  window.coverageMap.paper = function (map) {
    var page = document.documentElement, legend = map.getContainer().querySelector(".map-legend");
    var back = null; /* leads back to the screen */

    window.addEventListener("beforeprint", function () {
      if (back) { return; }
      var shown = seen(map), was = [map.getCenter(), map.getZoom(), map.options.zoomSnap, legend.open, legend.style.maxHeight];
      map.options.zoomSnap = 0;
      legend.open = true;
      legend.style.maxHeight = "none";
      page.classList.add("on-paper");
      map.invalidateSize({ animate: false, pan: false });
      map.fitBounds(shown, { animate: false, paddingTopLeft: [LEGEND, EDGE], paddingBottomRight: [EDGE, EDGE] });
      popup(map);
      var restored = pictures(map);
      back = function () {
        restored.forEach(function (restore) { restore(); });
        page.classList.remove("on-paper");
        legend.open = was[3];
        legend.style.maxHeight = was[4];
        map.invalidateSize({ animate: false, pan: false });
        map.options.zoomSnap = was[2];
        map.setView(was[0], was[1], { animate: false });
        back = null;
      };
    });
    window.addEventListener("afterprint", function () { if (back) { back(); } });
  };
})();
