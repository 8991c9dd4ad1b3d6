// What opens below a row: the sweeps of the variant, its launches, and the device.

/** The content for a variant; `drawPlots` is called once it is in the page, and what it returns when it is gone. */
function detailsOf(variant, { devices, quantities, swept, flags }) {
  const plots = [];
  const panel = (heading, ...content) => element("div", {}, element("h4", {}, heading), ...content);
  const plot = (specification) => {
    const place = element("div", { className: "plot" });
    plots.push(() => draw(place, specification));
    return place;
  };
  const remarks = [
    ...Object.entries(variant.reasons).map(([name, reason]) => `No ${quantities.find((each) => each.name === name).words}: ${reason}.`),
    ...variant.flags.map((flag) => `${flag.replaceAll("_", " ")}: ${flags[flag] ?? "explained in docs/tables.md"}.`),
  ];
  const panels = element("div", { className: "panels" });
  for (const [axis, ofAxis] of Object.entries(variant.sweeps)) {
    for (const name of swept.filter((each) => ofAxis[each])) {
      const quantity = quantities.find((each) => each.name === name);
      const title = `${quantity.words}, ${quantity.unit} (${name === "energy" && variant.modelled ? "modelled" : "measured"})`;
      const points = ofAxis[name].map(([at, value, half, words]) => ({
        at, value, ...(half !== null && { low: value / (1 + half), high: value * (1 + half) }), words: `${axis} ${at}: ${words}`,
      }));
      const measured = points.filter((point) => point.value !== null);
      panels.append(panel(`${quantity.words} against ${axis}`, ...(measured.length > 1 ? [plot(sweepPlot(measured, { axis, title }))] : []), sweepTable(axis, title, ofAxis[name])));
    }
  }
  if (!panels.children.length) panels.append(panel("Sweep", element("p", {}, "This variant was measured at the base point only.")));
  if (variant.launches.length) {
    const launches = variant.launches.map(([seconds, raw, corrected]) => ({ minutes: seconds / 60, raw, corrected: corrected ?? NaN }));
    const note = element("p", { className: "note" }, `${launches.length} launches at the base point. All launches are in results/merged/launches.csv.`);
    panels.append(panel("Launches", plot(launchPlot(launches, "ms")), note));
  }
  const facts = [["ran on", variant.ran], ...(devices[variant.device] ?? [])].filter(([, value]) => value);
  const list = element("dl", {}, ...facts.flatMap(([words, value]) => [element("dt", {}, words), element("dd", {}, element("bdi", {}, value))]));
  panels.append(panel("Device", facts.length ? list : element("p", {}, "This device has not been described.")));
  const heading = element("h3", {}, element("bdi", {}, `${variant.model} @ ${variant.runtime}`), " on ", element("bdi", {}, variant.device));
  const drawPlots = () => {
    const views = plots.map((each) => each());
    return () => views.forEach((view) => view.then((each) => each.finalize()));
  };
  const remarkList = element("ul", {}, ...remarks.map((remark) => element("li", {}, element("bdi", {}, remark))));
  return { content: element("div", {}, heading, ...(remarks.length ? [remarkList] : []), panels), drawPlots };
}

function sweepTable(axis, title, points) {
  const header = element("tr", {}, ...[axis, `${title}, with 95 % interval`].map((words) => element("th", { scope: "col" }, words)));
  const rows = points.map(([at, , , words]) => element("tr", {}, element("td", {}, String(at)), element("td", {}, words)));
  return element("table", {}, element("thead", {}, header), element("tbody", {}, ...rows));
}
