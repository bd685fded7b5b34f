import { createApp, defineComponent, h, ref } from "vue";
import type { JSX } from "vue/jsx-runtime";
import type { DoorstepTokenNeededEvent } from "doorstep-signup";
import { DoorstepSignup } from "doorstep-signup/vue";

const Page = defineComponent({
  props: { token: { type: String, required: true } },
  setup(props) {
    const current = ref(props.token);
    const name = ref<string>();
    const bring = async (event: DoorstepTokenNeededEvent) => {
      event.preventDefault();
      const form = event.currentTarget;
      const answer = await fetch("/panel/sign-up-token", { method: "POST" });
      if (answer.ok) current.value = await answer.text();
      else form.decline();
    };
    return () =>
      name.value
        ? h("p", `Welcome, ${name.value}.`)
        : h(DoorstepSignup, {
            server: "https://signup.example.com",
            token: current.value,
            fields: "company_name country",
            values: { email: "ada@example.com" },
            onCredential: (credential) => console.log(credential.username),
            onSuccess: ({ detail }) => (name.value = detail.user?.fname),
            onTokenNeeded: bring,
          });
  },
});

// @ts-expect-error: there is no such mode
export const wrong = () => h(DoorstepSignup, { server: "https://signup.example.com", mode: "popup" });

createApp(Page, { token: "sgn_…" }).mount("#app");

export const bare: JSX.IntrinsicElements["doorstep-signup"] = { token: "sgn_…", "value-email": "ada@example.com" };
