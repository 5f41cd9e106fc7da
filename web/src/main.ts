import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import { mount } from "svelte";
import App from "./App.svelte";
import * as app from "./state/app.svelte.ts";
import * as place from "./state/place.svelte.ts";
import { preferences } from "./state/preferences.svelte.ts";
import { speak } from "./words/index.svelte.ts";

preferences.show();
place.start();
app.start();
const target = document.getElementById("app");
// No word changes before one's eyes; without its words the page is better than no page.
if (target) void speak(preferences.kept.language).finally(() => mount(App, { target }));
