"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const TOKEN = "Authorization: Bearer $LCI_TOKEN";

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// --- what a schema says

function resolved(schema, document_) {
  const name = schema?.$ref?.split("/").pop();
  return name ? document_.components.schemas[name] : schema;
}

function kind(schema) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.enum) return schema.enum.join(" · ");
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.type === "array") return "list of " + kind(schema.items ?? {});
  return schema.type ?? "any";
}

function fields(schema, document_) {
  const shape = resolved(schema, document_);
  const required = new Set(shape?.required ?? []);
  return Object.entries(shape?.properties ?? {}).map(([name, field]) => [
    name, kind(field), required.has(name) ? "required" : "", field.description ?? "",
  ]);
}

/** A value that a field could hold. */
function example(schema, document_) {
  const shape = resolved(schema, document_) ?? {};
  if (shape.default !== undefined && shape.default !== null) return shape.default;
  if (shape.enum) return shape.enum[0];
  if (shape.anyOf) return example(shape.anyOf[0], document_);
  if (shape.type === "array") return [];
  if (shape.type === "object") return shape.properties ? exampleBody(shape, document_) : {};
  if (shape.type === "integer" || shape.type === "number") return shape.minimum ?? 1;
  return shape.type === "boolean" ? true : "…";
}

/** The fields that have to be given; where none has to, the first. */
function exampleBody(schema, document_) {
  const shape = resolved(schema, document_);
  const names = shape.required ?? Object.keys(shape.properties ?? {}).slice(0, 1);
  return Object.fromEntries(names.map((name) => [name, example(shape.properties[name], document_)]));
}

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function curl(path, method, operation, document_) {
  const address = path.replace(/\{(\w+)\}/g, (_, name) => name.toUpperCase());
  const query = operation.parameters
    .filter((each) => each.in === "query" && each.required)
    .map((each) => each.name + "=" + encodeURIComponent(String(example(each.schema, document_))));
  const parts = ["curl"];
  if (method !== "get") parts.push("-X " + method.toUpperCase());
  if (operation["x-scope"]) parts.push("-H " + '"' + TOKEN + '"');
  const body = operation.requestBody?.content["application/json"]?.schema;
  if (body) parts.push("--json " + quoted(JSON.stringify(exampleBody(body, document_))));
  parts.push(quoted(location.origin + address + (query.length ? "?" + query.join("&") : "")));
  return parts.join(" \\\n  ");
}

// --- what is shown

function table(columns, rows) {
  const made = element("table");
  const head = made.appendChild(element("thead")).appendChild(element("tr"));
  for (const column of columns) head.append(element("th", column, { scope: "col" }));
  const body = made.appendChild(element("tbody"));
  for (const cells of rows) {
    const row = body.appendChild(element("tr"));
    for (const cell of cells) row.append(element("td", String(cell ?? "")));
  }
  const place = element("div", "", { class: "table", role: "region", tabindex: "0" });
  place.append(made);
  return place;
}

function section(title, columns, rows) {
  if (!rows.length) return [];
  const shown = table(columns, rows);
  shown.setAttribute("aria-label", title);
  return [element("h3", title), shown];
}

function sample(line, what) {
  const made = element("div", "", { class: "sample" });
  made.append(element("pre", line, { tabindex: "0" }));
  const copy = made.appendChild(element("button", "Copy", { type: "button", "aria-label": "Copy the command for " + what }));
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line);
    copy.textContent = "Copied";
  });
  return made;
}

function call(path, method, operation, document_) {
  const what = method.toUpperCase() + " " + path;
  const made = element("details", "", { class: "card" });
  const summary = made.appendChild(element("summary"));
  summary.append(element("span", what, { class: "call" }), " ", element("span", operation.summary, { class: "muted" }));
  const access = operation["x-scope"] ? "scope " + operation["x-scope"] : "no token (" + operation["x-exempt"] + ")";
  made.append(element("p", "Needs: " + access), sample(curl(path, method, operation, document_), what));
  const parameters = operation.parameters.map((each) => [
    each.name, each.in, kind(each.schema), each.required ? "required" : "", each.description ?? "",
  ]);
  const columns = ["Field", "Kind", "Required", "Meaning"];
  made.append(...section("Parameters", ["Name", "In", "Kind", "Required", "Meaning"], parameters));
  const body = operation.requestBody?.content["application/json"]?.schema;
  if (body) made.append(...section("Body", columns, fields(body, document_)));
  for (const [status, answer] of Object.entries(operation.responses)) {
    const data = answer.content?.["application/json"]?.schema?.properties?.data;
    if (data) made.append(...section("Answer " + status, columns, fields(data, document_)));
  }
  const place = element("div", "", { class: "entry", id: operation.operationId });
  place.append(made, element("a", "#", { href: "#" + operation.operationId, "aria-label": "Link to " + what }));
  place.dataset.text = (what + " " + operation.summary).toLowerCase();
  return place;
}

function show(document_) {
  const groups = new Map();
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const method of METHODS.filter((each) => operations[each])) {
      const operation = operations[method];
      const tag = operation.tags?.[0] ?? "other";
      if (!groups.has(tag)) groups.set(tag, element("section"));
      const group = groups.get(tag);
      if (!group.firstChild) group.append(element("h2", tag));
      group.append(call(path, method, operation, document_));
    }
  }
  document.getElementById("calls").replaceChildren(...groups.values());
  document.getElementById("ask").hidden = true;
  document.getElementById("find").hidden = false;
  filter();
  follow();
}

/** Leave only the calls that hold every word. */
function filter() {
  const words = document.getElementById("filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const group of document.querySelectorAll("#calls section")) {
    const entries = [...group.querySelectorAll(".entry")];
    for (const entry of entries) entry.hidden = !words.every((word) => entry.dataset.text.includes(word));
    const left = entries.filter((entry) => !entry.hidden).length;
    group.hidden = left === 0;
    count += left;
  }
  document.getElementById("count").textContent = count === 1 ? "1 call" : count + " calls";
}

/** Open the call that the address names. */
function follow() {
  const entry = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!entry?.classList.contains("entry")) return;
  if (entry.hidden) {
    document.getElementById("filter").value = "";
    filter();
  }
  entry.querySelector("details").open = true;
  entry.scrollIntoView();
  entry.querySelector("summary").focus({ preventScroll: true });
}

/** Ask by a token; without one, by the cookie of whoever is signed in. */
async function ask(token) {
  const trouble = document.getElementById("trouble");
  trouble.textContent = "";
  let answer, document_;
  try {
    answer = await fetch("/openapi.json", { headers: token ? { Authorization: "Bearer " + token } : {} });
    document_ = await answer.json();
  } catch {
    trouble.textContent = "lci does not answer.";
    return;
  }
  if (answer.ok) show(document_);
  else {
    document.getElementById("ask").hidden = false;
    if (token) trouble.textContent = document_.error.message;
  }
}

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(document.getElementById("token").value.trim());
});
document.getElementById("filter").addEventListener("input", filter);
addEventListener("hashchange", follow);

// Whoever is here by a token has shown it to the dashboard already (web/src/link/session.ts).
ask(sessionStorage.getItem("lci.token") ?? localStorage.getItem("lci.token"));
