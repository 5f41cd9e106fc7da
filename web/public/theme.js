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
