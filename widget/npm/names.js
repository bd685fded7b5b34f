// Made from widget/description.json by generate.mjs: change it there.

export const TAG = "doorstep-signup";
/** Options that are plain text. */
export const OPTIONS = ["token", "client", "provider", "providerServer", "providerUsername", "fields", "mode", "theme", "locale", "dir", "shadow", "returnTo", "order", "orderLocation", "orderProduct", "orderImage", "orderName"];
/** Those that are read when a form starts, and so need a new one. */
export const FIXED = ["client", "mode", "shadow"];
/** Events, without `doorstep:`. */
export const EVENTS = ["ready", "submit", "success", "error", "order", "token-needed"];
