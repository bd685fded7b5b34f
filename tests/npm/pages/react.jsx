import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { DoorstepSignup } from "doorstep-signup/react";

const root = createRoot(document.getElementById("app"));

globalThis.page = {
  show: (props) => root.render(<StrictMode><DoorstepSignup {...props} className="card" /></StrictMode>),
  hide: () => root.render(null),
};
