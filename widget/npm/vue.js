// Made from widget/description.json by generate.mjs: change it there.

import { defineComponent, h, onBeforeUnmount, onMounted, ref, watch } from "vue";

import { attach } from "./attach.js";
import { EVENTS } from "./names.js";

/** The form. */
export const DoorstepSignup = defineComponent({
  name: "DoorstepSignup",
  props: {
    server: { type: String, required: true },
    pin: String,
    integrity: String,
    nonce: String,
    token: String,
    client: String,
    provider: String,
    providerServer: String,
    providerUsername: String,
    fields: String,
    mode: String,
    theme: String,
    locale: String,
    dir: String,
    shadow: String,
    returnTo: String,
    order: String,
    orderLocation: String,
    orderProduct: String,
    orderImage: String,
    orderName: String,
    values: Object,
    onCredential: Function,
  },
  emits: EVENTS,
  setup(props, { emit }) {
    const place = ref();
    let form;
    onMounted(() => (form = attach(place.value, { ...props }, emit)));
    watch(
      () => ({ ...props }),
      (now) => form?.show(now),
    );
    onBeforeUnmount(() => form?.remove());
    return () => h("div", { ref: place });
  },
});
