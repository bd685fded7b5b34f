import { mount, unmount, type ComponentProps } from "svelte";
import type { SvelteHTMLElements } from "svelte/elements";
import DoorstepSignup from "doorstep-signup/svelte";

const props: ComponentProps<typeof DoorstepSignup> = {
  server: "https://signup.example.com",
  token: "sgn_…",
  fields: "company_name country",
  values: { email: "ada@example.com" },
  onCredential: (credential) => console.log(credential.username),
  onSuccess: ({ detail }) => console.log(detail.user?.fname),
  onTokenNeeded: async (event) => {
    event.preventDefault();
    event.currentTarget.decline();
  },
};
const page = mount(DoorstepSignup, { target: document.body, props });
void unmount(page);

export const bare: SvelteHTMLElements["doorstep-signup"] = {
  token: "sgn_…",
  "value-email": "ada@example.com",
  "ondoorstep:ready": (event) => event.currentTarget.decline(),
};

// @ts-expect-error: there is no such mode
export const wrong: SvelteHTMLElements["doorstep-signup"] = { mode: "popup" };
