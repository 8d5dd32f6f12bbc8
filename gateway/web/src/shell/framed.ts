// A page within another's, as the workspace in a desktop's gadget.
//
// Who may show it is said by the settings and kept by the browser. What stands around hears that this page is shown or
// that the browser keeps no cookies here, and nothing else.

/** Whether this page stands within another's. */
export const isFramed = window.parent !== window;

/** Tells what stands around. */
export function tellFrame(what: "shown" | "no_cookies"): void {
  if (isFramed) window.parent.postMessage({ jackfield: what }, "*");
}
