// The console's beginning.

import { render } from "preact";
import "./style.css";
import "./theme";
import { App } from "./app";

const root = document.getElementById("app");
if (root) render(<App />, root);
