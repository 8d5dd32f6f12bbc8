// The beginning of the agents' workspace.

import { render } from "preact";
import "../shell/style.css";
import "./style.css";
import { tellFrame } from "../shell/framed";
import "../shell/theme";
import { App } from "./app";

const root = document.getElementById("app");
if (root) render(<App />, root);
tellFrame("shown");
