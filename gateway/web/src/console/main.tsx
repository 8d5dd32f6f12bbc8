// The console's beginning.

import { render } from "preact";
import "../shell/style.css";
import "./style.css";
import "../shell/theme";
import { App } from "./app";

const root = document.getElementById("app");
if (root) render(<App />, root);
