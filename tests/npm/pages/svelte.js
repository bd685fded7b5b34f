import { mount } from "svelte";

import Page from "./Page.svelte";

const { show, hide } = mount(Page, { target: document.getElementById("app") });
globalThis.page = { show, hide };
