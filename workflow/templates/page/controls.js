// The controls above the plot: each sets a part of the view, and shows it.

const STEPS = 100; // of a slider

class Controls {
  /** `set` takes changes of the view; `ofDevices` gives the variants of the devices that a view shows. */
  constructor({ quantities, variants }, set, ofDevices) {
    this.units = new Map(quantities.map(({ name, unit }) => [name, unit]));
    this.ofDevices = ofDevices;
    const pairs = (values) => values.map((value) => [value, value]);
    const figures = quantities.map(({ name, words }) => [name, words]);
    const devices = names(variants.map((variant) => variant.device));
    this.choices = {
      x: figures, y: figures, colour: pairs(["runtime", "model", "device"]), device: [...(devices.length > 1 ? [["", "all"]] : []), ...pairs(devices)],
      judged: pairs(judgedIn(variants)),
      relative: [["", "as they are"], ...names(variants.map(nameOf)).map((name) => [name, `relative to ${name}`])],
    };
    for (const [name, choices] of Object.entries(this.choices)) {
      const select = document.getElementById(name);
      select.append(...choices.map(([value, words]) => element("option", { value }, words)));
      select.addEventListener("change", () => set({ [name]: select.value }));
    }
    document.getElementById("judged-label").hidden = this.choices.judged.length < 2;
    this.hide = document.getElementById("hide");
    this.hide.addEventListener("change", () => set({ hide: this.hide.checked ? "yes" : "" }));
    for (const name of LIMITED) {
      const slider = Object.assign(this.slider(name), { min: 0, max: STEPS, step: 1 });
      slider.addEventListener("input", () => set({ [name]: this.limitAt(name, Number(slider.value)) }));
    }
    document.getElementById("no-limits").addEventListener("click", () => set(Object.fromEntries(LIMITED.map((name) => [name, ""]))));
    document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  }

  slider(name) {
    return document.getElementById(`limit-${name}`);
  }

  show(view) {
    this.view = view;
    for (const name of Object.keys(this.choices)) document.getElementById(name).value = view[name];
    this.hide.checked = view.hide !== "";
    this.hide.disabled = !view.relative;
    for (const name of LIMITED) {
      const slider = this.slider(name);
      const range = this.range(name);
      slider.disabled = !range || range[0] === range[1];
      slider.value = this.placeOf(name);
      const open = !range ? "no figure" : range[0] === range[1] ? "all equal" : "any";
      const words = view[name] === "" ? open : `${view[name]} ${this.unitOf(name)}`.trim();
      document.getElementById(`limit-${name}-words`).textContent = words;
      slider.setAttribute("aria-valuetext", words);
    }
  }

  /** Accuracy has a unit where all metrics that are shown have the same. */
  unitOf(name) {
    if (name === "energy" && this.ofDevices().some((variant) => variant.figures.energy && variant.modelled)) return `${this.units.get(name)}, modelled`;
    if (name !== "accuracy") return this.units.get(name);
    const units = new Set(this.ofDevices().filter((variant) => variant.figures.accuracy).map((variant) => variant.unit));
    return units.size === 1 ? [...units][0] : "";
  }

  /** The smallest and the largest figure, between which a limit lies; undefined where no variant has one. */
  range(name) {
    const values = this.ofDevices().flatMap((variant) => variant.figures[name]?.[0] ?? []);
    return values.length ? [Math.min(...values), Math.max(...values)] : undefined;
  }

  /**
   * The limit at a place of the slider; empty at the end where everything is allowed. Costs go by equal factors. It is rounded so that the
   * variant at either end still meets it.
   */
  limitAt(name, place) {
    if (place === this.open(name)) return "";
    const [low, high] = this.range(name);
    const share = place / STEPS;
    if (!this.byFactors(name)) return String(roundedTo(low + (high - low) * share, high - low, name !== "accuracy"));
    const limit = low * (high / low) ** share;
    return String(roundedTo(limit, limit, true));
  }

  placeOf(name) {
    if (!this.range(name) || this.view[name] === "") return this.open(name);
    const [low, high] = this.range(name);
    const limit = Number(this.view[name]);
    const share = this.byFactors(name) ? Math.log(limit / low) / Math.log(high / low) : (limit - low) / (high - low);
    return Math.round(STEPS * Math.max(0, Math.min(1, share || 0)));
  }

  /** The place of a slider at which it limits nothing. */
  open(name) {
    return name === "accuracy" ? 0 : STEPS;
  }

  byFactors(name) {
    return name !== "accuracy" && this.range(name)[0] > 0;
  }
}
