// The plot of two quantities of the variants that the table shows, and the sentences below it.

class TradeOff {
  /** `page` is the explorer whose view is plotted. */
  constructor(page) {
    this.page = page;
  }

  dots() {
    const { x, y, colour, relative, hide } = this.page.view;
    return this.page.table.shown().flatMap((row) => {
      const index = this.page.indexOf.get(row);
      const variant = this.page.variants[index];
      if ([x, y].includes("accuracy") && variant.judged !== this.page.view.judged) return [];
      const [across, up] = [x, y].map((name) => (relative ? this.page.relative(variant, name) : figureOf(variant, name)));
      if (!Number.isFinite(across?.value) || !Number.isFinite(up?.value)) return [];
      const words = [[x, across], [y, up]].map(([name, figure]) => `${this.page.nameOfQuantity(variant, name)}: ${figure.words ?? this.page.inWords(variant, name)}`);
      return [{
        index, group: variant[colour], words: [`${nameOf(variant)}${this.page.several ? ` on ${variant.device}` : ""}`, ...words].map(isolated).join("\n"),
        x: across.value, xLow: across.low, xHigh: across.high, y: up.value, yLow: up.low, yHigh: up.high,
        outside: this.page.isOutside(index) || Boolean(relative && hide && !across.clear && !up.clear),
        open: this.page.standings[index] === "figure", modelled: variant.modelled && [x, y].includes("energy"), focused: index === this.page.focused,
      }];
    });
  }

  /** The title of an axis: the quantity, its unit, and whether its figures are modelled. */
  axis(name, dots) {
    const shown = dots.map((dot) => this.page.variants[dot.index]);
    const titles = new Set(shown.map((variant) => this.page.nameOfQuantity(variant, name)));
    const { words } = this.page.quantities.get(name);
    const title = titles.size === 1 ? [...titles][0] : name === "energy" ? "partly modelled energy" : words;
    const unit = this.page.view.relative ? (name === "accuracy" ? "difference" : "ratio") : name === "accuracy" ? this.page.controls.unitOf(name) : this.page.quantities.get(name).unit;
    return { title: [isolated(title), unit].filter(Boolean).join(", "), fromZero: name !== "accuracy", counts: !this.page.view.relative && ["params", "flops"].includes(name) };
  }

  /** Draw the plot anew; what changes meanwhile is drawn after that. */
  async redraw() {
    this.isStale = true;
    if (this.isDrawing) return;
    this.isDrawing = true;
    try {
      while (this.isStale) {
        this.isStale = false;
        const before = this.drawing;
        this.drawing = await this.drawn();
        before?.finalize();
      }
    } finally {
      this.isDrawing = false;
    }
  }

  /** All groups of the page, so that each keeps its colour whatever is shown. */
  groups() {
    return names(this.page.variants.map((variant) => variant[this.page.view.colour]));
  }

  drawn() {
    const { x, y, colour, relative } = this.page.view;
    const dots = this.dots();
    const without = this.page.table.shown().length - dots.length;
    const notes = [
      without && `${without} of the rows shown lack one of the two figures, so they have no dot.`,
      [x, y].includes("memory") ? "Lines are 95 % intervals; of memory, which has none, they are ± 5 %." : "Lines are 95 % intervals.",
      this.groups().length > MOST_IN_LEGEND && `There are too many for a legend (${this.groups().length}): point at a dot for its name.`,
      dots.some((dot) => dot.modelled) && "Dashed: modelled energy, not measured.",
      relative && `Relative to ${relative} on the same device. ≈ marks a difference that the intervals do not show. Accuracies are compared as if each had examples of its own; the report compares them example by example, which shows smaller differences.`,
    ];
    document.getElementById("plot-note").textContent = notes.filter(Boolean).join(" ");
    const limits = relative ? {} : Object.fromEntries([["x", x], ["y", y]].filter(([, name]) => name in this.page.limits()).map(([place, name]) => [place, this.page.limits()[name]]));
    const axes = { x: this.axis(x, dots), y: this.axis(y, dots) };
    return draw(document.getElementById("plot"), scatter(dots, { ...axes, colour, groups: this.groups(), limits }), (index) => this.page.open(index));
  }

  /** Show other states of the same dots. */
  update() {
    if (this.isDrawing) this.isStale = true;
    else this.drawing.data("dots", painted(this.dots(), this.groups())).runAsync();
  }
}
