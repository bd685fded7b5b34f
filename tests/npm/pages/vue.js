import { createApp, h, shallowRef } from "vue";
import { DoorstepSignup } from "doorstep-signup/vue";

const props = shallowRef(null);
createApp({ render: () => (props.value ? h(DoorstepSignup, props.value) : null) }).mount("#app");

globalThis.page = {
  show: (now) => (props.value = now),
  hide: () => (props.value = null),
};
