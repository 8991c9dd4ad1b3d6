// The part of the page to explore: controls, table of the variants, plot and address show one view.

class Explorer {
  /** `text` is the page's data as JSON. */
  constructor(text) {
    this.data = JSON.parse(text);
    this.quantities = new Map(this.data.quantities.map((quantity) => [quantity.name, quantity]));
    this.variants = this.data.variants;
    this.several = new Set(this.variants.map((variant) => variant.device)).size > 1;
    this.table = new LiveTable(document.getElementById("variants"), {
      allows: (row) => this.onDevice(this.variants[this.indexOf.get(row)]),
      changed: () => this.set({ filter: this.table.words, sort: this.table.sorted }),
    });
    this.rows = [...this.table.rows]; // in the order of the variants, however the table is sorted
    this.indexOf = new Map(this.rows.map((row, index) => [row, index]));
    this.firstFigure = this.table.headers.length - 1 - this.quantities.size; // its column; variant and device come before it
    this.absolute = this.rows.map((row) => this.data.quantities.map((_, place) => this.cell(row, place).firstChild.textContent.trim()));
    this.focused = -1;
    this.first = firstView(this.data);
    this.view = repaired(viewOf(isView(location.hash) ? location.hash : "", this.first), this.first, this.data);
    this.controls = new Controls(this.data, (changes) => this.set(changes), () => this.variants.filter((variant) => this.onDevice(variant)));
    this.table.addTools(
      action("Download the data", () => download("joulesweep.json", text)),
      action("Download the citation", () => download("citation.txt", document.querySelector("#to-cite ~ pre")?.textContent ?? "")),
    );
    this.addKeys();
    addEventListener("hashchange", () => {
      if (location.hash && !isView(location.hash)) return; // a heading
      this.view = repaired(viewOf(location.hash, this.first), this.first, this.data);
      this.show();
    });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    this.show();
  }

  onDevice(variant) {
    return !this.view.device || variant.device === this.view.device;
  }

  cell(row, place) {
    return row.cells[this.firstFigure + place];
  }

  limits() {
    return Object.fromEntries(LIMITED.filter((name) => this.view[name] !== "").map((name) => [name, Number(this.view[name])]));
  }

  /** Change the view, and the address with it. */
  set(changes) {
    Object.assign(this.view, changes);
    history.replaceState(null, "", hashOf(this.view, this.first) || location.pathname + location.search);
    if (Object.keys(changes).every((name) => LIMITED.includes(name))) this.showLimits();
    else this.show();
  }

  show() {
    this.controls.show(this.view);
    this.showFigures();
    this.table.input.value = this.view.filter;
    this.table.filter(this.view.filter, false);
    const [column, direction] = this.view.sort.split(" ");
    if (this.view.sort && this.table.sorted !== this.view.sort) this.table.sortBy(Number(column), direction, false);
    this.showOpen();
    this.showStandings();
    this.showFocus();
    this.redraw();
  }

  showLimits() {
    this.controls.show(this.view);
    this.showStandings();
    this.refresh();
  }

  // Figures, as they are or relative to a variant on the same device

  relative(variant, name) {
    const reference = this.variants.find((other) => other.device === variant.device && nameOf(other) === this.view.relative);
    return relativeFigure(variant, reference, name);
  }

  showFigures() {
    const { relative, hide } = this.view;
    if (!relative && !this.wasRelative) return;
    this.wasRelative = relative !== "";
    this.rows.forEach((row, index) => this.data.quantities.forEach(({ name }, place) => {
      const variant = this.variants[index];
      const figure = relative && variant.figures[name] ? this.relative(variant, name) ?? { words: "–", clear: true } : undefined;
      const cell = this.cell(row, place);
      cell.firstChild.textContent = `${figure ? marked(figure, hide) : this.absolute[index][place]} `;
      cell.classList.toggle("unclear", figure?.clear === false);
    }));
    for (const unit of this.table.table.querySelectorAll(".unit")) {
      unit.dataset.absolute ??= unit.textContent;
      unit.textContent = relative ? (unit.dataset.quantity === "accuracy" ? ", difference" : ", ratio") : unit.dataset.absolute;
    }
  }

  /** A figure as it is, with its unit, as the table shows it at first. */
  inWords(variant, name) {
    const words = this.absolute[this.variants.indexOf(variant)][[...this.quantities.keys()].indexOf(name)];
    const { unit } = this.quantities.get(name);
    return unit ? words.replace(/^[\d.]+/u, `$& ${unit}`) : words;
  }

  /** The name of a quantity of a variant: accuracy by its metric and data, modelled energy as such. */
  nameOfQuantity(variant, name) {
    if (name === "accuracy") return variant.judged;
    return name === "energy" && variant.modelled ? "modelled energy" : this.quantities.get(name).words;
  }

  // Limits and the variant to take

  showStandings() {
    const limits = this.limits();
    const limited = Object.keys(limits).length > 0;
    this.standings = this.variants.map((variant) => (limited ? standing(variant, limits) : "sure"));
    const shown = this.table.shown().map((row) => this.variants[this.indexOf.get(row)]);
    const decisions = limited ? groupsBy(shown, (variant) => variant.device).map((variants) => ({ variants, picks: choose(variants, limits) })) : [];
    const winners = new Set(decisions.flatMap(({ picks }) => picks.map((pick) => pick.variant)));
    this.rows.forEach((row, index) => {
      row.classList.toggle("outside", this.isOutside(index));
      row.classList.toggle("winner", winners.has(this.variants[index]));
    });
    const figure = (variant, name) => `${this.nameOfQuantity(variant, name)} ${this.inWords(variant, name)}`;
    const words = limited
      ? winnerWords(decisions, limits, figure)
      : ["Set a limit, and the variant to take is named here: the most accurate that meets every limit with its whole intervals."];
    document.getElementById("winner").replaceChildren(...words);
  }

  isOutside(index) {
    return ["outside", "unknown"].includes(this.standings[index]);
  }

  // The plot

  dots() {
    const { x, y, colour, relative, hide } = this.view;
    return this.table.shown().flatMap((row) => {
      const index = this.indexOf.get(row);
      const variant = this.variants[index];
      const [across, up] = [x, y].map((name) => (relative ? this.relative(variant, name) : figureOf(variant, name)));
      if (!Number.isFinite(across?.value) || !Number.isFinite(up?.value)) return [];
      const words = [x, y].map((name) => `${this.nameOfQuantity(variant, name)}: ${relative ? this.relative(variant, name).words : this.inWords(variant, name)}`);
      return [{
        index, group: variant[colour], words: [`${nameOf(variant)}${this.several ? ` on ${variant.device}` : ""}`, ...words].join("\n"),
        x: across.value, xLow: across.low, xHigh: across.high, y: up.value, yLow: up.low, yHigh: up.high,
        outside: this.isOutside(index) || Boolean(relative && hide && !across.clear && !up.clear),
        open: this.standings[index] === "figure", modelled: variant.modelled && [x, y].includes("energy"), focused: index === this.focused,
      }];
    });
  }

  /** The title of an axis: the quantity, its unit, and whether its figures are modelled. */
  axis(name, dots) {
    const shown = dots.map((dot) => this.variants[dot.index]);
    const titles = new Set(shown.map((variant) => this.nameOfQuantity(variant, name)));
    const { words } = this.quantities.get(name);
    const title = titles.size === 1 ? [...titles][0] : name === "energy" ? "partly modelled energy" : words;
    const unit = this.view.relative ? (name === "accuracy" ? "difference" : "ratio") : this.controls.unitOf(name);
    return { title: [title, unit].filter(Boolean).join(", "), fromZero: name !== "accuracy", counts: !this.view.relative && ["params", "flops"].includes(name) };
  }

  /** Draw the plot anew; what changes meanwhile is drawn after that. */
  async redraw() {
    this.isStale = true;
    if (this.isDrawing) return;
    this.isDrawing = true;
    while (this.isStale) {
      this.isStale = false;
      const before = this.plot;
      this.plot = await this.drawn();
      before?.finalize();
    }
    this.isDrawing = false;
  }

  drawn() {
    const { x, y, colour, relative } = this.view;
    const dots = this.dots();
    const without = this.table.shown().length - dots.length;
    const notes = [
      without && `${without} of the rows shown lack one of the two figures, so they have no dot.`, "Lines are 95 % intervals.",
      dots.some((dot) => dot.modelled) && "Dashed: modelled energy, not measured.",
      relative && `Relative to ${relative} on the same device. ≈ marks a difference that the intervals do not show.`,
    ];
    document.getElementById("plot-note").textContent = notes.filter(Boolean).join(" ");
    const limits = relative ? {} : Object.fromEntries([["x", x], ["y", y]].filter(([, name]) => name in this.limits()).map(([place, name]) => [place, this.limits()[name]]));
    const axes = { x: this.axis(x, dots), y: this.axis(y, dots) };
    return draw(document.getElementById("plot"), scatter(dots, { ...axes, colour, limits }), (index) => this.open(index));
  }

  /** Show other states of the same dots. A limit on a quantity of the plot moves its line, which takes a new plot. */
  refresh() {
    const moves = !this.view.relative && [this.view.x, this.view.y].some((name) => LIMITED.includes(name));
    if (moves) this.redraw();
    else this.update();
  }

  update() {
    if (this.isDrawing) this.isStale = true;
    else this.plot.data("dots", painted(this.dots())).runAsync();
  }

  // Rows: keys, focus, and what opens below them

  addKeys() {
    this.table.table.classList.add("live");
    this.rows.forEach((row, index) => {
      row.addEventListener("focus", () => this.focus(index));
      row.addEventListener("click", () => { if (!String(getSelection())) this.toggle(index); });
    });
    this.table.body.addEventListener("keydown", (event) => {
      if (!this.indexOf.has(event.target)) return;
      const shown = this.table.shown();
      const place = shown.indexOf(event.target);
      const goal = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: shown.length - 1 }[event.key];
      if (goal !== undefined) shown[Math.max(0, Math.min(shown.length - 1, goal))].focus();
      else if (event.key === "Enter") this.toggle(this.indexOf.get(event.target));
      else if (event.key === "Escape") this.set({ open: "" });
      else return;
      event.preventDefault();
    });
  }

  focus(index) {
    if (index === this.focused) return;
    this.focused = index;
    this.showFocus();
    this.update();
  }

  /** One row can be reached with Tab; the arrow keys go on from there. */
  showFocus() {
    const shown = this.table.shown();
    const current = shown.includes(this.rows[this.focused]) ? this.rows[this.focused] : shown[0];
    this.rows.forEach((row, index) => {
      row.tabIndex = row === current ? 0 : -1;
      row.classList.toggle("current", index === this.focused);
    });
  }

  toggle(index) {
    if (this.view.open === placeOfVariant(this.variants[index])) this.set({ open: "" });
    else this.open(index);
  }

  open(index) {
    this.set({ open: placeOfVariant(this.variants[index]) });
    this.rows[index].focus();
  }

  showOpen() {
    this.details?.remove();
    this.closeDetails?.();
    const index = this.variants.findIndex((variant) => placeOfVariant(variant) === this.view.open);
    if (index < 0 || this.rows[index].hidden) return;
    const { content, drawPlots } = detailsOf(this.variants[index], this.data);
    this.details = element("tr", { className: "details" }, element("td", { colSpan: this.table.headers.length }, content));
    this.rows[index].after(this.details);
    this.closeDetails = drawPlots();
  }
}
