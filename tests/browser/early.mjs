// A form whose module is held back, and what is drawn of it.

export const MODULE = /\/assets\/doorstep-\w+\.wasm$/;

/** Holds the module back until it is let through. */
export async function hold(page) {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  await page.route(MODULE, async (route) => {
    await gate;
    await route.continue();
  });
  return { release: () => open() };
}

/** All that is drawn, where and how, but for ids and what only the early form needs. */
export const drawn = (form) =>
  form.element.evaluate((element) => {
    const say = (node) => {
      if (node.nodeType === 3) return node.data;
      if (node.nodeType !== 1 || node.localName === 'li') return [];
      const attributes = [...node.attributes]
        .map(({ name, value }) => `${name}=${value.replaceAll(/doorstep-(early-)?\d+/g, '#')}`)
        .filter((attribute) => node.name !== 'email' || !attribute.startsWith('type='))
        // An empty one says nothing; what is in an input is compared as such.
        .filter((attribute) => attribute !== 'value=' || node.localName !== 'input')
        .sort();
      const { x, y, width, height } = node.getBoundingClientRect();
      const style = getComputedStyle(node);
      const look = ['visibility', 'opacity', 'color', 'background-color', 'border-top-color', 'box-shadow', 'font', 'outline'];
      const place = node.localName === 'option' ? [] : [x, y, width, height, ...look.map((name) => style.getPropertyValue(name))];
      const held = /input|select/.test(node.localName) ? [node.value, node.checked] : [];
      return [node.localName, attributes, place, held, ...[...node.childNodes].map(say).filter((it) => it.length)];
    };
    return say((element.shadowRoot ?? element).querySelector('form'));
  });
