// What a page needs before its own scripts come, and where they do not.

// Before the first paint, so that no page flashes in the other theme.
(function () {
  try {
    var chosen = JSON.parse(localStorage.getItem("lci.preferences") || "{}");
    if (chosen.theme === "light" || chosen.theme === "dark") document.documentElement.dataset.theme = chosen.theme;
    if (chosen.language) document.documentElement.lang = chosen.language;
  } catch {
    // Without storage the system's theme it is.
  }
})();

// After an upgrade of lci the parts of the old page are gone; and a network that changes, as a host's does whenever a
// container starts, drops what is on its way. The page loads itself anew then: three times in ten seconds, not in a loop.
(function () {
  var KEY = "lci.loadedAnew";
  // When this tab has done so.
  var recent = function () {
    return JSON.parse(sessionStorage.getItem(KEY) || "[]").filter(function (at) {
      return Date.now() - at < 10000;
    });
  };
  if (recent().length > 0) document.documentElement.dataset.loadedAnew = "";
  var loadAnew = function (event) {
    var times = recent();
    if (times.length >= 3) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, JSON.stringify(times.concat(Date.now())));
    location.reload();
  };
  addEventListener("vite:preloadError", loadAnew);
  // What a script or a sheet of styles of the page itself says does not bubble.
  addEventListener(
    "error",
    function (event) {
      var part = event.target;
      if (part instanceof HTMLScriptElement || (part instanceof HTMLLinkElement && part.rel !== "icon")) loadAnew(event);
    },
    true,
  );
})();
