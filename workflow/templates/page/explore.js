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
      numberIn: (row, column) => this.numberIn(row, column),
    });
    this.rows = this.table.original; // in the order of the variants, however the table is sorted
    this.byPlace = new Map(this.variants.map((variant) => [placeOfVariant(variant), variant]));
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
    this.plot = new TradeOff(this);
    this.addKeys();
    addEventListener("hashchange", () => {
      if (location.hash && !isView(location.hash)) return; // a heading
      this.view = repaired(viewOf(location.hash, this.first), this.first, this.data);
      this.show();
    });
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

  /** Change the view, and a moment later the address: browsers allow few changes of it per second. */
  set(changes) {
    Object.assign(this.view, changes);
    clearTimeout(this.addressing);
    this.addressing = setTimeout(() => history.replaceState(null, "", hashOf(this.view, this.first) || location.pathname + location.search), 200);
    if (Object.keys(changes).every((name) => LIMITED.includes(name))) this.showLimits(Object.keys(changes));
    else this.show();
  }

  show() {
    this.controls.show(this.view);
    this.showFigures();
    this.table.input.value = this.view.filter;
    this.table.filter(this.view.filter, false);
    const [column, direction] = this.view.sort.split(" ");
    if (direction) this.table.sortBy(Number(column), direction, false);
    else if (this.table.sorted) this.table.unsort();
    this.showOpen();
    this.showStandings();
    this.showFocus();
    this.plot.redraw();
  }

  /** Show other limits on these quantities. That of one in the plot moves a line, which takes a new plot. */
  showLimits(names) {
    this.controls.show(this.view);
    this.showStandings();
    if (!this.view.relative && [this.view.x, this.view.y].some((name) => names.includes(name))) this.plot.redraw();
    else this.plot.update();
  }

  // Figures, as they are or relative to a variant on the same device

  relative(variant, name) {
    return relativeFigure(variant, this.byPlace.get(`${this.view.relative} on ${variant.device}`), name);
  }

  /** The figure in a cell, which its words do not tell where the intervals show no difference; undefined for other cells. */
  numberIn(row, column) {
    const name = this.data.quantities[column - this.firstFigure]?.name;
    const variant = this.variants[this.indexOf.get(row)];
    if (!name || !variant.figures[name]) return undefined;
    return this.view.relative ? this.relative(variant, name)?.value : variant.figures[name][0];
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
    this.plot.update();
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
    document.getElementById("said").textContent = "";
    const index = this.variants.findIndex((variant) => placeOfVariant(variant) === this.view.open);
    if (index < 0 || this.rows[index].hidden) return;
    const { content, drawPlots } = detailsOf(this.variants[index], this.data);
    this.details = element("tr", { className: "details" }, element("td", { colSpan: this.table.headers.length }, content));
    this.rows[index].after(this.details);
    this.closeDetails = drawPlots();
    document.getElementById("said").textContent = `Below the row: ${this.view.open}`;
  }
}
