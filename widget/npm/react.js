"use client";
// Made from widget/description.json by generate.mjs: change it there.

import { createElement, useEffect, useRef } from "react";

import { attach } from "./attach.js";

const HANDLERS = {
  ready: "onReady",
  submit: "onSubmit",
  success: "onSuccess",
  error: "onError",
  order: "onOrder",
  "token-needed": "onTokenNeeded"
};

/** The form; `className`, `style` and `id` are those of the `<div>` around it. */
export function DoorstepSignup(props) {
  const place = useRef(null);
  const form = useRef(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
    form.current?.show(props);
  });
  useEffect(() => {
    form.current = attach(place.current, latest.current, (name, event) => latest.current[HANDLERS[name]]?.(event));
    return () => {
      form.current.remove();
      form.current = null;
    };
  }, []);
  const { className, style, id } = props;
  return createElement("div", { ref: place, className, style, id });
}
