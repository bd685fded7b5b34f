// How far a page's own things are pushed about by what comes into it.

/** From the page's very beginning on. */
export const watchShifts = (context) =>
  context.addInitScript(() => {
    window.shifts = [];
    const note = (list) => {
      for (const { value, sources } of list.getEntries()) {
        const at = sources.map(({ node, previousRect, currentRect }) => {
          const name = node?.className || node?.id || node?.nodeName || '?';
          return `${name} ${previousRect.x},${previousRect.y} to ${currentRect.x},${currentRect.y}`;
        });
        shifts.push({ value, at });
      }
    };
    window.shiftsWatch = new PerformanceObserver(note);
    shiftsWatch.observe({ type: 'layout-shift', buffered: true });
    window.noteShifts = note;
  });

/** What was pushed about until now, as it is drawn. */
export const shiftsOf = (page) =>
  page.evaluate(async () => {
    for (let frame = 0; frame < 2; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
    noteShifts({ getEntries: () => shiftsWatch.takeRecords() });
    return shifts;
  });
