// The view: what controls, table and plot show. It lies in the address behind #, so that it can be sent.

/** What a reader sees at first: this device, and of the quantities those that most variants have and that are measured. */
function firstView({ variants, device, chosen_device, limits }) {
  const share = (name) => variants.filter((variant) => variant.figures[name]).length / variants.length;
  const measuredEnergy = variants.some((variant) => variant.figures.energy && !variant.modelled);
  const devices = names(variants.map((variant) => variant.device));
  return {
    x: "latency", y: share("accuracy") > 0.5 ? "accuracy" : measuredEnergy ? "energy" : "params", colour: "runtime",
    device: [chosen_device, device].find((name) => devices.includes(name)) ?? devices[0], judged: judgedIn(variants)[0] ?? "",
    relative: "", hide: "", filter: "", sort: "", open: "",
    ...Object.fromEntries(LIMITED.map((name) => [name, name in limits ? String(limits[name]) : ""])),
  };
}

/** By what the variants are judged, that of most variants first. */
function judgedIn(variants) {
  const groups = groupsBy(variants.filter((variant) => variant.figures.accuracy), (variant) => variant.judged);
  return groups.sort((a, b) => b.length - a.length).map((group) => group[0].judged);
}

/** The view that an address holds, on top of the `first`; names that no view has are left out. */
function viewOf(hash, first) {
  const parts = new URLSearchParams(hash.slice(1));
  return Object.fromEntries(Object.entries(first).map(([name, value]) => [name, parts.get(name) ?? value]));
}

/** The address of a view: only what differs from the `first`. Empty where nothing does. */
function hashOf(view, first) {
  const parts = new URLSearchParams(Object.entries(view).filter(([name, value]) => value !== first[name]));
  return parts.size ? `#${parts}` : "";
}

/** Whether an address holds a view and not the name of a heading. */
function isView(hash) {
  return hash.includes("=");
}

/** A view in which the first value stands for each that makes no sense, as in an address that somebody changed. */
function repaired(view, first, { quantities, variants }) {
  const figures = quantities.map((quantity) => quantity.name);
  const sorted = /^\d+ (?:ascending|descending)$/u.test(view.sort) && parseInt(view.sort, 10) < document.querySelectorAll("#variants thead th").length;
  const known = {
    x: figures.includes(view.x), y: figures.includes(view.y), colour: ["runtime", "model", "device"].includes(view.colour),
    device: !view.device || variants.some((variant) => variant.device === view.device),
    judged: judgedIn(variants).includes(view.judged), relative: variants.some((variant) => nameOf(variant) === view.relative), sort: sorted,
    ...Object.fromEntries(LIMITED.map((name) => [name, view[name] === "" || /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/u.test(view[name])])),
  };
  return { ...view, ...Object.fromEntries(Object.keys(known).filter((name) => !known[name]).map((name) => [name, first[name]])) };
}

function nameOf(variant) {
  return `${variant.model} @ ${variant.runtime}`;
}

function placeOfVariant(variant) {
  return `${nameOf(variant)} on ${variant.device}`;
}
