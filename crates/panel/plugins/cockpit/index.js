// The page: a token of the user who is logged in, by the helper that alone may read the client's secret, and the form.
"use strict";

const HELPER = "/usr/local/libexec/doorstep-cockpit-token";
const status = document.getElementById("status");
const say = (text) => {
  status.textContent = text;
  status.hidden = !text;
};

/** What the helper printed: where the server is, and a token for whoever is logged in. */
const ask = async () => JSON.parse(await cockpit.spawn([HELPER], { superuser: "try", err: "message" }));

const load = (server) =>
  new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = `${server}/v1/doorstep.js`;
    tag.onload = resolve;
    tag.onerror = () => reject(new Error(`${server} did not send the form; manifest.json must allow it in content-security-policy`));
    document.head.append(tag);
  });

const start = async () => {
  const { server, token } = await ask();
  await load(server);
  const { element, update } = Doorstep.mount("#form", { token, theme: "cockpit" });
  element.addEventListener("doorstep:ready", () => say(""));
  element.addEventListener("doorstep:token-needed", async (event) => {
    // One is coming.
    event.preventDefault();
    try {
      update({ token: (await ask()).token });
    } catch (error) {
      element.decline();
      say(error.message);
    }
  });
};

start().catch((error) => say(`The form cannot be shown: ${error.message}`));
