"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(rows) {
  const made = element("table");
  for (const cells of rows) {
    const row = made.appendChild(element("tr"));
    for (const cell of cells) row.appendChild(element("td", String(cell ?? "")));
  }
  return made;
}

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

function section(title, rows) {
  if (!rows.length) return [];
  return [element("h2", title), table(rows)];
}

function call(path, method, operation, document_) {
  const made = element("details", "", "card");
  const summary = made.appendChild(element("summary"));
  summary.append(element("span", method.toUpperCase() + " " + path, "call"), " ", element("span", operation.summary, "muted"));
  const access = operation["x-scope"] ? "scope " + operation["x-scope"] : "no token (" + operation["x-exempt"] + ")";
  made.appendChild(element("p", "Needs: " + access));
  const parameters = operation.parameters.map((each) => [
    each.name, each.in, kind(each.schema), each.required ? "required" : "", each.description ?? "",
  ]);
  made.append(...section("Parameters", parameters));
  const body = operation.requestBody?.content["application/json"]?.schema;
  if (body) made.append(...section("Body", fields(body, document_)));
  for (const [status, answer] of Object.entries(operation.responses)) {
    const data = answer.content?.["application/json"]?.schema?.properties?.data;
    if (data) made.append(...section("Answer " + status, fields(data, document_)));
  }
  return made;
}

function show(document_) {
  const calls = document.getElementById("calls");
  calls.replaceChildren();
  for (const [path, operations] of Object.entries(document_.paths)) {
    for (const method of METHODS) {
      if (operations[method]) calls.append(call(path, method, operations[method], document_));
    }
  }
}

async function ask(token) {
  const trouble = document.getElementById("trouble");
  trouble.textContent = "";
  try {
    const answer = await fetch("/openapi.json", { headers: { Authorization: "Bearer " + token } });
    const document_ = await answer.json();
    if (answer.ok) show(document_);
    else trouble.textContent = document_.error.message;
  } catch {
    trouble.textContent = "lci does not answer.";
  }
}

document.getElementById("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  ask(document.getElementById("token").value.trim());
});

// Whoever is signed in to the dashboard has shown a token already (web/src/link/session.ts).
const known = sessionStorage.getItem("lci.token") ?? localStorage.getItem("lci.token");
if (known) ask(known);
