// Nothing happens when this is imported: no tag, no request, no document is touched.
export { loadDoorstep } from "./load.js";
