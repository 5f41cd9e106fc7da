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

// After an upgrade of lci the parts of the old page are gone; and a network that changes, as a host's does when a container
// starts, drops what is on its way. The page loads itself anew then, once in ten seconds, not in a loop.
(function () {
  var KEY = "lci.reloaded";
  var isRecent = function () {
    return Date.now() - Number(sessionStorage.getItem(KEY) || 0) < 10000;
  };
  if (isRecent()) document.documentElement.dataset.loadedAnew = "";
  var loadAnew = function (event) {
    if (isRecent()) return;
    event.preventDefault();
    sessionStorage.setItem(KEY, String(Date.now()));
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
